package engine

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
	"kmv/translator"
)

// load splits the address space of a thread that has just executed a program and has run nothing of it: what the kernel
// mapped is moved into the native half (design: "split once, at exec"), kmv's own memory is mapped, and the thread is
// left ready to enter its first native instruction, with Rip native.
func (e *engine) load(t *thread) error {
	p := t.p
	if err := e.openMemory(p, t.pid); err != nil {
		return err
	}
	areas, err := readMaps(t.pid)
	if err != nil {
		return err
	}
	if err := ptrace.GetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	if t.regs.Cs != userCode64 {
		return &StartError{p.exe, fmt.Errorf("not a 64-bit x86 program: %w", unix.ENOEXEC)}
	}
	l := &loader{e: e, t: t, p: p, areas: areas}
	p.heap.init(p)
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"map the code cache", l.boot},
		{"move the program", l.move},
		{"build the stack", l.stack},
		{"find the symbols of --mirror", l.symbols},
		{"mirror the program's data", l.twins},
		{"tell the kernel where it is", l.describe},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// userCode64 is the CS selector of 64-bit user code (arch/x86/include/asm/segment.h, __USER_CS).
const userCode64 = 0x33

// loader is the state of one load.
type loader struct {
	e     *engine
	t     *thread
	p     *process
	areas []area
	moves []move

	vector     uint64 // where the auxiliary vector is, and its length
	vectorSize uint32
}

// move is a range that changes its place.
type move struct {
	from, to, size uint64
}

// moved is where an address of the kernel's layout is now.
func (l *loader) moved(addr uint64) uint64 {
	for _, m := range l.moves {
		if addr >= m.from && addr < m.from+m.size {
			return addr - m.from + m.to
		}
	}
	return addr
}

// boot makes the shared memory in the target and maps it there and here. There is no gadget yet: system calls are made
// from two instructions put over the entry point for the while.
func (l *loader) boot() error {
	t, lay := l.t, l.e.layout
	for _, z := range []shadowmem.Zone{lay.Hole, lay.FarHole} {
		for _, a := range l.areas {
			if z.Overlaps(shadowmem.Native(a.start), shadowmem.Native(a.end)) {
				return fmt.Errorf("%s is linked to %#x-%#x, inside %v, which kmv needs for itself", l.p.exe, a.start, a.end, z)
			}
		}
	}
	entry := t.regs.Rip
	var saved [3]byte
	if err := l.p.mem.Read(entry, saved[:]); err != nil {
		return err
	}
	if err := l.p.mem.Write(entry, []byte{0x0f, 0x05, int3}); err != nil {
		return err
	}
	name := t.regs.Rsp - 1024
	fd, ok := l.takeSpare(name)
	if !ok {
		var err error
		if fd, err = l.newMemory(name); err != nil {
			return err
		}
	}
	l.p.code.counting, l.p.space.Sinks = l.e.debug.counting, l.p.code.rt.mirror
	l.e.allowCalls(l.p.code)
	l.e.stopJudged(l.p.code, t.filters)
	const fixed = unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE | unix.MAP_NORESERVE
	maps := []struct{ at, size, prot, off uint64 }{
		{uint64(lay.Cache.Low), threadSection, unix.PROT_READ | unix.PROT_EXEC, cacheSection},
		{uint64(lay.Threads.Low), jumpSection - threadSection, unix.PROT_READ | unix.PROT_WRITE, threadSection},
	}
	for _, m := range l.p.code.jumpMaps() {
		maps = append(maps, struct{ at, size, prot, off uint64 }{m.at, m.size, unix.PROT_READ, m.off})
	}
	for _, m := range maps {
		if _, err := l.bootCall(unix.SYS_MMAP, m.at, m.size, m.prot, fixed, fd, m.off); err != nil {
			return fmt.Errorf("map %d bytes at %#x (is the address space limited, ulimit -v?): %w", m.size, m.at, err)
		}
	}
	if _, err := l.bootCall(unix.SYS_CLOSE, fd); err != nil {
		return err
	}
	if err := l.p.mem.Write(entry, saved[:]); err != nil {
		return err
	}
	t.takeBlock()
	t.regs.Fs_base, t.regs.Gs_base = l.p.code.threadAddress(t.slot), lay.Offset
	return nil
}

// newMemory makes the file of a code cache in the target, and maps it here; name is memory to be used for a while.
func (l *loader) newMemory(name uint64) (fd uint64, err error) {
	if err := l.p.mem.Write(name, []byte("kmv\x00")); err != nil {
		return 0, err
	}
	if fd, err = l.bootCall(unix.SYS_MEMFD_CREATE, name, unix.MFD_CLOEXEC); err != nil {
		return 0, fmt.Errorf("memfd_create: %w", err)
	}
	return fd, l.shareMemory(int(fd))
}

// shareMemory maps the target's memfd here.
func (l *loader) shareMemory(fd int) error {
	mine, err := ptrace.TakeFD(l.t.pid, fd)
	if err != nil {
		return err
	}
	if err := unix.Ftruncate(mine, sharedSize); err != nil {
		_ = unix.Close(mine)
		return fmt.Errorf("size the code cache: %w", err)
	}
	l.p.code, err = newCodeCache(l.e.layout, mine, l.e.config(), l.e.runtime())
	return err
}

// bootCall makes one system call at the entry point.
func (l *loader) bootCall(nr uint64, args ...uint64) (uint64, error) {
	var a [6]uint64
	copy(a[:], args)
	r := l.t.regs
	r.Rax, r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9 = nr, a[0], a[1], a[2], a[3], a[4], a[5]
	r.Orig_rax = noSyscall
	if err := ptrace.SetRegs(l.t.tid, &r); err != nil {
		return 0, err
	}
	if err := l.t.runTo(r.Rip + 3); err != nil {
		return 0, err
	}
	if err := ptrace.GetRegs(l.t.tid, &r); err != nil {
		return 0, err
	}
	if e, failed := errno(int64(r.Rax)); failed {
		return 0, e
	}
	return r.Rax, nil
}

// image is a run of areas that must keep their distances: one ELF object with its bss, or vvar and vdso.
type image struct {
	areas []area
	kind  shadowmem.Kind
}

func (i *image) start() uint64 { return i.areas[0].start }
func (i *image) end() uint64   { return i.areas[len(i.areas)-1].end }

// images groups the areas of a fresh program. An anonymous area belongs to the object in front of it (bss).
func (l *loader) images() (images []image) {
	for _, a := range l.areas {
		kind := shadowmem.Data
		switch {
		case a.name == "[stack]" || a.name == "[vsyscall]" || uint64(l.e.layout.Hole.Low) <= a.start && a.start < uint64(l.e.layout.Hole.High):
			continue
		case a.name == "[vdso]" || len(a.name) >= 5 && a.name[:5] == "[vvar":
			kind = shadowmem.VDSO
		}
		if n := len(images); n > 0 {
			last := &images[n-1]
			front := &last.areas[len(last.areas)-1]
			if last.kind == kind && (kind == shadowmem.VDSO || a.ino == 0 || a.ino == last.areas[0].ino && a.dev == last.areas[0].dev) && (a.ino != 0 || front.end == a.start) {
				last.areas = append(last.areas, a)
				continue
			}
		}
		images = append(images, image{[]area{a}, kind})
	}
	return images
}

// move puts every image where native code may be, and takes the right to execute from it.
func (l *loader) move() error {
	var calls []*call
	zone := l.e.layout.Code
	for _, im := range l.images() {
		to := im.start()
		if !zone.Contains(shadowmem.Native(im.start()), shadowmem.Native(im.end())) {
			hint := shadowmem.Native(0)
			if name := im.areas[0].name; name != l.p.exe {
				hint = preferred(name, imageAlign)
			}
			at, err := l.p.space.FindFree(zone, im.end()-im.start()+imageAlign, imageAlign, hint, true, 0)
			if err != nil {
				return err
			}
			to = uint64(at) + l.skew(im)
			l.moves = append(l.moves, move{im.start(), to, im.end() - im.start()})
		}
		for _, a := range im.areas {
			n := a
			n.start, n.end = a.start-im.start()+to, a.end-im.start()+to
			if n.start != a.start {
				calls = append(calls, &call{nr: unix.SYS_MREMAP, args: [6]uint64{a.start, a.end - a.start, a.end - a.start, unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED, n.start}})
			}
			if a.prot&unix.PROT_EXEC != 0 {
				calls = append(calls, &call{nr: unix.SYS_MPROTECT, args: [6]uint64{n.start, n.end - n.start, uint64(hostProt(a.prot))}})
			}
			l.p.space.Map(loaded(n, im.kind))
		}
	}
	if err := l.t.inject(append(append(calls, noMerging(), earlyNews(true)), l.p.code.notDumped()...)...); err != nil {
		return err
	}
	for _, c := range calls {
		if err := c.err(); err != nil {
			return fmt.Errorf("system call %d(%#x): %w", c.nr, c.args, err)
		}
	}
	l.t.regs.Rip = l.moved(l.t.regs.Rip)
	for _, m := range l.p.space.All() {
		if m.Prot&unix.PROT_EXEC != 0 {
			l.p.wakeAt(uint64(m.Start), uint64(m.End))
		}
	}
	return nil
}

// loaded describes an area of a fresh image in the model.
func loaded(a area, kind shadowmem.Kind) shadowmem.Mapping {
	m := shadowmem.Mapping{
		Start: shadowmem.Native(a.start), End: shadowmem.Native(a.end), Prot: a.prot, Kind: kind, Name: a.name,
		FileOff: a.offset, Dev: a.dev, Ino: a.ino, Flags: unix.MAP_PRIVATE,
	}
	if a.ino == 0 && kind != shadowmem.VDSO {
		m.Flags |= unix.MAP_ANONYMOUS
	}
	if kind == shadowmem.Data && a.prot&unix.PROT_WRITE == 0 {
		m.Kind = shadowmem.Text
	}
	return m
}

// stack builds the main stack in the far zone, at its full size: the kernel is not asked to let it grow, but the model
// takes it for one that does, so that nothing is placed within the gap below it: the same bytes as the kernel's, with every pointer moved.
func (l *loader) stack() error {
	var old area
	for _, a := range l.areas {
		if a.name == "[stack]" {
			old = a
		}
	}
	sp := l.t.regs.Rsp
	content := make([]byte, old.end-sp)
	if err := l.p.mem.Read(sp, content); err != nil {
		return err
	}
	size := l.e.stackSize(uint64(len(content)))
	at, err := l.p.space.FindFree(l.e.layout.Far, size, 4096, 0, true, 1<<20)
	if err != nil {
		return err
	}
	top := uint64(at) + size
	l.moves = append(l.moves, move{sp, top - uint64(len(content)), uint64(len(content)) + 1})
	prot := unix.PROT_READ | unix.PROT_WRITE | old.prot&unix.PROT_EXEC
	m := shadowmem.Mapping{Start: at, End: shadowmem.Native(top), Prot: prot, Kind: shadowmem.Stack, Name: "[stack]",
		Flags: unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE | unix.MAP_STACK | unix.MAP_GROWSDOWN}
	if err := l.e.mapAnon(l.t, m); err != nil {
		return err
	}
	l.t.regs.Rsp = l.moved(sp)
	if err := l.relocate(content); err != nil {
		return err
	}
	if err := l.p.mem.Write(l.t.regs.Rsp, content); err != nil {
		return err
	}
	return l.p.copyToMirror(l.t.regs.Rsp, uint64(len(content)))
}

// relocate moves the pointers in a fresh stack: argv, envp and the auxiliary vector (System V ABI, AMD64, 3.4.1).
func (l *loader) relocate(stack []byte) error {
	word := func(i int) []byte { return stack[8*i:] }
	get := func(i int) uint64 { return binary.LittleEndian.Uint64(word(i)) }
	adjust := func(i int) { binary.LittleEndian.PutUint64(word(i), l.moved(get(i))) }
	i := 1
	for range 2 { // argv, then envp
		for ; get(i) != 0; i++ {
			adjust(i)
		}
		i++
	}
	l.vector = l.t.regs.Rsp + uint64(8*i)
	for ; get(i) != auxNull; i += 2 {
		switch get(i) {
		case auxPhdr, auxBase, auxEntry, auxPlatform, auxBasePlatform, auxRandom, auxExecfn, auxSysinfoEhdr:
			adjust(i + 1)
		}
		if 8*(i+4) > len(stack) {
			return fmt.Errorf("no end of the auxiliary vector")
		}
	}
	l.vectorSize = uint32(l.t.regs.Rsp + uint64(8*i) + 16 - l.vector)
	return nil
}

// Keys of the auxiliary vector whose values are addresses (getauxval(3), linux/auxvec.h).
const (
	auxNull         = 0
	auxPhdr         = 3
	auxBase         = 7
	auxEntry        = 9
	auxPlatform     = 15
	auxBasePlatform = 24
	auxRandom       = 25
	auxExecfn       = 31
	auxSysinfoEhdr  = 33
)

// twins gives the writable segments of a fresh program their copies.
func (l *loader) twins() error {
	for _, im := range l.images() {
		for _, a := range im.areas {
			size := a.end - a.start
			a.start = l.moved(a.start)
			a.end = a.start + size
			ops, err := l.p.space.MmapOps(loaded(a, im.kind), shadowmem.Birth{})
			if err != nil {
				return err
			}
			if err := l.e.apply(l.t, ops, 0); err != nil {
				return err
			}
		}
	}
	l.t.setSlot(translator.SlotFSBase, 0)
	return nil
}
