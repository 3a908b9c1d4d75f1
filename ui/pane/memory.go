package pane

import (
	"fmt"
	"path/filepath"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// Memory is the memory pair: both copies of the same addresses, with a gutter for differences between them and a map of the
// whole mapping at the right.
type Memory struct {
	Stacked bool
	Half    view.Half // the cursor's
	Expr    string    // followed; "" stays where it is
	w, h    int
	base    uint64 // the first byte shown, a multiple of the row
	cursor  uint64
	window  view.Window
}

// NewMemory follows the stack pointer, until it is told otherwise.
func NewMemory() *Memory { return &Memory{Half: view.Native, Expr: "$rsp"} }

// LastWrite is the expression for the last store.
const LastWrite = "@last"

func (m *Memory) Title(d *Data) string {
	w := m.window
	t := "memory"
	if kind, name, _ := strings.Cut(w.Range, " "); kind != "" {
		t += " " + kind
		if name != "" {
			t += " " + filepath.Base(name)
		}
	}
	if w.State != "" {
		t += " (" + w.State + ")"
	}
	switch m.Expr {
	case "":
	case LastWrite:
		t += " follows the last write"
	default:
		t += " follows " + m.Expr
	}
	return t
}

func (m *Memory) Size(w, h int) { m.w, m.h = w, h }

// form is how a row of bytes is written: how many, in groups of four without spaces between them where it is narrow, and
// whether the copy beside it has its text too.
type form struct {
	n       int
	grouped bool
	text    bool
}

// forms are tried in this order.
var forms = []form{{16, false, true}, {16, true, true}, {8, false, true}, {8, true, true}, {8, true, false}, {4, false, true}, {4, true, false}}

// at is the column of a byte; at(n) is where the text stands.
func (f form) at(i int) int {
	if f.grouped {
		return 2*i + i/4
	}
	return 3 * i
}

// width is what one copy takes.
func (f form) width(text bool) int {
	if text {
		return f.at(f.n) + f.n
	}
	return f.at(f.n) - 1
}

const addressWidth = 13

func (m *Memory) form() form {
	if m.Stacked {
		for _, f := range append([]form{{32, false, true}, {32, true, true}}, forms...) {
			if addressWidth+1+f.width(true)+1 <= m.w {
				return f
			}
		}
	}
	for _, f := range forms {
		if addressWidth+f.width(true)+3+f.width(f.text)+1 <= m.w {
			return f
		}
	}
	return forms[len(forms)-1]
}

// lines are the rows of bytes: stacked, below a heading for each copy.
func (m *Memory) lines() int {
	if m.Stacked {
		return max((m.h-2)/2, 0)
	}
	return max(m.h-1, 0)
}

// Ask asks for what is shown, and before that for the followed expression.
func (m *Memory) Ask(q *view.Query) {
	n := m.form().n
	size := n * m.lines()
	if m.Expr != "" && m.Expr != LastWrite {
		q.Memory = append(q.Memory, view.MemoryQuery{Text: m.Expr, Size: size})
	}
	if m.base != 0 {
		q.Memory = append(q.Memory, view.MemoryQuery{Addr: m.base, Size: size})
	}
}

// Goto shows an address and stays there.
func (m *Memory) Goto(addr uint64) {
	n := m.form().n
	m.Expr, m.cursor = "", addr
	if addr < m.base || addr >= m.base+uint64(n*m.lines()) {
		m.base = addr &^ uint64(n-1)
		m.base -= min(m.base, uint64(n*(m.lines()/4)))
	}
}

// Cursor is the byte under the cursor.
func (m *Memory) Cursor() uint64 { return m.cursor }

// Size of what is shown.
func (m *Memory) Window() view.Window { return m.window }

// find picks the window that holds most of what is shown.
func (m *Memory) find(s *view.Snapshot) (best view.Window, ok bool) {
	n := m.form().n
	end := m.base + uint64(n*m.lines())
	most := -1
	for _, w := range s.Memory {
		high := w.Addr + uint64(max(len(w.Native), len(w.Mirror)))
		if held := int(min(end, high)) - int(max(m.base, w.Addr)); max(held, 0) > most {
			best, most = w, max(held, 0)
		}
	}
	return best, most >= 0
}

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

// Settle takes a new snapshot: the window moves to where the followed expression leads, but only when it must, so that
// nothing jumps while stepping. It says whether other bytes than those of the snapshot are needed now.
func (m *Memory) Settle(s *view.Snapshot) bool {
	goal := uint64(0)
	for i, w := range s.Memory {
		switch {
		case m.Expr == LastWrite && w.LastN > 0:
			goal = w.Last
		case m.Expr != LastWrite && i == 0 && (m.Expr != "" || m.base == 0):
			goal = w.Addr
		}
	}
	before := m.base
	if goal != 0 {
		m.follow(goal)
	}
	w, _ := m.find(s)
	n := m.form().n
	return m.base != before && (m.base < w.Addr || m.base+uint64(n*m.lines()) > w.Addr+uint64(max(len(w.Native), len(w.Mirror))))
}

// follow moves the base to an address unless it is shown already, in the upper three quarters.
func (m *Memory) follow(goal uint64) {
	n := m.form().n
	rows := max(m.lines(), 1)
	if goal < m.base || goal >= m.base+uint64(n*(rows*3/4+1)) {
		m.base, m.cursor = goal&^uint64(n-1), goal
	}
	if m.cursor < m.base || m.cursor >= m.base+uint64(n*rows) {
		m.cursor = goal
	}
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

func (m *Memory) Move(d *Data, rows, columns int) {
	n := m.form().n
	m.Expr = ""
	next := m.cursor + uint64(int64(rows*n)) + uint64(int64(columns))
	if columns != 0 && next/uint64(n) != m.cursor/uint64(n) && !m.Stacked {
		if columns > 0 && m.Half == view.Native { // beyond the last byte stands the first one of the copy
			m.Half, next = view.Backup, m.cursor&^uint64(n-1)
		} else if columns < 0 && m.Half == view.Backup {
			m.Half, next = view.Native, m.cursor|uint64(n-1)
		}
	}
	m.cursor = next
	m.show(n)
}

// show scrolls until the cursor is seen.
func (m *Memory) show(n int) {
	size := uint64(n * max(m.lines(), 1))
	if m.cursor < m.base {
		m.base = m.cursor &^ uint64(n-1)
	} else if m.cursor >= m.base+size {
		m.base = m.cursor&^uint64(n-1) - size + uint64(n)
	}
}

func (m *Memory) Page(d *Data, halves int) { m.Move(d, halves*max(m.lines()/2, 1), 0) }

func (m *Memory) Ends(d *Data, last bool) {
	if m.window.High == 0 {
		return
	}
	m.Expr, m.cursor = "", m.window.Low
	if last {
		m.cursor = m.window.High - 1
	}
	n := m.form().n
	m.show(n)
}

func (m *Memory) Click(_ *Data, x, y int) {
	f := m.form()
	y--
	half, left := view.Native, addressWidth
	if m.Stacked {
		left++
		if y > m.lines() {
			half, y = view.Backup, y-m.lines()-1
		}
	} else if start := addressWidth + f.width(true) + 3; x >= start {
		half, left = view.Backup, start
	}
	if y < 0 || y >= m.lines() {
		return
	}
	for i := range f.n {
		if x >= left+f.at(i) && x < left+f.at(i+1) {
			m.Half, m.cursor, m.Expr = half, m.base+uint64(y*f.n+i), ""
		}
	}
}

// Find looks for text, or for bytes written in hexadecimal, in what is shown.
func (m *Memory) Find(_ *Data, text string, direction int) bool {
	n := len(m.window.Native)
	for i := 1; i < n; i++ {
		at := ((int(m.cursor-m.window.Addr)+i*direction)%n + n) % n
		rest := m.window.Native[at:]
		if strings.HasPrefix(string(rest), text) || strings.HasPrefix(fmt.Sprintf("%x", rest), strings.ToLower(text)) {
			m.Expr, m.cursor = "", m.window.Addr+uint64(at)
			return true
		}
	}
	return false
}

func (m *Memory) Copy(*Data) string {
	n := m.form().n
	at := m.cursor &^ uint64(n-1)
	var b strings.Builder
	fmt.Fprintf(&b, "%x:", at)
	for i := range n {
		if v, ok := m.at(m.Half, at+uint64(i)); ok {
			fmt.Fprintf(&b, " %02x", v)
		}
	}
	return b.String()
}
