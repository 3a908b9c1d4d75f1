package engine

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// heap is the program's break: brk is emulated, because the kernel's own lies in the wrong half.
type heap struct {
	low, end, limit uint64
}

// heapRoom is the address space that the break may grow into.
const heapRoom = 1 << 40

func (h *heap) init(p *process) {
	low := uint64(p.space.Layout.Data.Low) + 1<<30
	*h = heap{low, low, low + heapRoom}
}

// apply does what the model says that the mirror half needs. fd is the descriptor of the program's own mmap.
func (e *engine) apply(t *thread, ops []shadowmem.Op, fd uint64) error {
	files, err := e.lendFor(t, ops)
	if err != nil {
		return err
	}
	var done []shadowmem.Op
	for i := 0; i < len(ops); {
		var calls []*call
		first := i
		for ; i < len(ops) && ops[i].Kind != shadowmem.OpCopy; i++ {
			calls = append(calls, e.mirrorCall(ops[i], files.of(ops[i], fd)))
		}
		if err := t.inject(calls...); err != nil {
			return err
		}
		for j, c := range calls {
			if c.err() == nil {
				done = append(done, ops[first+j])
			}
		}
		for j, c := range calls {
			op := ops[first+j]
			if err := e.overLeft(t, op, c); err != nil {
				return err
			}
			if c.err() == nil && op.Kind == shadowmem.OpMap && op.Source != shadowmem.SourceSink {
				if err := e.bind(t, uint64(op.Addr), op.Len); err != nil {
					return err
				}
			}
			if err := c.err(); err != nil && !op.Hint {
				failed := &noTwin{op, err, done}
				instead := t.p.space.Instead(op)
				if _, ranOut := short(failed); ranOut || instead == nil {
					return errors.Join(failed, files.giveBack(t))
				}
				if err := e.apply(t, instead, fd); err != nil {
					return err
				}
			}
		}
		if i < len(ops) {
			n := e.layout.Native(ops[i].Addr)
			if err := t.p.fill(e, n, n+shadowmem.Native(ops[i].Len)); err != nil {
				return err
			}
			i++
		}
	}
	if len(t.p.objects) > 0 && slices.ContainsFunc(ops, func(op shadowmem.Op) bool { return op.Kind == shadowmem.OpUnmap }) {
		e.unuse(t.p, false)
	}
	return files.giveBack(t)
}

// mirrorCall is the system call of one operation; fd is the file that it maps.
func (e *engine) mirrorCall(op shadowmem.Op, fd uint64) *call {
	at, n := uint64(op.Addr), op.Len
	switch op.Kind {
	case shadowmem.OpMap:
		return &call{nr: unix.SYS_MMAP, args: [6]uint64{at, n, uint64(op.Prot), uint64(op.Flags), fd, uint64(op.FileOff)}}
	case shadowmem.OpUnmap:
		return &call{nr: unix.SYS_MUNMAP, args: [6]uint64{at, n}}
	case shadowmem.OpProtect:
		return &call{nr: unix.SYS_MPROTECT, args: [6]uint64{at, n, uint64(op.Prot)}}
	case shadowmem.OpRemap:
		return &call{nr: unix.SYS_MREMAP, args: [6]uint64{uint64(op.From), op.FromLen, n, uint64(op.Flags), at}}
	case shadowmem.OpAdvise:
		return &call{nr: unix.SYS_MADVISE, args: [6]uint64{at, n, uint64(op.Advice)}}
	}
	panic("BUG: no call for " + op.String())
}

// pageUp rounds to whole pages; overflow gives 0.
func pageUp(n uint64) uint64 { return (n + 4095) &^ 4095 }

// beyond says whether no program of the kernel can have size bytes at addr (TASK_SIZE_MAX, with four levels of page tables).
func beyond(addr, size uint64) bool { return size > 0x7ffffffff000 || addr > 0x7ffffffff000-size }

// mmap places and makes a mapping of the program. A failure of its own gives an errno and no error.
func (e *engine) mmap(t *thread, addr, length uint64, prot, flags int, fd uint64, off uint64) (int64, error) {
	size := pageUp(length)
	if length == 0 {
		return fail(unix.EINVAL), nil
	}
	fixed := flags&(unix.MAP_FIXED|unix.MAP_FIXED_NOREPLACE) != 0
	if size == 0 || size > e.layout.Data.Size() || t.p.tooMuch(size) || fixed && beyond(addr, size) {
		return fail(unix.ENOMEM), nil
	}
	m := shadowmem.Mapping{Prot: prot, Flags: flags, Kind: shadowmem.Anon, FileOff: int64(off)}
	image, empty := false, false
	if flags&unix.MAP_ANONYMOUS == 0 {
		image, empty = e.describeFile(t, &m, fd)
	} else if flags&unix.MAP_TYPE != unix.MAP_PRIVATE {
		m.Kind = shadowmem.Shared
	} else if flags&unix.MAP_STACK != 0 {
		m.Kind = shadowmem.ThreadStack
	}
	at := addr
	if !fixed {
		var err error
		if image && addr == 0 {
			addr = uint64(preferred(m.Name, libraryAlign))
		}
		if at, err = e.choose(t, addr, size, prot, flags, image); err != nil {
			return fail(unix.ENOMEM), nil
		}
	}
	m.Start, m.End = nativeAddr(at), nativeAddr(at+size)
	if at%4096 != 0 {
		return fail(unix.EINVAL), nil
	}
	if err := e.layout.Check(m.Start, m.End); err != nil {
		if flags&unix.MAP_FIXED_NOREPLACE != 0 {
			return fail(unix.EEXIST), nil // as if something were there: who asks like this has other places
		}
		e.gap("mapping", at, err.Error())
		return fail(unix.ENOMEM), nil
	}
	if fixed {
		t.p.classify(&m)
	}
	if fixed {
		if err := e.settleLost(t, at, at+size); err != nil {
			return 0, err
		}
	}
	use := flags | t.p.lockFlag()
	if !fixed {
		use |= unix.MAP_FIXED_NOREPLACE
	}
	c := &call{nr: unix.SYS_MMAP, args: [6]uint64{at, length, uint64(hostProt(prot)), uint64(use), fd, off}}
	if err := t.inject(c); err != nil {
		return 0, err
	}
	if c.err() != nil {
		return c.ret, nil
	}
	if err := t.lockMade(at, size); err != nil {
		return 0, err
	}
	if err := e.codeMapped(t, at, at+size); err != nil {
		return 0, err
	}
	if empty {
		if err := e.fresh(m); err != nil {
			return 0, err
		}
	}
	ops, err := t.p.space.MmapOps(m, shadowmem.Birth{Fresh: true, File: flags&unix.MAP_ANONYMOUS == 0, Twin: true})
	if err != nil {
		return 0, err
	}
	if err := e.apply(t, ops, fd); err != nil {
		return e.unmapped(t, at, at+size, err)
	}
	if got, ok := t.p.space.Find(m.Start); ok && got.State == shadowmem.Unprotected && got.IsShared() {
		e.unmirrored("mapping", at, strings.TrimSpace(got.Name+" "+got.Why))
	}
	if prot&unix.PROT_EXEC != 0 {
		t.p.wakeAt(at, at+size)
	}
	return c.ret, e.forgetLost(t, at, at+size)
}

// choose finds a place for a mapping that has no fixed one: code goes to the code zone, and so does what the program wants
// there, as code that is made at run time must be near what it calls. Anything else may become code later and goes where
// indirect branches find it, unless it is very large.
func (e *engine) choose(t *thread, hint, size uint64, prot, flags int, image bool) (uint64, error) {
	lay := &e.layout
	align := uint64(4096)
	zones := []shadowmem.Zone{lay.Far, lay.Data}
	switch wish := nativeAddr(hint); {
	case flags&unix.MAP_32BIT != 0:
		zones = []shadowmem.Zone{lay.Code}
	case image || prot&unix.PROT_EXEC != 0 || hint != 0 && lay.Code.Holds(wish):
		zones = []shadowmem.Zone{lay.Code, lay.Far, lay.Data}
	case size > farMost || flags&unix.MAP_HUGETLB != 0:
		zones = []shadowmem.Zone{lay.Data}
	case lay.Data.Holds(wish) && prot != unix.PROT_NONE: // a hint for what is only reserved: likely a JIT's, at random
		zones = []shadowmem.Zone{lay.Data, lay.Far}
	}
	if flags&unix.MAP_HUGETLB != 0 || zones[0] != lay.Code && size >= 2<<20 {
		align = 2 << 20 // as the kernel does for anonymous memory since 6.7: huge pages need it
	}
	if flags&unix.MAP_HUGETLB != 0 {
		size = (size + align - 1) &^ (align - 1)
	}
	for _, zone := range zones {
		at, err := t.p.space.FindFree(zone, size, align, nativeAddr(hint&^4095), true, 0)
		if err != nil && align > 4096 && flags&unix.MAP_HUGETLB == 0 {
			at, err = t.p.space.FindFree(zone, size, 4096, nativeAddr(hint&^4095), true, 0)
		}
		if err == nil {
			return uint64(at), nil
		}
	}
	return 0, unix.ENOMEM
}

// farMost is the largest mapping that goes to the far zone, which has 1 TiB.
const farMost = 64 << 30

// describeFile fills in what stands behind a descriptor; image says that it is an ELF object with code, empty that it has no
// contents yet.
func (e *engine) describeFile(t *thread, m *shadowmem.Mapping, fd uint64) (image, empty bool) {
	path := fmt.Sprintf("/proc/%d/fd/%d", t.pid, int32(fd))
	m.Kind = shadowmem.File
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return false, false
	}
	m.Dev, m.Ino = st.Dev, st.Ino
	m.Name, _ = os.Readlink(path)
	private := m.Flags&unix.MAP_TYPE == unix.MAP_PRIVATE
	switch {
	case st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 5): // /dev/zero: each mapping is memory of its own
		m.Flags, m.Kind = m.Flags|unix.MAP_ANONYMOUS, shadowmem.Anon
		if !private {
			m.Kind = shadowmem.Shared
		}
		return false, false
	case st.Mode&unix.S_IFMT != unix.S_IFREG, strings.HasPrefix(m.Name, "anon_inode:"): // these are all one inode
		m.Kind = shadowmem.Special
	case !private:
		m.Kind = shadowmem.Shared
	default:
		return elfWithCode(path, m), false
	}
	return false, st.Blocks == 0
}

// classify gives a mapping at a fixed place the kind of what it replaces: bss over a library, a segment over it.
func (p *process) classify(m *shadowmem.Mapping) {
	under, ok := p.space.Find(m.Start)
	if !ok {
		return
	}
	switch under.Kind {
	case shadowmem.Data, shadowmem.Text:
		if m.Flags&unix.MAP_ANONYMOUS != 0 && m.Flags&unix.MAP_TYPE == unix.MAP_PRIVATE {
			m.Kind, m.Object = shadowmem.Data, under.Name
			if m.Object == "" {
				m.Object = under.Object
			}
		}
	}
}

func fail(e unix.Errno) int64 { return -int64(e) }

// munmap removes [addr, addr+length).
func (e *engine) munmap(t *thread, addr, length uint64) (int64, error) {
	end := addr + pageUp(length)
	if addr%4096 != 0 || length == 0 || end <= addr || end > uint64(e.layout.Data.High) {
		return fail(unix.EINVAL), nil
	}
	if !e.owns(addr, end) {
		return 0, nil // nothing of the program is there
	}
	c := &call{nr: unix.SYS_MUNMAP, args: [6]uint64{addr, length}}
	if err := t.inject(c); err != nil || c.err() != nil {
		return c.ret, err
	}
	if err := e.codeChanged(t, addr, end); err != nil {
		return 0, err
	}
	if err := e.apply(t, t.p.space.MunmapOps(nativeAddr(addr), nativeAddr(end)), 0); err != nil {
		return 0, err
	}
	return 0, e.forgetLost(t, addr, end)
}

// owns says whether a range may hold memory of the program; kmv's own must not be reached by its calls.
func (e *engine) owns(start, end uint64) bool {
	return e.layout.Check(nativeAddr(start), nativeAddr(end)) == nil
}

// mprotect changes the protection of native memory; execution stays with the cache.
func (e *engine) mprotect(t *thread, addr, length uint64, prot int) (int64, error) {
	end := addr + pageUp(length)
	if length == 0 && addr%4096 == 0 {
		return 0, nil
	}
	if addr%4096 != 0 {
		return fail(unix.EINVAL), nil
	}
	if end <= addr || !e.owns(addr, end) {
		return fail(unix.ENOMEM), nil
	}
	if err := e.settleLost(t, addr, end); err != nil {
		return 0, err
	}
	c := &call{nr: unix.SYS_MPROTECT, args: [6]uint64{addr, length, uint64(hostProt(prot))}}
	if err := t.inject(c); err != nil {
		return 0, err
	}
	if c.err() != nil {
		return c.ret, nil
	}
	if err := e.codeChanged(t, addr, end); err != nil {
		return 0, err
	}
	start, stop := nativeAddr(addr), nativeAddr(end)
	if prot&(unix.PROT_GROWSDOWN|unix.PROT_GROWSUP) != 0 {
		if m, ok := t.p.space.Find(start); ok {
			start = m.Start
		}
	}
	var before []shadowmem.Mapping
	if prot&unix.PROT_WRITE != 0 {
		t.p.space.Each(start, stop, func(m shadowmem.Mapping) bool {
			before = append(before, m.Clip(start, stop))
			return true
		})
	}
	if err := e.apply(t, t.p.space.MprotectOps(start, stop, prot&7, shadowmem.Birth{Twin: true}), 0); err != nil {
		return e.protectedAgain(t, before, err)
	}
	return 0, nil
}

// brk moves the break (brk(2)); the result is the break as it is then.
func (e *engine) brk(t *thread, to uint64) (int64, error) {
	h := &t.p.heap
	old, end := pageUp(h.end), pageUp(to)
	if to < h.low || to > h.limit || end > old && t.p.tooMuch(end-old) {
		return int64(h.end), nil
	}
	switch {
	case end > old:
		m := shadowmem.Mapping{Start: nativeAddr(old), End: nativeAddr(end), Prot: unix.PROT_READ | unix.PROT_WRITE,
			Flags: unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, Kind: shadowmem.Heap, Name: "[heap]"}
		if err := e.mapAnon(t, m); err != nil {
			var no unix.Errno
			if errors.As(err, &no) {
				return int64(h.end), nil
			}
			return 0, err
		}
	case end < old:
		if ret, err := e.munmap(t, end, old-end); ret != 0 || err != nil {
			return int64(h.end), err
		}
	}
	h.end = to
	return int64(to), nil
}

// mapAnon makes an anonymous mapping of the engine's choice for the program, with its twin.
func (e *engine) mapAnon(t *thread, m shadowmem.Mapping) error {
	c := &call{nr: unix.SYS_MMAP, args: [6]uint64{uint64(m.Start), m.Len(), uint64(hostProt(m.Prot)), uint64(m.Flags&^unix.MAP_GROWSDOWN | unix.MAP_FIXED_NOREPLACE | t.p.lockFlag()), ^uint64(0)}}
	if err := t.inject(c); err != nil {
		return err
	}
	if err := c.err(); err != nil {
		return err
	}
	if err := t.lockMade(uint64(m.Start), m.Len()); err != nil {
		return err
	}
	ops, err := t.p.space.MmapOps(m, shadowmem.Birth{Fresh: true})
	if err != nil {
		return err
	}
	if err := e.apply(t, ops, 0); err != nil {
		if no, err := e.unmapped(t, uint64(m.Start), uint64(m.End), err); err != nil || no == 0 {
			return err
		}
		return unix.ENOMEM
	}
	return nil
}

// madvise mirrors advice that changes contents or how memory is kept.
func (e *engine) madvise(t *thread, addr, length uint64, advice int) (int64, error) {
	end := addr + pageUp(length)
	if length != 0 && (addr%4096 != 0 || end <= addr || !e.owns(addr, end)) {
		if addr%4096 != 0 {
			return fail(unix.EINVAL), nil
		}
		return fail(unix.ENOMEM), nil
	}
	if err := e.settleLost(t, addr, end); err != nil {
		return 0, err
	}
	c := &call{nr: unix.SYS_MADVISE, args: [6]uint64{addr, length, uint64(shadowmem.NativeAdvice(advice))}}
	if err := t.inject(c); err != nil {
		return 0, err
	}
	if ret := c.ret; ret != 0 && ret != fail(unix.ENOMEM) { // ENOMEM: done on what is mapped (madvise(2))
		if advice == unix.MADV_REMOVE {
			return ret, e.apply(t, t.p.space.RemoveOps(nativeAddr(addr), nativeAddr(end)), 0)
		}
		return ret, nil
	}
	if length == 0 {
		return c.ret, nil
	}
	changed, opposite := t.p.space.Withdraw(nativeAddr(addr), nativeAddr(end), advice)
	if err := e.apply(t, t.p.space.MadviseOps(nativeAddr(addr), nativeAddr(end), advice), 0); err != nil {
		return e.advisedBack(t, changed, opposite, err)
	}
	return c.ret, e.forgetLost(t, addr, end)
}

// hostProt is the protection that the kernel is asked for: native code is never executed where it is. Memory that may only
// be executed can be read, as on any x86-64 without protection keys.
func hostProt(prot int) int {
	if prot&(unix.PROT_READ|unix.PROT_EXEC) == unix.PROT_EXEC {
		prot |= unix.PROT_READ
	}
	return prot &^ unix.PROT_EXEC
}
