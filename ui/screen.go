package ui

import (
	"fmt"
	"slices"
	"strings"

	"kmv/ui/draw"
	"kmv/ui/pane"
)

// canvas is the whole screen, drawn.
func (m *Model) canvas() draw.Surface {
	c := draw.NewCanvas(m.w, m.h, m.theme)
	m.paint(c)
	return c
}

// paint draws the whole screen.
func (m *Model) paint(c draw.Surface) {
	if len(m.plan.Boxes) == 0 {
		m.arrange()
	}
	if m.plan.Message != "" {
		c.Text(0, 0, draw.Warn, m.plan.Message)
		return
	}
	m.data.Log, m.data.Search = m.log, m.search.text
	h := m.header
	h.Badge = strings.Join(slices.DeleteFunc([]string{h.Badge, m.past.badge(m.live), map[bool]string{true: "READ-ONLY"}[m.opt.ReadOnly]},
		func(s string) bool { return s == "" }), "  ")
	h.Draw(c.Sub(m.plan.Header), m.present())
	for i := range m.plan.Boxes {
		m.box(c, i)
	}
	m.lastLine(c)
	if m.popup != nil {
		m.window(c)
	} else if m.opt.Tour != nil && m.opt.Tour.on() {
		m.opt.Tour.draw(c, m)
	}
}

// present is what the header shows: the state as it is now, also while the panes still show the last stop.
func (m *Model) present() *pane.Data {
	d := m.data
	if m.past.at < 0 {
		now := *d.Now
		now.State, now.Reason, now.Counters = m.live.State, m.live.Reason, m.live.Counters
		d.Now = &now
	}
	return &d
}

// box draws a frame and the pane on top of it.
func (m *Model) box(c draw.Surface, i int) {
	b := m.plan.Boxes[i]
	id := m.shown[i]
	focused := id == m.focus && m.popup == nil && m.prompt == nil
	s := c.Sub(b.At)
	role := draw.Border
	if id == m.focus {
		role = draw.Focus
	}
	s.Frame(role)
	m.panes[id].Draw(c.Sub(b.At.Inner()), &m.data, focused)
	w, _ := s.Size()
	for _, t := range m.tabs(i) {
		tr := draw.Dim
		if t.id == id {
			if tr = draw.Title; id == m.focus {
				tr = draw.Focus
			}
		}
		text, x := t.text, t.x
		if t.id != id {
			text, x = text[1:len(text)-1], x+1 // the brackets beside it stay
		}
		s.Text(x, 0, tr, draw.Fit(text, w-1-x))
	}
}

// tab is a title in a frame.
type tab struct {
	id   pane.ID
	x    int
	text string
}

// tabs are the titles of a box. The pane on top has its whole title where there is room.
func (m *Model) tabs(i int) []tab {
	b := m.plan.Boxes[i]
	top := m.shown[i]
	if len(b.Panes) == 1 {
		return []tab{{top, 2, " " + paneKeys[top] + " " + m.panes[top].Title(&m.data) + " "}}
	}
	names := func(top, rest func(pane.ID) string) []tab {
		var out []tab
		x := 1
		for _, id := range b.Panes {
			text := " " + paneKeys[id] + rest(id) + " "
			if id == m.shown[i] {
				text = "[" + paneKeys[id] + top(id) + "]"
			}
			out = append(out, tab{id, x, text})
			x += draw.Width(text) - 1 // the space between two is both's
		}
		return out
	}
	long := func(id pane.ID) string { return " " + string(id) }
	short := func(id pane.ID) string { return " " + shortNames[id] }
	none := func(pane.ID) string { return "" }
	for _, t := range [][]tab{names(long, long), names(short, short)} {
		if last := t[len(t)-1]; last.x+draw.Width(last.text) < b.At.W {
			return t
		}
	}
	return names(long, none)
}

// shortNames are for tabs that have no room for the names.
var shortNames = map[pane.ID]string{pane.IDCode: "code", pane.IDMemory: "mem", pane.IDRanges: "rng", pane.IDRegisters: "reg", pane.IDStack: "stk",
	pane.IDThreads: "thr", pane.IDBreaks: "brk", pane.IDFailures: "err", pane.IDGaps: "gap", pane.IDTerminal: "tty", pane.IDLog: "log"}

// tabAt is the pane whose title stands at a column of a box.
func (m *Model) tabAt(i, x int) pane.ID {
	for _, t := range m.tabs(i) {
		if x >= t.x && x < t.x+draw.Width(t.text) {
			return t.id
		}
	}
	return ""
}

// lastLine is the command line, an error, a note, or the most useful keys.
func (m *Model) lastLine(c draw.Surface) {
	s := c.Sub(m.plan.Command)
	w, _ := s.Size()
	switch {
	case m.prompt != nil:
		p := m.prompt
		room := w - draw.Width(p.label) - 2
		text, at := p.input.Value(), p.input.Position()
		if at > room {
			text, at = string([]rune(text)[at-room:]), room
		}
		row := s.Row(0).Put(draw.Key, p.label).Put(draw.Plain, text)
		if n := len(p.more); n > 0 {
			row.Put(draw.Dim, fmt.Sprintf("   and %s, which Enter does too", draw.Plural(n, "more line")))
		}
		s.Mark(draw.Width(p.label)+at, 0, 1, draw.Select)
		m.choices(c)
	case m.note.err != nil:
		m.underlined(c)
	case m.note.text != "":
		s.Text(1, 0, m.note.role, draw.Fit(m.note.text, w-2))
	default:
		m.hints(s)
	}
}

// underlined shows a command with its bad token marked, and what is wrong with it above it.
func (m *Model) underlined(c draw.Surface) {
	e := m.note.err
	y := m.plan.Command.Y
	row := c.Sub(draw.Rect{X: 0, Y: y, W: m.w, H: 1})
	row.Clear()
	p := row.Row(0).Put(draw.Key, ":").Put(draw.Plain, e.Text[:e.Start])
	start := p.At()
	p.Put(draw.Underline, e.Text[e.Start:e.End]).Put(draw.Plain, e.Text[e.End:])
	p.Put(draw.Dim, "   "+orElse(e.Hint, ""))
	above := c.Sub(draw.Rect{X: 0, Y: y - 1, W: m.w, H: 1})
	above.Clear()
	text := strings.Repeat("^", max(e.End-e.Start, 1)) + " " + e.Problem
	above.Text(max(min(start, m.w-draw.Width(text)-1), 0), 0, draw.Bad, draw.Fit(text, m.w))
}

// choices shows what Tab can complete, above the command line.
func (m *Model) choices(c draw.Surface) {
	p := m.prompt
	if len(p.choices) < 2 {
		return
	}
	above := c.Sub(draw.Rect{X: 0, Y: m.plan.Command.Y - 1, W: m.w, H: 1})
	above.Clear()
	pen := above.Row(0)
	from := max(p.choice-3, 0)
	for i := from; i < len(p.choices) && pen.At() < m.w; i++ {
		role := draw.Dim
		if i == p.choice {
			role = draw.Match
		}
		pen.Put(draw.Plain, " ").Put(role, strings.TrimSpace(p.choices[i])).Put(draw.Plain, " ")
	}
}

// hintNames are the actions whose keys the last line shows, if they work now and there is room; those at the end always.
var hintNames = []string{"toggle", "pause", "continue", "step", "next", "finish", "block", "store", "back", "forth", "open", "edit", "wizard", "break-here", "find"}
var hintLast = []string{"command", "help", "quit"}

func (m *Model) hints(s draw.Surface) {
	w, _ := s.Size()
	p := s.Row(0)
	put := func(name string, room int) {
		a, _ := find(name)
		keys := a.keys(m.config.Keys)
		if m.screen().Typing { // the others are the program's
			keys = slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !a.typing || len(k) < 2 || k == "ctrl+c" })
		}
		if a.why(m) != "" || len(keys) == 0 {
			return
		}
		if by, _ := m.byKey(keys[0]); by != a || p.At()+draw.Width(keyName(keys[0])+name)+3 > room {
			return
		}
		p.Put(draw.Key, " "+keyName(keys[0])+" ").Put(draw.Dim, name+" ")
	}
	last := 0
	for _, name := range hintLast {
		last += len(name) + 4
	}
	if m.screen().Typing {
		put("type", w-last)
	}
	for _, name := range hintNames {
		put(name, w-last)
	}
	for _, name := range hintLast {
		put(name, w)
	}
}

// window draws the popup.
func (m *Model) window(c draw.Surface) {
	at := m.popupAt(m.popup)
	s := c.Sub(at)
	s.Clear()
	s.Frame(draw.Focus)
	s.Text(2, 0, draw.Focus, draw.Fit(" "+m.popup.title()+" ", at.W-4))
	m.popup.draw(c.Sub(at.Inner()), m)
}
