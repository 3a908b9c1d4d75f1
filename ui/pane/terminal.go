package pane

import (
	"fmt"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// Screen is a terminal that a Terminal shows: package ui feeds one from the program's output.
type Screen interface {
	// Row is a copy of a row; rows before 0 have scrolled away. nil where there is none.
	Row(y int) []uv.Cell
	// Height is its rows, Past how many have scrolled away, Cursor where the program writes next.
	Height() int
	Past() int
	Cursor() (x, y int)
}

// Terminal is the program's own terminal. Its keys are not read here.
type Terminal struct {
	Screen Screen
	Typing bool // the program has the keys
	back   int  // lines scrolled back
	w, h   int
}

func (t *Terminal) Title(*Data) string {
	switch {
	case t.back > 0:
		return fmt.Sprintf("program's terminal, %d lines back", t.back)
	case t.Typing:
		return "program's terminal: it has the keys; Ctrl-] takes them back"
	}
	return "program's terminal (Ctrl-] types into it)"
}

func (t *Terminal) Size(w, h int)     { t.w, t.h = w, h }
func (t *Terminal) Ask(q *view.Query) {}

func (t *Terminal) Draw(s draw.Surface, _ *Data, focused bool) {
	if t.Screen == nil {
		return
	}
	t.back = max(min(t.back, t.Screen.Past()), 0)
	for y := range t.h {
		for x, c := range t.Screen.Row(y - t.back) {
			if c.Width > 0 {
				s.Cell(x, y, &c)
			}
		}
	}
	if x, y := t.Screen.Cursor(); focused && t.Typing && t.back == 0 {
		s.Mark(x, y, 1, draw.Select)
	}
}

func (t *Terminal) Move(_ *Data, rows, _ int) { t.back = max(t.back-rows, 0) }
func (t *Terminal) Page(_ *Data, halves int)  { t.back = max(t.back-halves*max(t.h/2, 1), 0) }
func (t *Terminal) Click(*Data, int, int)     {}
func (t *Terminal) Ends(_ *Data, last bool)   { t.back = map[bool]int{true: 0, false: 1 << 30}[last] }
func (t *Terminal) Bottom()                   { t.back = 0 }
func (t *Terminal) Copy(*Data) string         { return t.text(-t.back, t.h) }

func (t *Terminal) Find(_ *Data, text string, direction int) bool {
	for i := -t.back - direction; i >= -t.Screen.Past() && i < t.Screen.Height(); i -= direction {
		if contains(t.text(i, 1), text) {
			t.back = max(-i, 0)
			return true
		}
	}
	return false
}

// text is n rows from y on.
func (t *Terminal) text(y, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, c := range t.Screen.Row(y + i) {
			b.WriteString(c.Content)
		}
	}
	return b.String()
}

// Log is what kmv said and what was commanded.
type Log struct {
	list
	held bool // the cursor was moved: new lines do not move it
}

// NewLog is the pane.
func NewLog() *Log {
	l := &Log{}
	l.rows = func(d *Data) int { return len(d.Log) }
	l.text = func(d *Data, i int) string { return d.Log[i].Text }
	return l
}

func (l *Log) Title(*Data) string { return "log" }
func (l *Log) Ask(*view.Query)    {}

func (l *Log) Draw(s draw.Surface, d *Data, focused bool) {
	if !l.held || !focused {
		l.cursor = len(d.Log) - 1
	}
	l.held = l.cursor < len(d.Log)-1
	l.draw(s, d, focused, "", func(p *draw.Pen, i int) {
		e := d.Log[i]
		p.Put(draw.Dim, fmt.Sprintf("%8.3f ", e.Time)).Put(e.Role, draw.Fit(e.Text, l.w-p.At()-1))
	})
}

func (l *Log) Move(d *Data, rows, columns int) {
	l.list.Move(d, rows, columns)
	l.held = l.cursor < len(d.Log)-1
}

func (l *Log) Ends(d *Data, last bool) {
	l.list.Ends(d, last)
	l.held = !last
}
