package shadowmem

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// opsText writes operations a line each, with addresses as the native ones that they belong to.
func opsText(l Layout, ops []Op) string {
	var b strings.Builder
	for _, op := range ops {
		op.Addr = Mirror(l.Native(op.Addr))
		if op.Kind == OpRemap {
			op.From = Mirror(l.Native(op.From))
		}
		fmt.Fprintln(&b, op)
	}
	return b.String()
}

const (
	base = Native(0x100_0000_0000) // in the middle of nowhere
	two  = base + 0x2000
	// Flags of a twin: private, fixed-noreplace, and anonymous.
	fileFlags = "flags 0x100002"
	anonFlags = "flags 0x100022"
)

func TestTwin(t *testing.T) {
	fresh, call := Birth{Fresh: true}, Birth{Fresh: true, File: true}
	shared := unix.MAP_SHARED | unix.MAP_ANONYMOUS
	for _, row := range []struct {
		name  string
		m     Mapping
		b     Birth
		state State
		twin  Source
		want  string
	}{
		{"private anonymous", Mapping{Prot: rw, Flags: private}, fresh, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\n"},
		{"fenced", Mapping{Prot: rw, Flags: private, State: Fenced}, fresh, Fenced, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\n"},
		{"reservation", Mapping{Prot: 0, Flags: private | unix.MAP_NORESERVE}, fresh, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 0 flags 0x104022 anon+0x0\n"},
		{"never executable", Mapping{Prot: rw | rx, Flags: private}, fresh, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\n"},
		{"thread stack", Mapping{Prot: rw, Flags: private | unix.MAP_STACK, Kind: ThreadStack}, fresh, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 flags 0x120022 anon+0x0\n"},
		{"growing stack", Mapping{Prot: rw, Flags: private | unix.MAP_GROWSDOWN, Kind: Stack}, fresh, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 flags 0x100122 anon+0x0\n"},
		{"locked and populated", Mapping{Prot: rw, Flags: private | unix.MAP_LOCKED | unix.MAP_POPULATE}, fresh, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\n"},
		{"found with contents", Mapping{Prot: rw, Flags: private, Kind: Stack}, Birth{}, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\ncopy 0x10000000000+0x2000\n"},
		{"advice", Mapping{Prot: rw, Flags: private, Advice: HugePage | DontFork}, fresh, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\nadvise 0x10000000000+0x2000 advice 14\nadvise 0x10000000000+0x2000 advice 10\n"},
		{"private file", Mapping{Prot: rw, Flags: unix.MAP_PRIVATE, Kind: Data, FileOff: 0x3000}, call, Mirrored, SourceFile,
			"map 0x10000000000+0x2000 prot 3 " + fileFlags + " file+0x3000\n"},
		{"private file, without the file", Mapping{Prot: rw, Flags: unix.MAP_PRIVATE, Kind: Data, FileOff: 0x3000}, Birth{}, Mirrored, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\ncopy 0x10000000000+0x2000\n"},
		{"private file, changed before", Mapping{Prot: rw, Flags: unix.MAP_PRIVATE, Kind: Data}, Birth{File: true}, Mirrored, SourceFile,
			"map 0x10000000000+0x2000 prot 3 " + fileFlags + " file+0x0\ncopy 0x10000000000+0x2000\n"},
		{"text", Mapping{Prot: rx, Flags: unix.MAP_PRIVATE, Kind: Text}, call, ReadOnly, SourceNone, ""},
		{"fenced text", Mapping{Prot: rx, Flags: unix.MAP_PRIVATE, Kind: Text, State: Fenced}, call, ReadOnly, SourceNone, ""},
		{"shared anonymous", Mapping{Prot: rw, Flags: shared, Kind: Shared}, fresh, Mirrored, SourceShared,
			"map 0x10000000000+0x2000 prot 3 flags 0x104021 shared+0x0\n"},
		{"shared anonymous, found", Mapping{Prot: rw, Flags: shared, Kind: Shared}, Birth{}, Mirrored, SourceShared,
			"map 0x10000000000+0x2000 prot 3 flags 0x104021 shared+0x0\ncopy 0x10000000000+0x2000\n"},
		{"shared anonymous, read-only: children may write it later", Mapping{Prot: ro, Flags: shared, Kind: Shared}, fresh, Mirrored, SourceShared,
			"map 0x10000000000+0x2000 prot 3 flags 0x104021 shared+0x0\n"},
		{"shared file with a twin", Mapping{Prot: rw, Flags: unix.MAP_SHARED, Kind: Shared, FileOff: 0x1000}, Birth{Fresh: true, File: true, Twin: true},
			Mirrored, SourceShared, "map 0x10000000000+0x2000 prot 3 flags 0x104001 shared+0x1000\ncopy 0x10000000000+0x2000\n"},
		{"shared file", Mapping{Prot: rw, Flags: unix.MAP_SHARED, Kind: Shared, FileOff: 0x1000}, call, Unprotected, SourceFile,
			"map 0x10000000000+0x2000 prot 3 " + fileFlags + " file+0x1000\n"},
		{"shared file, found", Mapping{Prot: rw, Flags: unix.MAP_SHARED, Kind: Shared, FileOff: 0x1000}, Birth{File: true}, Unprotected, SourceFile,
			"map 0x10000000000+0x2000 prot 3 " + fileFlags + " file+0x1000\n"},
		{"shared file, read-only", Mapping{Prot: ro, Flags: unix.MAP_SHARED, Kind: Shared}, call, ReadOnly, SourceNone, ""},
		{"droppable", Mapping{Prot: rw, Flags: unix.MAP_DROPPABLE | unix.MAP_ANONYMOUS}, fresh, Unprotected, SourceAnon,
			"map 0x10000000000+0x2000 prot 3 " + anonFlags + " anon+0x0\n"},
		{"vdso", Mapping{Prot: rx, Flags: private, Kind: VDSO}, Birth{}, ReadOnly, SourceNone, ""},
		{"device", Mapping{Prot: rw, Flags: unix.MAP_SHARED, Kind: Special}, call, Unprotected, SourceSink,
			"map 0x10000000000+0x2000 prot 3 flags 0x104001 sink+0x0\n"},
		{"device, read-only", Mapping{Prot: ro, Flags: unix.MAP_SHARED, Kind: Special}, call, ReadOnly, SourceNone, ""},
		{"off", Mapping{Prot: rw, Flags: private, State: Off}, fresh, Off, SourceSink,
			"map 0x10000000000+0x2000 prot 3 flags 0x104001 sink+0x0\n"},
		{"off, not writable", Mapping{Prot: 0, Flags: private, State: Off}, fresh, Off, SourceNone, ""},
	} {
		row.m.Start, row.m.End = base, two
		m, ops := NewSpace(Default(), Policy{}).Twin(row.m, row.b)
		if got := opsText(Default(), ops); got != row.want || m.State != row.state || m.Twin != row.twin {
			t.Errorf("%s: %v twin %v\n%swant %v twin %v\n%s", row.name, m.State, m.Twin, got, row.state, row.twin, row.want)
		}
		if (m.State == Unprotected || m.State == ReadOnly) && m.Why == "" {
			t.Errorf("%s: %v because %q", row.name, m.State, m.Why)
		}
	}
}

// TestTwinOptsOutOfKSM also when a twin is rebuilt.
func TestTwinOptsOutOfKSM(t *testing.T) {
	s := NewSpace(Default(), Policy{})
	s.KSM = true
	ops, err := s.MmapOps(ofFile(base, two, rw, 0), Birth{Fresh: true, File: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, ops := range [][]Op{ops, s.Instead(ops[0])} {
		if len(ops) < 2 || ops[1].Kind != OpAdvise || ops[1].Advice != unix.MADV_UNMERGEABLE {
			t.Errorf("%v", ops)
		}
	}
}

// TestTwinOfHugePages: ordinary memory with the advice.
func TestTwinOfHugePages(t *testing.T) {
	m := Mapping{Start: base, End: base + 4<<20, Prot: rw, Flags: private | unix.MAP_HUGETLB}
	m, ops := NewSpace(Default(), Policy{}).Twin(m, Birth{Fresh: true})
	want := "map 0x10000000000+0x400000 prot 3 " + anonFlags + " anon+0x0\nadvise 0x10000000000+0x400000 advice 14\n"
	if got := opsText(Default(), ops); got != want || m.State != Mirrored {
		t.Errorf("%v\n%s", m.State, got)
	}
	s := NewSpace(Default(), Policy{})
	m.End = m.Start + PageSize
	if ops, err := s.MmapOps(m, Birth{Fresh: true}); err != nil || ops[0].Len != 2<<20 {
		t.Errorf("one page asked for: %v, %v", ops, err)
	}
	for _, row := range []struct {
		flags int
		size  uint64
	}{{private, 4096}, {private | unix.MAP_HUGETLB, 2 << 20}, {private | unix.MAP_HUGETLB | 30<<unix.MAP_HUGE_SHIFT, 1 << 30}} {
		if got := (Mapping{Flags: row.flags}).PageSize(); got != row.size {
			t.Errorf("flags %#x: page size %#x", row.flags, got)
		}
	}
}

// TestSink: few mappings, little memory, and every byte covered once.
func TestSink(t *testing.T) {
	for _, row := range []struct {
		size   uint64
		maps   int
		memory int64
	}{
		{4096, 1, 4096},
		{2 << 20, 1, 2 << 20},
		{2<<20 + 4096, 2, 2 << 20},
		{128 << 20, 64, 2 << 20},
		{1 << 30, 64, 16 << 20},
		{1<<30 + 4096, 57, 18 << 20},
		{1 << 40, 64, 16 << 30}, // written nowhere near that
	} {
		ops := sinkOps(0x1000, row.size)
		if len(ops) != row.maps || SinkSize(ops) != row.memory {
			t.Errorf("%#x: %d mappings, %#x bytes", row.size, len(ops), SinkSize(ops))
		}
		next := Mirror(0x1000)
		for _, op := range ops {
			if op.Addr != next || op.FileOff != 0 {
				t.Fatalf("%#x: %v, want it at %#x", row.size, op, uint64(next))
			}
			next += Mirror(op.Len)
		}
		if next != 0x1000+Mirror(row.size) {
			t.Errorf("%#x: ends at %#x", row.size, uint64(next))
		}
	}
}
