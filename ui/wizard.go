package ui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/ui/draw"
	"kmv/ui/pane"
)

// field is a line of the wizard: choices, or text of one's own.
type field struct {
	name    string
	choices []string
	help    map[string]string
	value   string
}

// wizard builds an injection SPEC out of choices, and shows it as it would be typed.
type wizard struct {
	fields []field
	cursor int
}

func newWizard(m *Model) *wizard {
	where := []string{"heap", "stack", "data", "anon", "all"}
	if g := m.ranges().Selected(&m.data); m.focus == pane.IDRanges && g != nil {
		where = append([]string{hexRange(g.Start, g.End)}, where...)
	} else if m.focus == pane.IDMemory && m.memory().Cursor() != 0 {
		where = append([]string{hexRange(m.memory().Cursor(), m.memory().Cursor()+8)}, where...)
	}
	return &wizard{fields: []field{
		{name: "what", choices: []string{"page", "flip", "flip:2", "byte", "word", "cacheline", "stuck0", "stuck1", "row"}, value: "page", help: map[string]string{
			"page": "the whole page cannot be read (an uncorrectable error)", "flip": "one bit changes, silently", "flip:2": "two bits change, silently",
			"byte": "a byte gets another value", "word": "eight bytes do", "cacheline": "64 bytes do", "stuck0": "a bit reads 0 whatever is written",
			"stuck1": "a bit reads 1 whatever is written", "row": "the same place in several pages"}},
		{name: "where", choices: where, value: where[0]},
		{name: "half", choices: []string{"native", "mirror", "both"}, value: "native", help: map[string]string{
			"native": "what the program reads", "mirror": "the backup", "both": "nothing is left to repair it from"}},
		{name: "when", choices: []string{"now", "100stops", "1000syscalls", "500ms"}, value: "now"},
		{name: "every", choices: []string{"once", "20ms", "1s"}, value: "once"},
		{name: "seed", choices: []string{"1", "2", "3"}, value: "1"},
	}}
}

// spec is what kmv run --inject would take.
func (w *wizard) spec() string {
	v := map[string]string{}
	for _, f := range w.fields {
		v[f.name] = strings.TrimSpace(f.value)
	}
	s := v["what"] + "@" + v["where"]
	if v["when"] != "now" && v["when"] != "" {
		s += ",when=" + v["when"]
	}
	if v["every"] != "once" && v["every"] != "" {
		s += ",every=" + v["every"]
	}
	if v["half"] != "" {
		s += ",half=" + v["half"]
	}
	if v["seed"] != "" {
		s += ",seed=" + v["seed"]
	}
	return s
}

func (w *wizard) title() string            { return "make a memory error" }
func (w *wizard) size(int, int) (int, int) { return 70, len(w.fields) + 5 }

func (w *wizard) draw(s draw.Surface, m *Model) {
	width, _ := s.Size()
	for y, f := range w.fields {
		p := s.Row(y).Put(draw.Plain, " ").Cut(draw.Label, 8, f.name).Put(draw.Dim, "< ").Put(draw.Key, f.value).Put(draw.Dim, " >  ")
		p.Put(draw.Dim, draw.Fit(f.help[f.value], width-p.At()))
		if y == w.cursor {
			s.Mark(0, y, width, draw.Select)
		}
	}
	y := len(w.fields) + 1
	s.Row(y).Put(draw.Plain, " ").Put(draw.Dim, "inject ").Put(draw.Warn, draw.Fit(w.spec(), width-9))
	s.Row(y+2).Put(draw.Dim, draw.Fit(" up, down: field   left, right: choices   letters: your own", width))
	s.Row(y+3).Put(draw.Key, " Enter").Put(draw.Dim, " injects").Put(draw.Key, "  Esc").Put(draw.Dim, " does not")
}

func (w *wizard) key(m *Model, k tea.KeyPressMsg) (tea.Cmd, bool) {
	f := &w.fields[w.cursor]
	turn := func(n int) {
		i := slices.Index(f.choices, f.value)
		f.value = f.choices[((i+n)%len(f.choices)+len(f.choices))%len(f.choices)]
	}
	switch key := k.String(); key {
	case "up", "shift+tab":
		w.cursor = (w.cursor + len(w.fields) - 1) % len(w.fields)
	case "down", "tab":
		w.cursor = (w.cursor + 1) % len(w.fields)
	case "left":
		turn(-1)
	case "right":
		turn(1)
	case "backspace":
		if f.value != "" {
			f.value = f.value[:len(f.value)-1]
		}
	case "ctrl+u":
		f.value = ""
	case "enter":
		m.popup = nil
		return m.command("inject " + w.spec()), false
	case "esc", "ctrl+c":
		return nil, true
	default:
		if k.Text != "" {
			if slices.Contains(f.choices, f.value) {
				f.value = "" // one's own instead
			}
			f.value += k.Text
		}
	}
	return nil, false
}

func hexRange(start, end uint64) string { return fmt.Sprintf("%x-%x", start, end) }
