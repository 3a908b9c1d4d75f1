package pane

import (
	"fmt"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

func (m *Memory) Draw(s draw.Surface, d *Data, focused bool) {
	w, ok := m.find(d.Now)
	if !ok || len(w.Native) == 0 && len(w.Mirror) == 0 {
		m.window = w
		s.Text(1, 0, draw.Dim, draw.Fit(noMemory(d.Now, m), m.w-1))
		return
	}
	m.window = w
	f := m.form()
	m.headings(s, f)
	for y := range m.lines() {
		at := m.base + uint64(y*f.n)
		if m.Stacked {
			m.half(m.address(s.Row(1+y), at, f), view.Native, at, f, true, d, focused)
			m.half(m.address(s.Row(2+m.lines()+y), at, f), view.Backup, at, f, true, d, focused)
		} else {
			p := m.address(s.Row(1+y), at, f)
			m.half(p, view.Native, at, f, true, d, focused)
			p.To(addressWidth + f.width(true)).Put(m.gutter(at, f.n))
			m.half(p, view.Backup, at, f, f.text, d, focused)
		}
		m.minimap(s, 1+y, y, m.lines(), d)
	}
}

func noMemory(s *view.Snapshot, m *Memory) string {
	if s.State == view.Running && m.Expr != "" && m.Expr != LastWrite {
		return "running: " + m.Expr + " is known when the program pauses"
	}
	return fmt.Sprintf("nothing is mapped at %x", m.base)
}

func (m *Memory) headings(s draw.Surface, f form) {
	if m.Stacked {
		s.Text(addressWidth+1, 0, draw.Title, "native")
		s.Text(addressWidth+1, m.lines()+1, draw.Mirror, "backup")
		return
	}
	s.Text(addressWidth, 0, draw.Title, "native")
	s.Text(addressWidth+f.width(true)+3, 0, draw.Mirror, "backup")
}

// address starts a row; stacked copies have the sign of a difference behind it.
func (m *Memory) address(p *draw.Pen, at uint64, f form) *draw.Pen {
	p.Put(draw.Address, fmt.Sprintf("%012x", at))
	if m.Stacked {
		role, sign := m.gutter(at, f.n)
		return p.Put(role, strings.TrimSpace(sign)).To(addressWidth + 1)
	}
	return p.To(addressWidth)
}

// at is one byte of a copy.
func (m *Memory) at(half view.Half, addr uint64) (byte, bool) {
	data := m.window.Native
	if half == view.Backup {
		data = m.window.Mirror
	}
	if i := addr - m.window.Addr; addr >= m.window.Addr && i < uint64(len(data)) {
		return data[i], true
	}
	return 0, false
}

// differs compares the copies of a byte.
func (m *Memory) differs(addr uint64) bool {
	a, ok := m.at(view.Native, addr)
	b, both := m.at(view.Backup, addr)
	return ok && both && a != b
}

// gutter says of a row whether the copies agree.
func (m *Memory) gutter(at uint64, n int) (draw.Role, string) {
	if _, ok := m.at(view.Backup, at); !ok {
		if _, ok := m.at(view.Native, at); !ok {
			return draw.Dim, "   "
		}
		return draw.Dim, " - "
	}
	if _, ok := m.at(view.Native, at); !ok {
		return draw.Bad, " x "
	}
	for i := range n {
		if m.differs(at + uint64(i)) {
			return draw.Differ, " # "
		}
	}
	return draw.Good, " = "
}

// half draws the row of one copy.
func (m *Memory) half(p *draw.Pen, half view.Half, at uint64, f form, text bool, d *Data, focused bool) {
	left := p.At()
	var chars strings.Builder
	for i := range f.n {
		addr := at + uint64(i)
		b, ok := m.at(half, addr)
		role := m.role(half, addr, d)
		cell := ".."
		if ok {
			cell = fmt.Sprintf("%02x", b)
			chars.WriteByte(printable(b))
		} else {
			role = draw.Dim
			chars.WriteByte(' ')
		}
		if addr == m.cursor && half == m.Half {
			role = draw.Shadow
			if focused {
				role = draw.Current
			}
		}
		p.To(left+f.at(i)).Put(role, cell)
		if i%8 == 7 && i+1 < f.n && !f.grouped {
			p.Put(draw.Border, "┊")
		}
	}
	if text {
		role := draw.Dim
		if half == view.Backup {
			role = draw.Support
		}
		p.To(left+f.at(f.n)).Put(role, chars.String())
	}
}

// role is how a byte looks: different, just written, changed since the last stop, zero.
func (m *Memory) role(half view.Half, addr uint64, d *Data) draw.Role {
	w := m.window
	b, _ := m.at(half, addr)
	switch {
	case m.differs(addr):
		return draw.Differ
	case w.LastN > 0 && addr >= w.Last && addr < w.Last+uint64(w.LastN):
		return draw.Changed
	case d.Before != nil && changed(d.Before, half, addr, b):
		return draw.Warn
	case half == view.Backup:
		return draw.Mirror
	case b == 0:
		return draw.Dim
	}
	return draw.Plain
}

// changed says whether a byte was another one in an earlier snapshot.
func changed(s *view.Snapshot, half view.Half, addr uint64, now byte) bool {
	for _, w := range s.Memory {
		data := w.Native
		if half == view.Backup {
			data = w.Mirror
		}
		if i := addr - w.Addr; addr >= w.Addr && i < uint64(len(data)) {
			return data[i] != now
		}
	}
	return false
}

func printable(b byte) byte {
	if b < ' ' || b > '~' {
		return '.'
	}
	return b
}

// minimap is the last column: the whole mapping from top to bottom, where the window is, and what is known to be wrong.
func (m *Memory) minimap(s draw.Surface, y, i, h int, d *Data) {
	w := m.window
	width, _ := s.Size()
	if w.High <= w.Low || h == 0 {
		return
	}
	step := (w.High - w.Low) / uint64(h)
	low := w.Low + step*uint64(i)
	high := low + max(step, 1)
	role, mark := draw.Border, "│"
	shown := w.Addr + uint64(max(len(w.Native), len(w.Mirror)))
	if w.Addr < high && shown > low {
		role, mark = draw.Focus, "┃"
	}
	if w.LastN > 0 && w.Last >= low && w.Last < high {
		role, mark = draw.Changed, "*"
	}
	for _, g := range d.Divergent {
		if g.Start < high && g.End > low {
			role, mark = draw.Differ, "#"
		}
	}
	for _, e := range d.Broken {
		if e.Addr >= low && e.Addr < high {
			role, mark = draw.Bad, "x"
		}
	}
	s.Text(width-1, y, role, mark)
}
