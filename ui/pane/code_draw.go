package pane

import (
	"fmt"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

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
