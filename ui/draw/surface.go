// Package draw puts styled text on a grid of cells.
//
// Its rules: a Surface is a rectangle of the screen, and nothing drawn through it can leave that rectangle, so a pane cannot
// break the frame of its neighbour. Panes name what a text means (a Role), never a colour; a Theme says how a Role looks.
//
//	Canvas (the whole screen) --Sub--> Surface (a pane) --Row--> Pen (one line, left to right)
package draw

import (
	"fmt"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/rivo/uniseg"
)

// Rect is a rectangle of cells.
type Rect struct{ X, Y, W, H int }

// Holds says whether a cell lies in it.
func (r Rect) Holds(x, y int) bool { return x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H }

// Inner is what a frame of one cell leaves.
func (r Rect) Inner() Rect { return Rect{r.X + 1, r.Y + 1, max(r.W-2, 0), max(r.H-2, 0)} }

// Empty says that nothing can be drawn in it.
func (r Rect) Empty() bool { return r.W <= 0 || r.H <= 0 }

// Surface is a rectangle that can be drawn on. Its coordinates start at its own corner.
type Surface struct {
	buf   *uv.Buffer
	theme *Theme
	at    Rect
}

// NewCanvas is an empty screen.
func NewCanvas(w, h int, theme *Theme) Surface {
	return Surface{buf: uv.NewBuffer(w, h), theme: theme, at: Rect{0, 0, w, h}}
}

// Sub is a part of it, cut to its ends.
func (s Surface) Sub(r Rect) Surface {
	x0, y0 := max(r.X, 0), max(r.Y, 0)
	x1, y1 := min(r.X+r.W, s.at.W), min(r.Y+r.H, s.at.H)
	s.at = Rect{s.at.X + x0, s.at.Y + y0, max(x1-x0, 0), max(y1-y0, 0)}
	return s
}

// Size is its width and height.
func (s Surface) Size() (w, h int) { return s.at.W, s.at.H }

// Place is where it lies on the screen.
func (s Surface) Place() Rect { return s.at }

// Text draws at (x, y) and returns the column after it, which may lie beyond the surface.
func (s Surface) Text(x, y int, role Role, text string) int {
	return s.styled(x, y, s.theme.styles[role], text)
}

func (s Surface) styled(x, y int, style uv.Style, text string) int {
	if y < 0 || y >= s.at.H {
		return x
	}
	for ; len(text) > 1 && text[0] >= ' ' && text[0] < 0x7f && text[1] < 0x80; text = text[1:] { // a cluster of its own, as most are
		if x >= 0 && x < s.at.W {
			s.buf.SetCell(s.at.X+x, s.at.Y+y, &uv.Cell{Content: text[:1], Width: 1, Style: style})
		}
		x++
	}
	for state := -1; text != ""; {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		switch {
		case cluster == "\t":
			cluster, width = " ", 1
		case cluster[0] < ' ' || cluster[0] == 0x7f || width == 0:
			cluster, width = ".", 1
		}
		if x >= 0 && x+width <= s.at.W {
			s.buf.SetCell(s.at.X+x, s.at.Y+y, &uv.Cell{Content: cluster, Width: width, Style: style})
		}
		x += width
	}
	return x
}

// Clear empties it.
func (s Surface) Clear() {
	for y := range s.at.H {
		s.styled(0, y, s.theme.styles[Plain], strings.Repeat(" ", s.at.W))
	}
}

// Mark gives the cells of a row another look and keeps their text: a selection.
func (s Surface) Mark(x, y, w int, role Role) {
	for i := max(x, 0); i < min(x+w, s.at.W) && y >= 0 && y < s.at.H; i++ {
		if c := s.buf.CellAt(s.at.X+i, s.at.Y+y); c != nil && c.Width > 0 {
			n := *c
			n.Style = s.theme.over(n.Style, role)
			s.buf.SetCell(s.at.X+i, s.at.Y+y, &n)
		}
	}
}

// Cell puts a cell of another terminal, with its own colours where the theme has any.
func (s Surface) Cell(x, y int, c *uv.Cell) {
	if x < 0 || y < 0 || y >= s.at.H || c == nil || x+max(c.Width, 1) > s.at.W {
		return
	}
	n := *c
	if n.Content == "" || n.Content[0] < ' ' {
		n.Content, n.Width = " ", 1
	}
	n.Link = uv.Link{}
	if s.theme.mono {
		n.Style.Fg, n.Style.Bg, n.Style.UnderlineColor = nil, nil, nil
	}
	s.buf.SetCell(s.at.X+x, s.at.Y+y, &n)
}

// Row is a pen at the start of a row.
func (s Surface) Row(y int) *Pen { return &Pen{s: s, y: y} }

// Lines are the rows of a canvas with their escape sequences.
func (s Surface) Lines() []string {
	lines := make([]string, s.at.H)
	for y := range lines {
		lines[y] = s.buf.Line(y).Render()
	}
	return lines
}

// String is the whole canvas.
func (s Surface) String() string { return strings.Join(s.Lines(), "\n") }

// Plain is the text of a canvas without any look, for tests.
func (s Surface) Plain() string {
	var b strings.Builder
	for y := range s.at.H {
		b.WriteString(strings.TrimRight(s.buf.Line(y).String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// Pen writes one row from left to right.
type Pen struct {
	s    Surface
	x, y int
}

// Put writes text.
func (p *Pen) Put(role Role, text string) *Pen {
	p.x = p.s.Text(p.x, p.y, role, text)
	return p
}

// Putf writes formatted text.
func (p *Pen) Putf(role Role, format string, args ...any) *Pen {
	return p.Put(role, fmt.Sprintf(format, args...))
}

// To moves the pen to a column, which it may have passed: then one space is left.
func (p *Pen) To(x int) *Pen {
	p.x = max(x, p.x)
	return p
}

// Cut writes text that must end w columns further on, and stands there.
func (p *Pen) Cut(role Role, w int, text string) *Pen {
	p.s.Text(p.x, p.y, role, Fit(text, w))
	p.x += w
	return p
}

// At is the pen's column.
func (p *Pen) At() int { return p.x }

// Fit cuts text to w columns, with "~" where something is missing.
func Fit(text string, w int) string {
	if w <= 0 {
		return ""
	}
	if len(text) <= w && plain(text) || Width(text) <= w {
		return text
	}
	var b strings.Builder
	n := 0
	for state := -1; text != ""; {
		var cluster string
		var width int
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		if n+width > w-1 {
			break
		}
		b.WriteString(cluster)
		n += width
	}
	return b.String() + "~"
}

// Width is the number of columns of a text.
func Width(text string) int {
	if plain(text) {
		return len(text)
	}
	return uniseg.StringWidth(text)
}

// plain says that each byte of a text takes a column.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}
