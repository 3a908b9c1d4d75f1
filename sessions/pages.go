package sessions

import (
	"bytes"

	"kmv/engine/view"
)

const (
	pageSize = 4096
	lineSize = 64 // a difference is found in such lines
)

// pageKey names a page of one process.
type pageKey struct {
	pid  int
	addr uint64
}

// pageImage is what was read of a page: from its start, both copies.
type pageImage struct {
	native, mirror []byte
	used           uint64 // when it was read last, for forgetting
}

// pageBase keeps the last image of each page that was written to the file.
type pageBase struct {
	pages map[pageKey]*pageImage
	clock uint64
}

// mostPages bounds the images: 8 KiB each.
const mostPages = 1024

func newPageBase() *pageBase { return &pageBase{pages: map[pageKey]*pageImage{}} }

// differ turns a window that starts at a page, and is no longer than one, into what changed since it was read last.
func (base *pageBase) differ(pid int, w view.Window) MemoryRead {
	r := MemoryRead{
		Addr: w.Addr, Size: len(w.Native), Pid: pid, State: w.State, Range: w.Range, Low: w.Low, High: w.High,
		Last: w.Last, LastN: w.LastN, Mirror: w.Mirror != nil,
	}
	key := pageKey{pid, w.Addr}
	old := base.pages[key]
	if old == nil || len(old.native) != len(w.Native) || len(old.mirror) != len(w.Mirror) {
		old, r.Full = &pageImage{}, true
	}
	r.Pieces = pieces(w, old, r.Full)
	base.clock++
	base.pages[key] = &pageImage{bytes.Clone(w.Native), bytes.Clone(w.Mirror), base.clock}
	if len(base.pages) > mostPages {
		base.forget()
	}
	return r
}

// pieces finds the runs of lines that differ from the old image.
func pieces(w view.Window, old *pageImage, full bool) []Piece {
	if full {
		return []Piece{piece(w, 0, len(w.Native))}
	}
	var found []Piece
	from := -1
	for at := 0; at < len(w.Native); at += lineSize {
		end := min(at+lineSize, len(w.Native))
		same := bytes.Equal(w.Native[at:end], old.native[at:end]) && bytes.Equal(part(w.Mirror, at, end), part(old.mirror, at, end))
		if same && from >= 0 {
			found = append(found, piece(w, from, at))
			from = -1
		} else if !same && from < 0 {
			from = at
		}
	}
	if from >= 0 {
		found = append(found, piece(w, from, len(w.Native)))
	}
	return found
}

// part is b[from:to] as far as there is one.
func part(b []byte, from, to int) []byte { return b[min(from, len(b)):min(to, len(b))] }

func piece(w view.Window, from, to int) Piece {
	p := Piece{Addr: w.Addr + uint64(from), Native: bytes.Clone(w.Native[from:to])}
	if m := part(w.Mirror, from, to); w.Mirror != nil && !bytes.Equal(m, p.Native) {
		p.Mirror = bytes.Clone(m)
	}
	return p
}

// forget drops the older half.
func (base *pageBase) forget() {
	for key, p := range base.pages {
		if p.used+mostPages/2 < base.clock {
			delete(base.pages, key)
		}
	}
}
