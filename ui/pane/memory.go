package pane

import (
	"fmt"
	"path/filepath"
	"strings"

	"kmv/engine/view"
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
