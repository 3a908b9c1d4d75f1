package pane

import (
	"fmt"

	"kmv/engine/view"
)

// Code is the code pair: native instructions, and row-aligned beside them (below them where it is narrow) their
// translation.
type Code struct {
	Stacked bool // the translation stands below
	Compact bool // without what only makes room for mirror writes
	w, h    int
	top     uint64 // address of the first row, 0 before the first frame
	cursor  uint64
	goal    uint64 // 0 follows the thread's instruction
	seen    uint64 // the instruction it followed last
	lines   []view.CodeLine
}

// side is the narrowest width that the pair has room for side by side.
const side = 64

func (c *Code) Title(d *Data) string {
	if c.goal != 0 {
		return "code (away from the program's place)"
	}
	return "code"
}

func (c *Code) Size(w, h int) { c.w, c.h = w, h }

func (c *Code) Ask(q *view.Query) {
	q.Registers = true // to know where the program stands
	q.Code = &view.CodeQuery{Addr: c.goal, Before: c.h + 8, After: 2*c.h + 8}
}

// Goto shows an address and leaves the program's place.
func (c *Code) Goto(addr uint64) { c.goal, c.cursor = addr, addr }

// Follow shows the program's place again.
func (c *Code) Follow() { c.goal, c.cursor, c.seen = 0, 0, 0 }

// Line is the instruction under the cursor.
func (c *Code) Line() *view.CodeLine {
	if i := c.index(c.cursor); i >= 0 {
		return &c.lines[i]
	}
	return nil
}

func (c *Code) index(addr uint64) int {
	for i := range c.lines {
		if c.lines[i].Addr == addr {
			return i
		}
	}
	return -1
}

// pc is the instruction that the shown thread stands at.
func pc(s *view.Snapshot) uint64 {
	if s.Frame > 0 && len(s.Stack) > 0 { // the registers are a caller's
		return s.Stack[0].PC
	}
	return register(s, "rip")
}

// register reads one of a snapshot's registers, 0 if it is not there.
func register(s *view.Snapshot, name string) uint64 {
	if s == nil || s.Registers == nil {
		return 0
	}
	for i, n := range s.Registers.Names {
		if n == name && i < len(s.Registers.Values) {
			return s.Registers.Values[i]
		}
	}
	return 0
}

func (c *Code) Move(d *Data, rows, _ int) {
	i := c.index(c.cursor)
	if i < 0 || len(c.lines) == 0 {
		return
	}
	c.to(d, c.lines[max(min(i+rows, len(c.lines)-1), 0)].Addr)
}

// to moves the cursor; away from the program's place the code around the cursor is asked for.
func (c *Code) to(d *Data, addr uint64) {
	c.cursor, c.goal = addr, addr
	if addr == pc(d.Now) {
		c.goal = 0
	}
}

func (c *Code) Page(d *Data, halves int) { c.Move(d, halves*max(c.h/4, 1), 0) }

func (c *Code) Ends(d *Data, last bool) {
	if len(c.lines) == 0 {
		return
	}
	if last {
		c.to(d, c.lines[len(c.lines)-1].Addr)
	} else {
		c.to(d, c.lines[0].Addr)
	}
}

// Blocks moves to the start of the next (1) or previous (-1) block.
func (c *Code) Blocks(d *Data, direction int) {
	for i := c.index(c.cursor) + direction; i >= 0 && i < len(c.lines); i += direction {
		if l := &c.lines[i]; l.Block == l.Addr {
			c.to(d, l.Addr)
			return
		}
	}
}

func (c *Code) Click(d *Data, _, y int) {
	h := c.h
	if c.Stacked {
		h = (c.h + 1) / 2
	}
	rows := c.rows(c.lines)
	for i := range rows {
		if rows[i].line.Addr == c.top {
			if y < h && i+y < len(rows) {
				c.to(d, rows[i+y].line.Addr)
			}
			return
		}
	}
}

func (c *Code) Find(d *Data, text string, direction int) bool {
	for i := c.index(c.cursor) + direction; i >= 0 && i < len(c.lines); i += direction {
		l := &c.lines[i]
		if contains(l.Text, text) || contains(l.Symbol, text) || contains(l.Source+l.Line, text) {
			c.to(d, l.Addr)
			return true
		}
	}
	return false
}

func (c *Code) Copy(*Data) string {
	l := c.Line()
	if l == nil {
		return ""
	}
	return fmt.Sprintf("%x  %s", l.Addr, l.Text)
}
