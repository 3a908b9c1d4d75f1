package shadowmem

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The tests in this file play the program and the engine in their own process: random memory calls and doubled stores in a
// small arena of the data zone, which a Go process leaves alone, with the planned operations done for real at the mirror
// addresses. After each call the model must equal /proc/self/maps, and every mirrored byte its copy.

const arenaPages = 96

// player is the test's process.
type player struct {
	t       *testing.T
	random  *rand.Rand
	space   *Space
	low     Native
	mem     *os.File // /proc/self/mem
	pagemap *os.File
	sink    int
	files   []int // of 64 pages each: a file and a memfd for private mappings, a file for shared ones
	log     []string
}

func TestAgainstKernel(t *testing.T) {
	for i, options := range []string{"", "", "+all=fenced", "-1000000a010+0x6000", "+1000000a010+0x20000", "-file:*", "+none"} {
		t.Run(fmt.Sprintf("%d%s", i, options), func(t *testing.T) {
			p := newPlayer(t, uint64(i), policy(t, options))
			for range 500 {
				p.step()
				p.check()
			}
		})
	}
}

func newPlayer(t *testing.T, seed uint64, policy Policy) *player {
	open := func(name string, flags int) *os.File {
		f, err := os.OpenFile(name, flags, 0)
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	p := &player{t: t, random: rand.New(rand.NewPCG(seed, 1)), space: NewSpace(Default(), policy), low: base,
		mem: open("/proc/self/mem", os.O_RDWR), pagemap: open("/proc/self/pagemap", os.O_RDONLY)}
	content := make([]byte, 64*PageSize)
	for i := range content {
		content[i] = byte(p.random.Uint32())
	}
	hold := func(fd int, err error) int {
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	create := func(name string) int { return hold(unix.Open(t.TempDir()+"/"+name, unix.O_RDWR|unix.O_CREAT, 0o600)) }
	p.files = []int{create("private"), hold(unix.MemfdCreate("private", 0)), create("shared")}
	p.sink = hold(unix.MemfdCreate("sink", 0))
	for _, fd := range p.files {
		if _, err := unix.Pwrite(fd, content, 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		p.syscall(unix.SYS_MUNMAP, uintptr(p.low), arenaPages*PageSize)
		p.syscall(unix.SYS_MUNMAP, uintptr(p.space.Layout.Mirror(p.low)), arenaPages*PageSize)
	})
	return p
}

func (p *player) syscall(nr uintptr, args ...uintptr) unix.Errno {
	var a [6]uintptr
	copy(a[:], args)
	_, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	return errno
}

func (p *player) fatalf(format string, args ...any) {
	p.t.Helper()
	log := p.log[max(0, len(p.log)-12):]
	p.t.Fatalf("%s\nmodel:\n%safter:\n%s", fmt.Sprintf(format, args...), text(p.space), strings.Join(log, "\n"))
}

// note remembers a call and its outcome.
func (p *player) note(errno unix.Errno, format string, args ...any) bool {
	p.log = append(p.log, fmt.Sprintf(format, args...)+": "+fmt.Sprint(int(errno)))
	return errno == 0
}

// do performs operations as the engine would.
func (p *player) do(ops []Op) {
	p.t.Helper()
	if err := unix.Ftruncate(p.sink, max(SinkSize(ops), 1<<20)); err != nil {
		p.t.Fatal(err)
	}
	for _, op := range ops {
		p.log = append(p.log, "    "+strings.TrimSpace(opsText(p.space.Layout, []Op{op})))
		if errno := p.doOne(op, -1); errno != 0 && !op.Hint {
			p.fatalf("%v: %v", op, errno)
		}
	}
}

// doOne performs one operation; fd is the file of the program's mmap call.
func (p *player) doOne(op Op, fd int) unix.Errno {
	addr, size := uintptr(op.Addr), uintptr(op.Len)
	switch op.Kind {
	case OpMap:
		if op.Source == SourceSink {
			fd = p.sink
		}
		return p.syscall(unix.SYS_MMAP, addr, size, uintptr(op.Prot), uintptr(op.Flags), uintptr(fd), uintptr(op.FileOff))
	case OpUnmap:
		return p.syscall(unix.SYS_MUNMAP, addr, size)
	case OpProtect:
		return p.syscall(unix.SYS_MPROTECT, addr, size, uintptr(op.Prot))
	case OpRemap:
		return p.syscall(unix.SYS_MREMAP, uintptr(op.From), uintptr(op.FromLen), size, uintptr(op.Flags), addr)
	case OpAdvise:
		return p.syscall(unix.SYS_MADVISE, addr, size, uintptr(op.Advice))
	case OpCopy:
		for done := uint64(0); done < op.Len; done += PageSize {
			native, err := p.read(uint64(p.space.Layout.Native(op.Addr))+done, PageSize)
			if err != nil {
				continue
			}
			if _, err := p.mem.WriteAt(native, int64(uint64(op.Addr)+done)); err != nil {
				p.fatalf("%v: %v", op, err)
			}
		}
	}
	return 0
}

func (p *player) read(addr, size uint64) ([]byte, error) {
	buf := make([]byte, size)
	_, err := p.mem.ReadAt(buf, int64(addr))
	return buf, err
}

func (p *player) step() {
	a := p.low + Native(p.random.IntN(arenaPages-16))*PageSize
	end := a + Native(p.random.IntN(16)+1)*PageSize
	prot := []int{rw, rw, rw, ro, unix.PROT_NONE, rx, rw | rx}[p.random.IntN(7)]
	switch p.random.IntN(12) {
	case 0, 1, 2:
		p.mmap(a, end, prot)
	case 3:
		if p.note(p.syscall(unix.SYS_MUNMAP, uintptr(a), uintptr(end-a)), "munmap %x-%x", a, end) {
			p.do(p.space.MunmapOps(a, end))
		}
	case 4, 5:
		if p.space.Mapped(a, end) && p.note(p.syscall(unix.SYS_MPROTECT, uintptr(a), uintptr(end-a), uintptr(prot)), "mprotect %x-%x %d", a, end, prot) {
			p.make(p.space.MprotectOps(a, end, prot, Birth{File: p.random.IntN(3) > 0}), -1)
		}
	case 6:
		p.mremap(a)
	case 7:
		advice := []int{unix.MADV_DONTNEED, unix.MADV_FREE, unix.MADV_NOHUGEPAGE, unix.MADV_HUGEPAGE, unix.MADV_REMOVE,
			unix.MADV_GUARD_INSTALL, unix.MADV_GUARD_REMOVE, unix.MADV_DONTDUMP, unix.MADV_COLD}[p.random.IntN(9)]
		if p.space.Mapped(a, end) && p.note(p.syscall(unix.SYS_MADVISE, uintptr(a), uintptr(end-a), uintptr(NativeAdvice(advice))), "madvise %x-%x %d", a, end, advice) {
			p.do(p.space.MadviseOps(a, end, advice))
		} else if advice == unix.MADV_REMOVE {
			p.do(p.space.RemoveOps(a, end))
		}
	default:
		for range 20 {
			p.store(p.low + Native(p.random.IntN(arenaPages*PageSize-8)))
		}
	}
}

func (p *player) mmap(a, end Native, prot int) {
	m := anonymous(a, end, prot)
	fd := -1
	switch kind := p.random.IntN(6); kind {
	case 0:
		m.Flags |= unix.MAP_NORESERVE
	case 1:
		m.Flags, m.Kind = unix.MAP_SHARED|unix.MAP_ANONYMOUS, Shared
	case 2, 3, 4:
		m = ofFile(a, end, prot, int64(p.random.IntN(48))*PageSize)
		if fd = p.files[kind-2]; kind == 4 {
			m.Flags, m.Kind = unix.MAP_SHARED, Shared
		}
	}
	if !p.note(p.syscall(unix.SYS_MMAP, uintptr(a), uintptr(end-a), uintptr(prot), uintptr(m.Flags|unix.MAP_FIXED), uintptr(fd), uintptr(m.FileOff)),
		"mmap %x-%x %d %#x %d+%#x", a, end, prot, m.Flags, fd, m.FileOff) {
		return
	}
	for _, line := range p.lines() {
		if line.Start <= a && a < line.End {
			m.Name, m.Dev, m.Ino = line.Name, line.Dev, line.Ino
		}
	}
	ops, err := p.space.MmapOps(m, Birth{Fresh: true, File: p.random.IntN(3) > 0})
	if err != nil {
		p.t.Fatal(err)
	}
	p.make(ops, fd)
}

// make does operations that may need the file of the mapping: fd, or without it one like an engine's that finds it by name,
// sometimes in vain.
func (p *player) make(ops []Op, fd int) {
	p.t.Helper()
	for _, op := range ops {
		file := fd
		if op.Source == SourceFile && fd < 0 {
			m, _ := p.space.Find(p.space.Layout.Native(op.Addr))
			switch file = p.files[0]; {
			case p.random.IntN(4) == 0:
				p.log = append(p.log, "    instead of "+op.String())
				p.do(p.space.Instead(op))
				continue
			case strings.Contains(m.Name, "memfd"):
				file = p.files[1]
			}
		}
		if op.Source != SourceFile {
			p.do([]Op{op})
		} else if errno := p.doOne(op, file); errno != 0 {
			p.fatalf("%v: %v", op, errno)
		}
	}
}

func (p *player) mremap(a Native) {
	m, ok := p.space.Find(a)
	if !ok {
		return
	}
	end := min(m.End, a+Native(p.random.IntN(8)+1)*PageSize)
	new, flags := a, 0
	newEnd := a + Native(p.random.IntN(8)+1)*PageSize
	if p.random.IntN(2) == 0 {
		new, flags = p.low+Native(p.random.IntN(arenaPages-16))*PageSize, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED
		if p.random.IntN(4) == 0 {
			flags, newEnd = flags|unix.MREMAP_DONTUNMAP, end
		} else if p.random.IntN(4) == 0 && m.IsShared() {
			end = a
		}
		newEnd += new - a
	}
	before := p.space.Clone()
	if !p.note(p.syscall(unix.SYS_MREMAP, uintptr(a), uintptr(end-a), uintptr(newEnd-new), uintptr(flags), uintptr(new)),
		"mremap %x-%x to %x-%x %d", a, end, new, newEnd, flags) {
		if flags != 0 {
			// Depending on the reason the kernel has unmapped the target already: so does the model.
			p.syscall(unix.SYS_MUNMAP, uintptr(new), uintptr(newEnd-new))
			p.do(p.space.MunmapOps(new, newEnd))
			if newEnd-new < end-a {
				p.syscall(unix.SYS_MUNMAP, uintptr(a+newEnd-new), uintptr(end-a-(newEnd-new)))
				p.do(p.space.MunmapOps(a+newEnd-new, end))
			}
		} else {
			p.space = before
		}
		return
	}
	ops, err := p.space.MremapOps(a, end, new, newEnd, flags)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, op := range ops {
		if op.Kind == OpRemap && p.random.IntN(4) == 0 {
			p.log = append(p.log, "    instead of "+op.String())
			p.do(p.space.Instead(op))
			continue
		}
		p.do([]Op{op})
	}
}

// store writes 8 bytes twice, as translated code does, with the protection of the pages in force.
func (p *player) store(a Native) {
	value := binary.LittleEndian.AppendUint64(nil, p.random.Uint64())
	write := func(addr uint64) error {
		n, err := unix.ProcessVMWritev(os.Getpid(), []unix.Iovec{{Base: &value[0], Len: 8}}, []unix.RemoteIovec{{Base: uintptr(addr), Len: 8}}, 0)
		if err == nil && n < 8 {
			return io.ErrShortWrite
		}
		return err
	}
	if m, ok := p.space.Find(a); !ok || !m.Writable() || m.End < a+8 {
		return
	}
	if write(uint64(a)) != nil {
		return // past the end of a file, or a guard page
	}
	if m, _ := p.space.Find(a); m.Twin == SourceNone && p.space.Policy.None() {
		return
	}
	if err := write(uint64(p.space.Layout.Mirror(a))); err != nil {
		p.fatalf("store to the mirror of %#x: %v", uint64(a), err)
	}
}

func (p *player) check() {
	p.t.Helper()
	if got, want := lineText(p.lines()), lineText(p.space.Lines()); got != want {
		p.fatalf("kernel:\n%s\nmodel's lines:\n%s", got, want)
	}
	for _, m := range p.space.All() {
		if m.Compared() {
			p.compare(m)
		}
	}
}

// compare checks that all of m equals its copy, whatever Select would say, but for guard pages.
func (p *player) compare(m Mapping) {
	native, mirror := p.words(uint64(m.Start), m.Len()), p.words(uint64(p.space.Layout.Mirror(m.Start)), m.Len())
	for i := range native {
		at := m.Start + Native(i)*PageSize
		a, err := p.read(uint64(at), PageSize)
		if err != nil {
			continue // a guard page, or past the end of its file
		}
		b, err := p.read(uint64(p.space.Layout.Mirror(at)), PageSize)
		if err != nil {
			p.fatalf("copy of %#x: %v", uint64(at), err)
		}
		if diffs := Compare(a, b, at); diffs != nil {
			p.fatalf("%x differs, sure %v, words %#x %#x", diffs, m.sure(native[i], mirror[i]), native[i], mirror[i])
		}
	}
}

func (p *player) words(addr, size uint64) []uint64 {
	buf := make([]byte, size/PageSize*8)
	if _, err := p.pagemap.ReadAt(buf, int64(addr/PageSize*8)); err != nil {
		p.t.Fatal(err)
	}
	words := make([]uint64, len(buf)/8)
	if err := binary.Read(bytes.NewReader(buf), binary.LittleEndian, words); err != nil {
		p.t.Fatal(err)
	}
	return words
}

// lines reads the arena's part of /proc/self/maps, joined as Space.Lines joins.
func (p *player) lines() []Mapping {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	s := NewSpace(Default(), Policy{})
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var m Mapping
		var perms string
		var major, minor uint32
		fields := strings.SplitN(scan.Text(), " ", 6)
		if _, err := fmt.Sscanf(strings.Join(fields[:5], " "), "%x-%x %s %x %x:%x %d", &m.Start, &m.End, &perms, &m.FileOff, &major, &minor, &m.Ino); err != nil {
			p.t.Fatal(err)
		}
		if m.Start < p.low || m.Start >= p.low+arenaPages*PageSize {
			continue
		}
		m.Dev, m.Flags = unix.Mkdev(major, minor), unix.MAP_PRIVATE
		if len(fields) == 6 {
			m.Name = strings.TrimSpace(fields[5])
		}
		if m.Ino == 0 || strings.HasPrefix(m.Name, "/dev/zero") {
			m.Flags |= unix.MAP_ANONYMOUS
		}
		for i, bit := range []int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
			if perms[i] != '-' {
				m.Prot |= bit
			}
		}
		if perms[3] == 's' {
			m.Flags ^= unix.MAP_PRIVATE ^ unix.MAP_SHARED
		}
		s.Map(m)
	}
	return s.Lines()
}

func lineText(lines []Mapping) string {
	var b strings.Builder
	for _, m := range lines {
		fmt.Fprintf(&b, "%v %d:%d\n", m, m.Dev, m.Ino)
	}
	return b.String()
}
