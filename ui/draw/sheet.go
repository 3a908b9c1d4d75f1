package draw

import (
	"slices"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
)

// Sheet is paper for one frame after the other: two buffers that take turns, and the rows of the last frame as text, so that only what
// has changed is written anew. The zero Sheet is empty.
type Sheet struct {
	now, before *uv.Buffer
	rows        []string // of before
}

// Canvas is an empty screen. The one that it gave before the last is no more.
func (s *Sheet) Canvas(w, h int, theme *Theme) Surface {
	s.now, s.before = s.before, s.now
	if s.now == nil || s.now.Width() != w || s.now.Height() != h {
		s.now = uv.NewBuffer(w, h)
	} else {
		for _, line := range s.now.Lines {
			for x := range line {
				line[x] = uv.EmptyCell
			}
		}
	}
	return Surface{buf: s.now, theme: theme, at: Rect{0, 0, w, h}}
}

// String is the canvas given last, as Surface.String is.
func (s *Sheet) String() string {
	rows := make([]string, len(s.now.Lines))
	for y, line := range s.now.Lines {
		if s.before != nil && y < len(s.rows) && y < len(s.before.Lines) && slices.Equal(line, s.before.Lines[y]) {
			rows[y] = s.rows[y]
		} else {
			rows[y] = line.Render()
		}
	}
	s.rows = rows
	return strings.Join(rows, "\n")
}
