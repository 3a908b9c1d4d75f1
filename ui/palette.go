package ui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"kmv/ui/draw"
)

// palette finds actions by parts of their names and helps.
type palette struct {
	input  textinput.Model
	all    []*Action
	shown  []*Action
	cursor int
}

func newPalette(m *Model) *palette {
	p := &palette{input: textinput.New(), all: Table}
	p.input.Focus()
	p.match()
	return p
}

func (p *palette) title() string            { return "what do you want to do?" }
func (p *palette) size(w, h int) (int, int) { return min(w, 92), min(h, 18) }
func (p *palette) String(i int) string {
	return strings.Join(append(append([]string{p.all[i].Name}, p.all[i].Aliases...), p.all[i].Help), " ")
}
func (p *palette) Len() int { return len(p.all) }

// match keeps the actions that fit what was typed, the best first.
func (p *palette) match() {
	p.cursor, p.shown = 0, p.all
	if p.input.Value() == "" {
		return
	}
	p.shown = nil
	for _, f := range fuzzy.FindFrom(p.input.Value(), p) {
		p.shown = append(p.shown, p.all[f.Index])
	}
	named := func(a *Action) bool {
		return slices.ContainsFunc(append([]string{a.Name}, a.Aliases...), func(n string) bool { return strings.HasPrefix(n, p.input.Value()) })
	}
	slices.SortStableFunc(p.shown, func(a, b *Action) int { // a name that begins so is what was meant
		return map[bool]int{true: 1}[named(b)] - map[bool]int{true: 1}[named(a)]
	})
}

func (p *palette) draw(s draw.Surface, m *Model) {
	w, h := s.Size()
	s.Row(0).Put(draw.Key, "> ").Put(draw.Plain, p.input.Value())
	s.Mark(2+p.input.Position(), 0, 1, draw.Select)
	top := max(p.cursor-(h-2), 0)
	for y := 1; y < h && top+y-1 < len(p.shown); y++ {
		a := p.shown[top+y-1]
		role, help := draw.Label, a.Help
		if why := a.why(m); why != "" {
			role, help = draw.Dim, "not now: "+why
		}
		s.Row(y).Cut(draw.Key, 16, keyNames(a.keys(m.config.Keys))).Cut(role, 22, a.Name).Put(draw.Dim, draw.Fit(help, w-39))
		if top+y-1 == p.cursor {
			s.Mark(0, y, w, draw.Select)
		}
	}
	if len(p.shown) == 0 {
		s.Text(2, 1, draw.Dim, fmt.Sprintf("nothing is like %q", p.input.Value()))
	}
}

func (p *palette) key(m *Model, k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "esc", "ctrl+p", "ctrl+c":
		return nil, true
	case "down", "ctrl+n":
		p.cursor = min(p.cursor+1, len(p.shown)-1)
		return nil, false
	case "up":
		p.cursor = max(p.cursor-1, 0)
		return nil, false
	case "enter":
		if p.cursor < 0 || p.cursor >= len(p.shown) {
			return nil, false
		}
		a := p.shown[p.cursor]
		m.popup = nil
		if why := a.why(m); why != "" {
			m.note = note{text: a.Name + ": " + why, role: draw.Warn}
			return nil, false
		}
		if a.Args != "" && len(a.keys(m.config.Keys)) == 0 {
			m.openCommand(a.Name + " ")
			return nil, false
		}
		return m.run(a), false
	}
	before := p.input.Value()
	p.input, _ = p.input.Update(k)
	if p.input.Value() != before {
		p.match()
	}
	return nil, false
}
