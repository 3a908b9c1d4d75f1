package pane

import (
	"strings"

	"kmv/ui/draw"
)

// list is a cursor over rows that fit or do not fit a height. Panes that are lists embed it and set rows.
type list struct {
	cursor, top int
	w, h        int
	filter      string
	heading     int // lines above the rows
	footer      int // and below them
	rows        func(d *Data) int
	text        func(d *Data, i int) string // for searching and copying
}

func (l *list) Size(w, h int) { l.w, l.h = w, max(h-l.heading-l.footer, 0) }

// clamp keeps the cursor on a row and the row on the screen.
func (l *list) clamp(n int) {
	l.cursor = max(min(l.cursor, n-1), 0)
	if l.cursor < l.top {
		l.top = l.cursor
	}
	if l.h > 0 && l.cursor >= l.top+l.h {
		l.top = l.cursor - l.h + 1
	}
	l.top = max(min(l.top, n-l.h), 0)
}

func (l *list) Move(d *Data, rows, _ int) {
	l.cursor += rows
	l.clamp(l.rows(d))
}

func (l *list) Page(d *Data, halves int) { l.Move(d, halves*max(l.h/2, 1), 0) }

func (l *list) Ends(d *Data, last bool) {
	l.cursor = 0
	if last {
		l.cursor = l.rows(d) - 1
	}
	l.clamp(l.rows(d))
}

func (l *list) Click(d *Data, _, y int) {
	if y >= l.heading {
		l.cursor = l.top + y - l.heading
		l.clamp(l.rows(d))
	}
}

func (l *list) Find(d *Data, text string, direction int) bool {
	n := l.rows(d)
	for i := 1; i <= n; i++ {
		at := ((l.cursor+i*direction)%n + n) % n
		if contains(l.text(d, at), text) {
			l.cursor = at
			l.clamp(n)
			return true
		}
	}
	return false
}

func (l *list) Copy(d *Data) string {
	if l.cursor >= l.rows(d) {
		return ""
	}
	return l.text(d, l.cursor)
}

// draw lays the rows out; one draws row i on its line.
func (l *list) draw(s draw.Surface, d *Data, focused bool, empty string, one func(p *draw.Pen, i int)) {
	n := l.rows(d)
	l.clamp(n)
	if n == 0 {
		s.Text(1, l.heading, draw.Dim, draw.Fit(empty, l.w-1))
	}
	for y := 0; y < l.h && l.top+y < n; y++ {
		one(s.Row(l.heading+y), l.top+y)
		if l.top+y == l.cursor {
			mark(s, l.heading+y, focused)
		}
	}
	more(s, l.heading, l.top, l.h, n)
}

// mark shows the cursor's row.
func mark(s draw.Surface, y int, focused bool) {
	w, _ := s.Size()
	role := draw.Shadow
	if focused {
		role = draw.Select
	}
	s.Mark(0, y, w, role)
}

// more says in the last column that rows lie above or below.
func more(s draw.Surface, heading, top, h, n int) {
	w, _ := s.Size()
	if h > 0 && top > 0 {
		s.Text(w-1, heading, draw.Dim, "^")
	}
	if h > 0 && top+h < n {
		s.Text(w-1, heading+h-1, draw.Dim, "v")
	}
}

// contains compares without regard to case.
func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}
