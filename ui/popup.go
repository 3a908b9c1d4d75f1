package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/ui/draw"
)

// popup is a window over the panes. It has the keys until it is closed.
type popup interface {
	// size is what it would like to have inside its frame.
	size(w, h int) (int, int)
	title() string
	draw(s draw.Surface, m *Model)
	// key takes a key; done closes the window.
	key(m *Model, k tea.KeyPressMsg) (cmd tea.Cmd, done bool)
}

func (m *Model) open(p popup) { m.popup = p }

// answer shows the answer to a command, and says whether it is in a window. If a key was pressed since the command was given, it was
// meant for something else, and a window would take the next one: then the answer is told in the log.
func (m *Model) answer(l *Line, name string, lines []string) bool {
	if m.pressed == l.pressed {
		m.open(&viewer{name: name, lines: lines})
		return true
	}
	m.note = note{text: "the answer is in the log: " + name, role: draw.Plain}
	return false
}

// answerLogged is answer for what is not in the log yet.
func (m *Model) answerLogged(l *Line, name string, lines []string) {
	if !m.answer(l, name, lines) {
		m.logLine(draw.Plain, name+"\n"+strings.Join(lines, "\n"))
	}
}

// popupAt is where a popup lies: in the middle, never larger than the panes' room.
func (m *Model) popupAt(p popup) draw.Rect {
	w, h := p.size(m.w-6, m.h-7)
	w, h = min(max(w, 24)+2, m.w-4), min(max(h, 1)+2, m.h-4)
	return draw.Rect{X: (m.w - w) / 2, Y: max((m.h-h)/2, 2), W: w, H: h}
}

// viewer shows lines of text.
type viewer struct {
	name  string
	lines []string
	hang  int // column of the text beside a first one; 0 if there is none
	top   int
	h     int
}

func (v *viewer) title() string { return v.name + "  (Esc closes)" }

func (v *viewer) size(w, h int) (int, int) {
	widest := draw.Width(v.title()) + 2
	for _, l := range v.lines {
		widest = max(widest, draw.Width(l))
	}
	return min(widest+2, w), min(len(v.wrap(min(widest+2, w)-2)), h)
}

// wrap breaks lines that are longer than w at a space. What goes on stands below the line's second column, or below its first
// word where that has no room.
func (v *viewer) wrap(w int) []string { return wrap(v.lines, w, v.hang) }

func wrap(lines []string, w, hang int) []string {
	var out []string
	for _, l := range lines {
		indent := len(l) - len(strings.TrimLeft(l, " "))
		if hang > 0 && len(l) > hang && strings.Contains(l[:hang], "  ") { // there are two columns
			if indent = hang; w < hang+24 {
				out = append(out, strings.TrimRight(l[:hang], " "))
				indent = 4
				l = strings.Repeat(" ", indent) + strings.TrimLeft(l[hang:], " ")
			}
		}
		for draw.Width(l) > w && w > indent+8 {
			at := strings.LastIndexByte(l[:min(w+1, len(l))], ' ')
			if at <= indent {
				at = min(w, len(l))
			}
			out = append(out, l[:at])
			l = strings.Repeat(" ", indent) + strings.TrimLeft(l[at:], " ")
		}
		out = append(out, l)
	}
	return out
}

func (v *viewer) draw(s draw.Surface, m *Model) {
	w, h := s.Size()
	lines := v.wrap(w - 2)
	v.h = h
	v.top = max(min(v.top, len(lines)-h), 0)
	for y := 0; y < h && v.top+y < len(lines); y++ {
		s.Text(1, y, draw.Plain, lines[v.top+y])
	}
	if v.top+h < len(lines) {
		s.Text(w-1, h-1, draw.Dim, "v")
	}
}

func (v *viewer) key(m *Model, k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "j", "down":
		v.top++
	case "k", "up":
		v.top = max(v.top-1, 0)
	case "ctrl+d", "pgdown", "space":
		v.top += max(v.h/2, 1)
	case "ctrl+u", "pgup":
		v.top = max(v.top-max(v.h/2, 1), 0)
	case "g", "home":
		v.top = 0
	case "G", "end":
		v.top = 1 << 30
	case "y":
		return tea.SetClipboard(strings.Join(v.lines, "\n")), false
	case "esc", "q", "enter", "ctrl+c":
		return nil, true
	}
	return nil, false
}

// choice is one of a chooser's.
type choice struct {
	key, text string
	do        func(m *Model) tea.Cmd
}

// chooser asks a question.
type chooser struct {
	name    string
	choices []choice
	cursor  int
}

func (c *chooser) title() string { return c.name }

func (c *chooser) size(w, h int) (int, int) {
	widest := draw.Width(c.name) + 4
	for _, o := range c.choices {
		widest = max(widest, draw.Width(o.text)+8)
	}
	return widest, len(c.choices)
}

func (c *chooser) draw(s draw.Surface, m *Model) {
	w, _ := s.Size()
	for y, o := range c.choices {
		s.Row(y).Put(draw.Plain, "  ").Put(draw.Key, o.key).Put(draw.Plain, "  "+o.text)
		if y == c.cursor {
			s.Text(0, y, draw.Plain, ">")
			s.Mark(0, y, w, draw.Select)
		}
	}
}

func (c *chooser) key(m *Model, k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch k.String() {
	case "j", "down", "tab":
		c.cursor = (c.cursor + 1) % len(c.choices)
	case "up", "shift+tab":
		c.cursor = (c.cursor + len(c.choices) - 1) % len(c.choices)
	case "enter":
		return c.choices[c.cursor].do(m), true
	case "esc", "ctrl+c", "q":
		return nil, true
	}
	for _, o := range c.choices {
		if k.String() == o.key {
			return o.do(m), true
		}
	}
	return nil, false
}

// confirm asks before something is done.
func (m *Model) confirm(question string, do func(m *Model) tea.Cmd) tea.Cmd {
	m.open(&chooser{name: question, choices: []choice{{"n", "no", func(*Model) tea.Cmd { return nil }}, {"y", "yes", do}}})
	return nil
}

// help shows what works now, pane and state considered; with a name, that action.
func help(m *Model, l *Line) (tea.Cmd, error) {
	if len(l.Args) > 0 {
		a, names := find(l.Arg(0))
		if a == nil {
			return nil, l.bad(0, "is not a command", orElse(strings.Join(names, ", "), nearest(l.Arg(0))))
		}
		lines := helpLine(m, a)
		if why := a.why(m); why != "" {
			lines = append(lines, "", "not now: "+why)
		}
		if a.Choices != nil {
			lines = append(lines, "", strings.Join(a.Choices(m), ", "))
		}
		m.open(&viewer{name: a.Name, lines: lines, hang: helpColumn})
		return nil, nil
	}
	m.open(&viewer{name: "what works now, in " + string(m.focus), lines: m.helpLines(), hang: helpColumn})
	return nil, nil
}

func (m *Model) helpLines() []string {
	var out []string
	if signs := legends[m.focus]; signs != "" {
		out = append(out, "", "SIGNS", signs)
	}
	for _, g := range groups {
		title := false
		for _, a := range Table {
			if a.Group != g || a.why(m) != "" {
				continue
			}
			if !title {
				out = append(out, "", strings.ToUpper(g))
				title = true
			}
			out = append(out, helpLine(m, a)...)
		}
	}
	return out[min(1, len(out)):]
}

// helpColumn is where the explanations begin.
const helpColumn = 45

// helpLine is an action in a line; in two if its name is long.
func helpLine(m *Model, a *Action) []string {
	left := fmt.Sprintf("%-16s %s", keyNames(a.keys(m.config.Keys)), commandForm(a))
	if len(left) < helpColumn {
		return []string{fmt.Sprintf("%-*s%s", helpColumn, left, a.Help)}
	}
	return []string{left, strings.Repeat(" ", helpColumn) + a.Help}
}

// keyNames writes keys as people read them.
func keyNames(keys []string) string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = keyName(k)
	}
	return strings.Join(out, " ")
}

func keyName(k string) string {
	parts := strings.Split(k, "+")
	if k == "+" {
		return k
	}
	for i, p := range parts {
		if len(p) > 1 && !strings.Contains(p, " ") {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	if k == "g g" {
		return "gg"
	}
	return strings.Join(parts, "+")
}

func actionNames(*Model) []string {
	var out []string
	for _, a := range Table {
		out = append(out, a.Name)
	}
	return out
}
