package shadowmem

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// at is an address of the rows below, n pages above base.
func at(n int) Native { return base + Native(n*PageSize) }

// prepared is a space with pages 0..4 anonymous, 4..6 a private file with a file twin, 6..8 its text without a twin,
// 8..10 found data with an anonymous twin, 10..12 shared anonymous memory. off: the policy leaves out page 1.
func prepared(t *testing.T, off bool) *Space {
	s := NewSpace(Default(), Policy{})
	if off {
		if err := s.Policy.NoMirror("0x10000001000+4096"); err != nil {
			t.Fatal(err)
		}
	}
	call := Birth{Fresh: true, File: true}
	shared := anonymous(at(10), at(12), rw)
	shared.Flags, shared.Kind = unix.MAP_SHARED|unix.MAP_ANONYMOUS, Shared
	for _, m := range []struct {
		Mapping
		Birth
	}{
		{anonymous(at(0), at(4), rw), call},
		{ofFile(at(4), at(6), rw, 0), call},
		{ofFile(at(6), at(8), ro, 0x2000), call},
		{ofFile(at(8), at(10), rw, 0x8000), Birth{}},
		{shared, call},
	} {
		if _, err := s.MmapOps(m.Mapping, m.Birth); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestCalls has a memory call of the program and what the mirror half does for it a row.
func TestCalls(t *testing.T) {
	munmap := func(start, end int) func(*Space) []Op {
		return func(s *Space) []Op { return s.MunmapOps(at(start), at(end)) }
	}
	mprotect := func(start, end, prot int) func(*Space) []Op {
		return func(s *Space) []Op { return s.MprotectOps(at(start), at(end), prot, Birth{}) }
	}
	madvise := func(start, end, advice int) func(*Space) []Op {
		return func(s *Space) []Op { return s.MadviseOps(at(start), at(end), advice) }
	}
	mremap := func(old, oldEnd, new, newEnd, flags int) func(*Space) []Op {
		return func(s *Space) []Op {
			ops, err := s.MremapOps(at(old), at(oldEnd), at(new), at(newEnd), flags)
			if err != nil {
				t.Error(err)
			}
			return ops
		}
	}
	const move, keep = unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED, unix.MREMAP_MAYMOVE | unix.MREMAP_DONTUNMAP
	for _, row := range []struct {
		name string
		off  bool // page 1 is not mirrored
		do   func(*Space) []Op
		want string
	}{
		{"munmap", false, munmap(1, 2), "unmap 0x10000001000+0x1000\n"},
		{"munmap over all", false, munmap(-3, 20), "unmap 0x10000000000+0xc000\n"},
		{"munmap without a twin", false, munmap(6, 8), ""},
		{"munmap of nothing", false, munmap(20, 30), ""},
		{"munmap of a sink", true, munmap(1, 2), "unmap 0x10000001000+0x1000\n"},

		{"mprotect takes rights", false, mprotect(0, 4, unix.PROT_NONE), ""},
		{"mprotect gives them back", false, func(s *Space) []Op {
			s.MprotectOps(at(0), at(4), unix.PROT_NONE, Birth{})
			return s.MprotectOps(at(0), at(4), rw, Birth{})
		}, ""},
		{"mprotect makes executable", false, mprotect(0, 4, rx), ""},
		{"mprotect of a reservation", false, func(s *Space) []Op {
			if _, err := s.MmapOps(anonymous(at(20), at(30), unix.PROT_NONE), Birth{Fresh: true}); err != nil {
				t.Error(err)
			}
			return s.MprotectOps(at(22), at(24), rw|rx, Birth{})
		}, "protect 0x10000016000+0x2000 prot 3\n"},
		{"mprotect makes text writable", false, mprotect(7, 8, rw|rx),
			"map 0x10000007000+0x1000 prot 3 " + anonFlags + " anon+0x0\ncopy 0x10000007000+0x1000\n"},
		{"mprotect makes text writable, file at hand", false, func(s *Space) []Op {
			return s.MprotectOps(at(7), at(8), rw|rx, Birth{File: true})
		}, "map 0x10000007000+0x1000 prot 3 " + fileFlags + " file+0x3000\n"},
		{"mprotect makes text writable and back", false, func(s *Space) []Op {
			s.MprotectOps(at(6), at(8), rw, Birth{})
			return append(s.MprotectOps(at(6), at(8), rx, Birth{}), s.MprotectOps(at(6), at(8), rw, Birth{})...)
		}, ""},
		{"mprotect of what is off", true, func(s *Space) []Op {
			s.MunmapOps(at(0), at(4))
			ops, _ := s.MmapOps(anonymous(at(0), at(4), unix.PROT_NONE), Birth{Fresh: true})
			return append(ops, s.MprotectOps(at(0), at(4), rw, Birth{})...)
		}, "map 0x10000000000+0x1000 prot 0 " + anonFlags + " anon+0x0\nmap 0x10000002000+0x2000 prot 0 " + anonFlags + " anon+0x0\n" +
			"protect 0x10000000000+0x1000 prot 3\nmap 0x10000001000+0x1000 prot 3 flags 0x104001 sink+0x0\nprotect 0x10000002000+0x2000 prot 3\n"},

		{"mmap over old mappings", false, func(s *Space) []Op {
			ops, _ := s.MmapOps(ofFile(at(2), at(7), ro, 0), Birth{Fresh: true, File: true})
			return ops
		}, "unmap 0x10000002000+0x4000\n"},

		{"mremap grows in place", false, func(s *Space) []Op {
			s.MunmapOps(at(4), at(12))
			ops, _ := s.MremapOps(at(1), at(4), at(1), at(9), 0)
			return ops
		}, "remap 0x10000001000+0x8000 from 0x10000001000+0x3000 flags 0\n"},
		{"mremap shrinks", false, mremap(0, 4, 0, 1, unix.MREMAP_MAYMOVE), "unmap 0x10000001000+0x3000\n"},
		{"mremap moves", false, mremap(4, 6, 20, 22, move), "remap 0x10000014000+0x2000 from 0x10000004000+0x2000 flags 3\n"},
		{"mremap moves and grows", false, mremap(4, 6, 20, 26, move), "remap 0x10000014000+0x6000 from 0x10000004000+0x2000 flags 3\n"},
		{"mremap moves and shrinks", false, mremap(0, 4, 20, 21, move),
			"remap 0x10000014000+0x1000 from 0x10000000000+0x1000 flags 3\nunmap 0x10000001000+0x3000\n"},
		{"mremap moves over others", false, mremap(0, 2, 4, 6, move),
			"unmap 0x10000004000+0x2000\nremap 0x10000004000+0x2000 from 0x10000000000+0x2000 flags 3\n"},
		{"mremap without a twin", false, mremap(6, 8, 20, 22, move), ""},
		{"mremap keeps the old one", false, mremap(0, 4, 20, 24, keep), "remap 0x10000014000+0x4000 from 0x10000000000+0x4000 flags 7\n"},
		{"mremap of found data grows", false, mremap(8, 10, 20, 24, move),
			"remap 0x10000014000+0x4000 from 0x10000008000+0x2000 flags 3\ncopy 0x10000016000+0x2000\n"},
		{"mremap makes a second view", false, mremap(11, 11, 20, 21, move),
			"remap 0x10000014000+0x1000 from 0x1000000b000+0x0 flags 3\n"},
		{"mremap of pieces", true, mremap(0, 4, 20, 24, move),
			"remap 0x10000014000+0x1000 from 0x10000000000+0x1000 flags 3\nunmap 0x10000001000+0x1000\n" +
				"map 0x10000015000+0x1000 prot 3 flags 0x104001 sink+0x0\nremap 0x10000016000+0x2000 from 0x10000002000+0x2000 flags 3\n"},

		{"DONTNEED", false, madvise(1, 3, unix.MADV_DONTNEED), "advise 0x10000001000+0x2000 advice 4\n"},
		{"FREE", false, madvise(1, 3, unix.MADV_FREE), "advise 0x10000001000+0x2000 advice 4\n"},
		{"DONTNEED over all", false, madvise(0, 12, unix.MADV_DONTNEED),
			"advise 0x10000000000+0x6000 advice 4\nadvise 0x10000008000+0x2000 advice 4\ncopy 0x10000008000+0x2000\n"},
		{"DONTNEED of what is off", true, madvise(0, 3, unix.MADV_DONTNEED),
			"advise 0x10000000000+0x1000 advice 4\nadvise 0x10000002000+0x1000 advice 4\n"},
		{"REMOVE", false, madvise(10, 12, unix.MADV_REMOVE), "advise 0x1000000a000+0x2000 advice 9\n"},
		{"REMOVE, failed half way", false, func(s *Space) []Op { return s.RemoveOps(at(9), at(11)) }, "copy 0x1000000a000+0x1000\n"},
		{"GUARD_INSTALL", false, madvise(0, 1, unix.MADV_GUARD_INSTALL), "advise 0x10000000000+0x1000 advice 102\n"},
		{"HUGEPAGE", false, madvise(0, 4, unix.MADV_HUGEPAGE), "advise 0x10000000000+0x4000 advice 14\n"},
		{"DONTFORK", false, madvise(0, 8, unix.MADV_DONTFORK), "advise 0x10000000000+0x6000 advice 10\n"},
		{"MERGEABLE", false, madvise(0, 4, unix.MADV_MERGEABLE), ""},
		{"WILLNEED", false, madvise(0, 8, unix.MADV_WILLNEED), ""},
		{"advice lasts until the twin is made", false, func(s *Space) []Op {
			s.MadviseOps(at(6), at(8), unix.MADV_NOHUGEPAGE)
			return s.MprotectOps(at(6), at(8), rw, Birth{})
		}, "map 0x10000006000+0x2000 prot 3 " + anonFlags + " anon+0x0\nadvise 0x10000006000+0x2000 advice 15\ncopy 0x10000006000+0x2000\n"},
	} {
		s := prepared(t, row.off)
		if got := opsText(s.Layout, row.do(s)); got != row.want {
			t.Errorf("%s:\n%swant\n%s", row.name, got, row.want)
		}
	}
}

func TestMmapWhereNoMirrorCanBe(t *testing.T) {
	s := NewSpace(Default(), Policy{})
	_, err := s.MmapOps(anonymous(s.Layout.Cache.Low, s.Layout.Cache.Low+PageSize, rw), Birth{Fresh: true})
	var gap *GapError
	if !errors.As(err, &gap) || s.Len() != 0 {
		t.Errorf("%v, %d mappings", err, s.Len())
	}
}

func TestNoSinkWithoutMirrorWrites(t *testing.T) {
	s := NewSpace(Default(), policy(t, "+none"))
	ops, err := s.MmapOps(anonymous(at(0), at(4), rw), Birth{Fresh: true})
	if err != nil || len(ops) != 0 {
		t.Errorf("%v, %v", ops, err)
	}
}

func TestInstead(t *testing.T) {
	s := prepared(t, false)
	ops, err := s.MremapOps(at(4), at(6), at(20), at(22), unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED)
	if err != nil {
		t.Fatal(err)
	}
	want := "unmap 0x10000004000+0x2000\nmap 0x10000014000+0x2000 prot 3 " + anonFlags + " anon+0x0\ncopy 0x10000014000+0x2000\n"
	if got := opsText(s.Layout, s.Instead(ops[0])); got != want {
		t.Errorf("got\n%s", got)
	}
	if m, _ := s.Find(at(20)); m.Twin != SourceAnon {
		t.Errorf("recorded as %v", m)
	}
	if ops := s.Instead(Op{Kind: OpUnmap}); ops != nil {
		t.Errorf("%v", ops)
	}
}

func TestFork(t *testing.T) {
	s := prepared(t, true)
	s.MadviseOps(at(0), at(5), unix.MADV_DONTFORK)
	child, ops := s.Fork()
	if got := opsText(s.Layout, ops); got != "unmap 0x10000001000+0x1000\n" {
		t.Errorf("got\n%s", got)
	}
	if child.Mapped(at(0), at(1)) || !child.Mapped(at(5), at(12)) || !s.Mapped(at(0), at(12)) {
		t.Errorf("child\n%s", text(child))
	}
}
