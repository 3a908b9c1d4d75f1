package shadowmem

import (
	"errors"
	"testing"
)

func TestDefaultLayoutIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(*Layout)
	}{
		{"code zone over 2 GiB", func(l *Layout) { l.Code.High = 3 << 30; l.Hole.Low = 3 << 30 }},
		{"hole too short for the jump map", func(l *Layout) { l.Hole.High = 9 << 30 }},
		{"code in the hole", func(l *Layout) { l.Code.High += PageSize }},
		{"far jump map outside its hole", func(l *Layout) { l.FarHole.High -= PageSize }},
		{"far hole in the data", func(l *Layout) { l.Far.High, l.FarHole.High = 5<<40, 20<<40+0x7fff_0000 }},
		{"data with canonical lookups", func(l *Layout) { l.Data.Low = 15 << 40 }},
		{"data in the mirror half", func(l *Layout) { l.Data.High = 65 << 40 }},
		{"mirror in the runtime area", func(l *Layout) { l.Data.High = 64 << 40 }},
		{"cache above 4 GiB", func(l *Layout) { l.Cache.High += PageSize }},
		{"cache outside the hole", func(l *Layout) { l.Cache = Zone{1 << 30, 2 << 30} }},
		{"thread blocks in the cache", func(l *Layout) { l.Threads.Low = 3 << 30 }},
		{"unaligned", func(l *Layout) { l.Data.High -= 8 }},
		{"empty zone", func(l *Layout) { l.Data.High = l.Data.Low }},
	} {
		l := Default()
		row.spoil(&l)
		if l.Validate() == nil {
			t.Errorf("%s: not refused: %+v", row.name, l)
		}
	}
}

// TestHalves sorts addresses: native, mirror or neither.
func TestHalves(t *testing.T) {
	l := Default()
	jumpMap, jumpMapEnd := l.JumpMapRange()
	for _, row := range []struct {
		addr           uint64
		native, mirror bool
	}{
		{0, true, false},
		{0x400000, true, false},
		{0x7ffe_ffff, true, false},
		{0x7fff_0000, false, false}, // the hole
		{uint64(l.Cache.Low), false, false},
		{uint64(l.Threads.Low), false, false},
		{uint64(l.Hole.High), true, false},
		{uint64(l.Far.Low), true, false},
		{uint64(l.FarHole.Low), false, false},
		{l.Lookup(uint64(l.Far.Low)), false, false},
		{l.Lookup(uint64(l.Far.High) - 1), false, false},
		{uint64(l.Data.High) - 1, true, false},
		{uint64(l.Data.High), false, false},
		{l.Offset, false, true},
		{l.Offset + 0x400000, false, true},
		{jumpMap, false, false},
		{jumpMapEnd - 1, false, false},
		{l.Offset + uint64(l.Data.Low), false, true},
		{l.Offset + uint64(l.Data.High) - 1, false, true},
		{0x7f00_0000_0000, false, false},
		{0xffff_8000_0000_0000, false, false},
	} {
		if n, m := l.InNative(row.addr), l.InMirror(row.addr); n != row.native || m != row.mirror {
			t.Errorf("%#x: native %v mirror %v, want %v %v", row.addr, n, m, row.native, row.mirror)
		}
	}
}

// TestLookups checks what a jump map lookup of an address reads: an entry of its own, or something that faults.
func TestLookups(t *testing.T) {
	l := Default()
	start, end := l.JumpMapRange()
	farStart, farEnd := l.FarJumpRange()
	if start != l.Offset+0x7fff_0000 || end-start != 4*0x7fff_0000 {
		t.Errorf("jump map %#x-%#x", start, end)
	}
	isCanonical := func(a uint64) bool { return a>>47 == 0 || a>>47 == 1<<17-1 }
	for _, row := range []struct {
		addr             uint64
		inMap, canonical bool
	}{
		{0, true, true},
		{uint64(l.Code.High) - 1, true, true},
		{uint64(l.Code.High), false, true}, // the hole: nothing is mapped where its lookups go
		{uint64(l.Far.Low), true, true},
		{uint64(l.Far.High) - 1, true, true},
		{uint64(l.Data.Low), false, false},
		{uint64(l.Data.High) - 1, false, false},
	} {
		at := l.Lookup(row.addr)
		if inMap := at >= start && at < end || at >= farStart && at < farEnd; inMap != row.inMap || isCanonical(at) != row.canonical {
			t.Errorf("lookup of %#x reads %#x", row.addr, at)
		}
	}
	for a := uint64(l.Hole.Low); a < uint64(l.Hole.High); a += 1 << 28 {
		if at := l.Lookup(a); l.Data.Holds(Native(at - l.Offset)) {
			t.Errorf("lookup of %#x in the hole reads the copy of %#x", a, at-l.Offset)
		}
	}
}

func TestCheck(t *testing.T) {
	l := Default()
	for _, row := range []struct {
		start, end Native
		ok         bool
	}{
		{0x400000, 0x401000, true},
		{l.Data.Low, l.Data.High, true},
		{l.Hole.High, l.Hole.High + PageSize, true},
		{0x7ffe_f000, 0x7fff_1000, false},
		{5 << 30, 5<<30 + PageSize, false},
		{l.Far.Low, l.Far.High, true},
		{5 << 40, 5<<40 + PageSize, false},
		{l.Data.High, l.Data.High + PageSize, false},
		{0x5000, 0x5000, false},
		{0xffff_f000, 0x1000, false},
	} {
		err := l.Check(row.start, row.end)
		var gap *GapError
		if (err == nil) != row.ok || err != nil && !errors.As(err, &gap) {
			t.Errorf("%#x-%#x: %v", uint64(row.start), uint64(row.end), err)
		}
	}
}
