package pane

import (
	"fmt"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
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

// row is one row of the pane: a heading (block, symbol, source line), or an instruction with a part of its translation.
type row struct {
	line  *view.CodeLine
	first bool // of the instruction
	head  string
	src   string
	cache *view.CacheInst
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

// rows spreads instructions over rows.
func (c *Code) rows(lines []view.CodeLine) []row {
	var rows []row
	for i := range lines {
		l := &lines[i]
		if head, src := heading(lines, i); head != "" || src != "" {
			rows = append(rows, row{line: l, head: head, src: src})
		}
		first := true
		if !c.Stacked {
			for j := range l.Code {
				if c.Compact && l.Code[j].Role == view.RoleSupport {
					continue
				}
				rows = append(rows, row{line: l, first: first, cache: &l.Code[j]})
				first = false
			}
		}
		if first {
			rows = append(rows, row{line: l, first: true})
		}
	}
	return rows
}

// heading is what stands above an instruction: the start of a block, a function, a source line.
func heading(lines []view.CodeLine, i int) (head, src string) {
	l := &lines[i]
	if l.Line != "" {
		src = strings.TrimRight(l.Source+"  "+strings.TrimSpace(l.Line), " ")
	}
	starts := l.Block != 0 && l.Block == l.Addr
	function := l.Symbol != "" && !strings.Contains(l.Symbol, "+")
	if !starts && !function && i > 0 && (l.Block != 0) == (lines[i-1].Block != 0) {
		return "", src
	}
	if l.Source != "" && src == "" { // the file is not here: it is named only where a row is spent anyway
		src = l.Source
	}
	switch {
	case starts && l.Count > 0:
		head = fmt.Sprintf("%s x%s", l.Symbol, draw.Count(l.Count))
	case l.Symbol != "":
		head = l.Symbol
	case l.Block != 0:
		head = fmt.Sprintf("block %x", l.Block)
	}
	switch {
	case l.Block != 0 || head == "":
	case l.Break != 0:
		head += " (a breakpoint stands here)"
	default:
		head += " (not translated yet)"
	}
	return head, src
}

func (c *Code) Draw(s draw.Surface, d *Data, focused bool) {
	c.lines = d.Now.Code
	if len(c.lines) == 0 {
		s.Text(1, 0, draw.Dim, draw.Fit(noCode(d.Now), c.w-1))
		return
	}
	here := pc(d.Now)
	if c.goal == 0 && here != c.seen {
		c.seen, c.cursor = here, here
	}
	if c.index(c.cursor) < 0 {
		c.cursor = here
		if c.index(here) < 0 {
			c.cursor = c.lines[min(c.h/3, len(c.lines)-1)].Addr
		}
	}
	h := c.h
	if c.Stacked {
		h = (c.h + 1) / 2
	}
	rows := c.rows(c.lines)
	top := c.scroll(rows, h)
	hot := hottest(c.lines)
	for y := 0; y < h && top+y < len(rows); y++ {
		r := rows[top+y]
		c.row(s, y, r, here, hot, d.Search)
		if r.first && r.line.Addr == c.cursor && (r.line.Addr != here || focused) {
			s.Mark(4, y, c.nativeWidth()-5, selection(focused))
		}
	}
	if c.Stacked {
		c.below(s, h, c.h-h)
	}
}

func noCode(s *view.Snapshot) string {
	switch s.State {
	case view.Running:
		return "running; Ctrl-C or F6 pauses"
	case view.Ended:
		return "the program has ended; Ctrl+Shift+F5 starts it again"
	}
	return "no code here"
}

func selection(focused bool) draw.Role {
	if focused {
		return draw.Select
	}
	return draw.Shadow
}

// scroll is the first row to show: where it was if the cursor is still on the screen, else with the cursor at a third.
func (c *Code) scroll(rows []row, h int) int {
	top, cursor, last := -1, 0, 0
	for i, r := range rows {
		if top < 0 && r.line.Addr == c.top {
			top = i
		}
		if r.line.Addr == c.cursor {
			if r.first {
				cursor = i
			}
			last = i
		}
	}
	if top < 0 || cursor < top || min(last, cursor+h/2) >= top+h {
		top = max(cursor-h/3, 0)
	}
	for top > 0 && rows[top].line.Addr == rows[top-1].line.Addr && top <= cursor {
		top-- // an instruction starts at its first row
	}
	c.top = rows[top].line.Addr
	return top
}

func (c *Code) nativeWidth() int {
	if c.Stacked {
		return c.w
	}
	return c.w * 54 / 100
}

// row draws one row.
func (c *Code) row(s draw.Surface, y int, r row, here uint64, hot uint64, search string) {
	p := s.Row(y)
	l := r.line
	if r.head != "" || r.src != "" {
		p.To(4).Put(draw.Border, "╭").Put(draw.Plain, " ").Put(draw.Label, draw.Fit(r.head, c.w/2))
		if r.src != "" {
			p.Put(draw.Plain, "  ").Put(draw.Source, draw.Fit(r.src, c.w-p.At()))
		}
		return
	}
	n := s.Sub(draw.Rect{X: 0, Y: y, W: c.nativeWidth() - 1, H: 1})
	c.native(n.Row(0), n, l, r.first, here, hot)
	if search != "" && r.first && contains(l.Text, search) {
		n.Mark(5, 0, c.nativeWidth(), draw.Match)
	}
	if c.Stacked {
		return
	}
	p.To(c.nativeWidth()-1).Put(draw.Border, "│").Put(draw.Plain, " ")
	translated(p, r.cache, l.Addr == here && r.cache != nil && r.cache.Role == view.RoleProgram, l.Block == 0)
}

// native draws an instruction: break, place, heat, block, address, text, mark.
func (c *Code) native(p *draw.Pen, s draw.Surface, l *view.CodeLine, first bool, here, hot uint64) {
	if !first {
		p.To(2).Put(heat(l.Count, hot)).To(4).Put(draw.Border, "│")
		return
	}
	if l.Break != 0 {
		p.Put(draw.Bad, "*")
	}
	if p.To(1); l.Addr == here {
		p.Put(draw.Current, ">")
	}
	p.To(2).Put(heat(l.Count, hot)).To(4).Put(draw.Border, "│")
	switch {
	case l.Uncovered:
		p.Put(draw.Uncovered, "!")
	case l.Writes > 0:
		p.Put(draw.Mirror, "=")
	}
	p.To(6).Put(draw.Address, fmt.Sprintf("%-8x", l.Addr)).Put(draw.Plain, " ")
	role := draw.Plain
	switch {
	case l.Addr == here:
		role = draw.Current
	case l.Uncovered:
		role = draw.Uncovered
	case l.Block == 0:
		role = draw.Dim
	}
	w, _ := s.Size()
	text := l.Text
	for i, to := range l.Links {
		if i == 0 {
			text += "  ->"
		}
		text += fmt.Sprintf(" %x", to)
	}
	p.Put(role, draw.Fit(text, w-p.At()))
}

// heat shows how often a block was executed, against the hottest on the screen.
func heat(n, hot uint64) (draw.Role, string) {
	switch {
	case n == 0:
		return draw.Heat0, "  "
	case n*10 >= hot*6:
		return draw.Heat3, "⣿⣿"
	case n*10 >= hot*2:
		return draw.Heat2, "⣿ "
	case n*100 >= hot*2:
		return draw.Heat1, "⡇ "
	}
	return draw.Heat0, "⡀ "
}

func hottest(lines []view.CodeLine) (most uint64) {
	for i := range lines {
		most = max(most, lines[i].Count)
	}
	return most
}

// translated draws one instruction of the cache: "=" writes the mirror, "." makes room for that. What is not there yet is faint.
func translated(p *draw.Pen, in *view.CacheInst, here, ahead bool) {
	if in == nil {
		return
	}
	switch in.Role {
	case view.RoleMirror:
		p.Put(draw.Mirror, "= "+in.Text)
	case view.RoleSupport:
		p.Put(draw.Support, ". "+in.Text)
	default:
		if here {
			p.Put(draw.Current, "> "+in.Text)
			return
		}
		role := draw.Plain
		if ahead {
			role = draw.Dim
		}
		p.Put(role, "  "+in.Text)
	}
}

// below draws the translation of the cursor's instruction and the next ones under the native code.
func (c *Code) below(s draw.Surface, y, h int) {
	if h < 2 {
		return
	}
	s.Text(0, y, draw.Border, strings.Repeat("─", c.w))
	s.Text(2, y, draw.Title, " translation ")
	y, h = y+1, h-1
	for i := max(c.index(c.cursor), 0); i < len(c.lines) && h > 0; i++ {
		l := &c.lines[i]
		for j := range l.Code {
			if h == 0 || c.Compact && l.Code[j].Role == view.RoleSupport {
				continue
			}
			p := s.Row(y)
			if p.To(6); j == 0 {
				p.Put(draw.Address, fmt.Sprintf("%-8x ", l.Addr))
			}
			translated(p.To(15), &l.Code[j], false, l.Block == 0)
			y, h = y+1, h-1
		}
	}
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
