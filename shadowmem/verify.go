package shadowmem

import (
	"bytes"
	"encoding/binary"
)

// Diff is a run of bytes that differ from their copies.
type Diff struct{ Start, End Native }

// diffGap: differing bytes closer than this are one Diff; they are most likely parts of one store.
const diffGap = 8

// Compare lists where native, which is at address at, differs from its copy.
func Compare(native, mirror []byte, at Native) []Diff {
	if len(native) != len(mirror) {
		panic("BUG: halves of different length")
	}
	var diffs []Diff
	for len(native) > 0 {
		n := min(len(native), PageSize)
		if !bytes.Equal(native[:n], mirror[:n]) {
			diffs = comparePage(diffs, native[:n], mirror[:n], at)
		}
		native, mirror, at = native[n:], mirror[n:], at+Native(n)
	}
	return diffs
}

// comparePage appends the differences of a page to those before it.
func comparePage(diffs []Diff, native, mirror []byte, at Native) []Diff {
	for i := 0; i < len(native); i++ {
		if i+8 <= len(native) && binary.LittleEndian.Uint64(native[i:]) == binary.LittleEndian.Uint64(mirror[i:]) {
			i += 7
			continue
		}
		if native[i] == mirror[i] {
			continue
		}
		here := at + Native(i)
		if last := len(diffs) - 1; last >= 0 && here-diffs[last].End < diffGap {
			diffs[last].End = here + 1
			continue
		}
		diffs = append(diffs, Diff{here, here + 1})
	}
	return diffs
}

// Bits of a /proc/PID/pagemap word (Documentation/admin-guide/mm/pagemap.rst).
const (
	PagePresent   = 1 << 63
	PageSwapped   = 1 << 62
	PageFile      = 1 << 61 // a page of the page cache, or of shared memory: not private to the mapping
	PageExclusive = 1 << 56 // mapped once: neither the zero page nor shared with a forked process
	PageGuard     = 1 << 58 // MADV_GUARD_INSTALL: unreadable
	PageDirty     = 1 << 55 // written since the last clear_refs: soft-dirty
)

// Select says which pages of a mapping must be compared, as runs of page numbers from the mapping's start. native and
// mirror are the pagemap words of the two halves. It leaves out what is equal without looking:
//
//	anonymous               both never touched: both zero
//	file, file twin         each half untouched or still showing the file: both the file's page
//	file, copied twin       native is still the file's page: the program has written nothing there
//	shared, one twin        both never touched by this process: those who did compare them
//	a guard page in native  cannot be read, holds nothing
func Select(native, mirror []uint64, m Mapping, visit func(first, n int)) {
	if len(native) != len(mirror) {
		panic("BUG: halves of different length")
	}
	if !m.Compared() {
		return
	}
	first := -1
	for i := range native {
		if m.sure(native[i], mirror[i]) {
			if first >= 0 {
				visit(first, i-first)
			}
			first = -1
		} else if first < 0 {
			first = i
		}
	}
	if first >= 0 {
		visit(first, len(native)-first)
	}
}

// sure says whether a page and its copy are equal, from their pagemap words alone.
func (m Mapping) sure(native, mirror uint64) bool {
	switch {
	case native&PageGuard != 0:
		return true
	case m.HasFile() && m.Twin != SourceShared:
		return isFile(native) && (m.Twin == SourceAnon || isFile(mirror))
	}
	return untouched(native) && untouched(mirror)
}

func untouched(word uint64) bool { return word&(PagePresent|PageSwapped) == 0 }

// isFile says whether a page of a private file mapping is still the file's.
func isFile(word uint64) bool {
	return untouched(word) || word&(PagePresent|PageSwapped|PageFile) == PagePresent|PageFile
}
