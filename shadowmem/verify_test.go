package shadowmem

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCompare(t *testing.T) {
	for _, row := range []struct {
		size   int
		differ []int
		want   []Diff
	}{
		{8192, nil, nil},
		{8192, []int{0}, []Diff{{0x1000, 0x1001}}},
		{8192, []int{8191}, []Diff{{0x2fff, 0x3000}}},
		{8192, []int{16, 17, 18, 19}, []Diff{{0x1010, 0x1014}}},
		{8192, []int{16, 24}, []Diff{{0x1010, 0x1019}}},                   // 7 equal bytes between: one
		{8192, []int{16, 25}, []Diff{{0x1010, 0x1011}, {0x1019, 0x101a}}}, // 8: two
		{8192, []int{4095, 4096}, []Diff{{0x1fff, 0x2001}}},               // over a page boundary
		{13, []int{12}, []Diff{{0x100c, 0x100d}}},                         // not a multiple of anything
		{0, nil, nil},
	} {
		native := bytes.Repeat([]byte{7}, row.size)
		mirror := bytes.Clone(native)
		for _, at := range row.differ {
			mirror[at]++
		}
		if got := Compare(native, mirror, 0x1000); !slices.Equal(got, row.want) {
			t.Errorf("%v: %x", row.differ, got)
		}
	}
}

// TestCompareAgainstBytewise compares with the obvious way to do it.
func TestCompareAgainstBytewise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		native := make([]byte, r.IntN(3*PageSize))
		mirror := bytes.Clone(native)
		for range r.IntN(20) {
			if len(mirror) > 0 {
				mirror[r.IntN(len(mirror))] ^= byte(r.IntN(256))
			}
		}
		var want []Diff
		for i := range native {
			if native[i] == mirror[i] {
				continue
			}
			if n := len(want); n > 0 && Native(i)-want[n-1].End < diffGap {
				want[n-1].End = Native(i) + 1
			} else {
				want = append(want, Diff{Native(i), Native(i) + 1})
			}
		}
		if got := Compare(native, mirror, 0); !slices.Equal(got, want) {
			t.Fatalf("got %x\nwant %x", got, want)
		}
	}
}

func TestSelect(t *testing.T) {
	const (
		none   = 0
		zero   = PagePresent // the zero page, read but never written
		own    = PagePresent | 5
		other  = PagePresent | 6
		file   = PagePresent | PageFile | 7
		swap   = PageSwapped
		guard  = PageGuard
		migrat = PageSwapped | PageFile
	)
	anon := Mapping{Flags: unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, Twin: SourceAnon}
	fileTwin := Mapping{Flags: unix.MAP_PRIVATE, Twin: SourceFile}
	copied := Mapping{Flags: unix.MAP_PRIVATE, Twin: SourceAnon}
	off := Mapping{Flags: unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, Twin: SourceSink, State: Off}
	for _, row := range []struct {
		name           string
		m              Mapping
		native, mirror []uint64
		want           string
	}{
		{"untouched anonymous", anon, []uint64{none, none}, []uint64{none, none}, ""},
		{"touched anonymous", anon, []uint64{none, own, own, zero, none, swap}, []uint64{none, other, none, none, zero, none}, "1+5 "},
		{"runs", anon, []uint64{own, none, own, none}, []uint64{other, none, none, none}, "0+1 2+1 "},
		{"guard", anon, []uint64{guard, own}, []uint64{guard, other}, "1+1 "},
		{"only the copy is a guard", anon, []uint64{none}, []uint64{guard}, ""},
		{"file page in both", fileTwin, []uint64{file, none, file, none}, []uint64{file, file, none, none}, ""},
		{"written file page", fileTwin, []uint64{own, file, own, swap, migrat}, []uint64{other, own, none, swap, file}, "0+5 "},
		{"file copied to anonymous", copied, []uint64{none, file, own}, []uint64{none, own, other}, "2+1 "},
		{"off", off, []uint64{own}, []uint64{other}, ""},
	} {
		got := ""
		Select(row.native, row.mirror, row.m, func(first, n int) { got += fmt.Sprintf("%d+%d ", first, n) })
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	native, mirror := make([]byte, 1<<20), make([]byte, 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		Compare(native, mirror, 0)
	}
}
