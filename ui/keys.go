package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kmv/ui/draw"
	"kmv/ui/pane"
)

// key takes a key: for the window, the last line, the program, or the table of actions, in this order.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	if m.plan.Message != "" {
		if k.String() == "q" || k.String() == "ctrl+c" {
			return m.leave(Detached)
		}
		return nil
	}
	switch {
	case m.popup != nil:
		p := m.popup
		cmd, done := p.key(m, k)
		if done && m.popup == p {
			m.popup = nil
		}
		return cmd
	case m.prompt != nil:
		return m.promptKey(k)
	}
	if cmd, taken := m.tourKey(k); taken {
		return cmd
	}
	name := keystroke(k)
	if m.focus == pane.IDTerminal && m.screen().Typing {
		if a, _ := m.byKey(name); a != nil && a.typing && name != "ctrl+c" && len(name) > 1 {
			return m.run(a)
		}
		m.program(k)
		return nil
	}
	m.note = note{}
	if m.first != "" {
		name, m.first = m.first+" "+name, ""
	}
	a, why := m.byKey(name)
	switch {
	case a == prefixAction:
		m.first = name
	case a != nil:
		return tea.Batch(m.run(a), m.want())
	case why != "":
		m.note = note{text: why, role: draw.Warn}
	case !strings.Contains(name, " "):
		m.note = note{text: keyName(name) + " does nothing here; ? shows what works now", role: draw.Dim}
	}
	return nil
}

// keystroke is a key's name in the table: the character it makes, or its modifiers and name.
func keystroke(k tea.KeyPressMsg) string {
	if k.Text == " " {
		return "space"
	}
	if k.Text != "" {
		return k.Text
	}
	return k.Keystroke()
}

// program sends a key to the program.
func (m *Model) program(k tea.KeyPressMsg) {
	m.screen().Bottom()
	switch {
	case k.Text != "" && k.Mod&tea.ModAlt == 0:
		m.send([]byte(k.Text))
	case k.Code == tea.KeyTab && k.Mod == tea.ModShift:
		m.send([]byte("\x1b[Z"))
	default:
		m.terminal.Key(uv.KeyPressEvent{Code: k.Code, Mod: k.Mod &^ (tea.ModCapsLock | tea.ModNumLock | tea.ModScrollLock)})
	}
}

// paste takes pasted text where typed text would go. In the table of actions it would be a row of commands: it is refused.
func (m *Model) paste(text string) tea.Cmd {
	switch {
	case m.popup != nil:
		return nil
	case m.prompt != nil:
		lines := splitLines(text)
		m.prompt.input, _ = m.prompt.input.Update(tea.PasteMsg{Content: lines[0]})
		if m.prompt.command {
			m.prompt.more = append(m.prompt.more, lines[1:]...)
		}
		return nil
	case m.focus == pane.IDTerminal && m.screen().Typing:
		m.terminal.Paste(strings.ReplaceAll(text, "\n", "\r"))
		return nil
	}
	m.note = note{text: "pasted text is for the command line (:) or the program (Ctrl-])", role: draw.Warn}
	return nil
}

// mouseEvent: a click focuses and selects, the wheel scrolls what is under it.
func (m *Model) mouseEvent(msg tea.Msg) tea.Cmd {
	if m.plan.Message != "" {
		return nil
	}
	switch e := msg.(type) {
	case tea.MouseWheelMsg:
		rows := 3
		if e.Button == tea.MouseWheelUp {
			rows = -3
		}
		if v, ok := m.popup.(*viewer); ok {
			v.top = max(v.top+rows, 0)
			return nil
		}
		if i, id := m.boxAt(e.X, e.Y); i >= 0 && m.popup == nil {
			m.panes[id].Move(&m.data, rows, 0)
			return m.want()
		}
	case tea.MouseClickMsg:
		if e.Button == tea.MouseLeft && m.popup == nil && m.prompt == nil {
			return m.click(e.X, e.Y)
		}
	}
	return nil
}

// boxAt is the box at a cell and the pane that it shows, -1 for none.
func (m *Model) boxAt(x, y int) (int, pane.ID) {
	for i, b := range m.plan.Boxes {
		if b.At.Holds(x, y) {
			return i, m.shown[i]
		}
	}
	return -1, ""
}

func (m *Model) click(x, y int) tea.Cmd {
	i, id := m.boxAt(x, y)
	if i < 0 {
		return nil
	}
	b := m.plan.Boxes[i]
	if y == b.At.Y {
		if tab := m.tabAt(i, x-b.At.X); tab != "" {
			id = tab
		}
	}
	m.note = note{}
	m.show(id)
	if in := b.At.Inner(); in.Holds(x, y) {
		m.panes[id].Click(&m.data, x-in.X, y-in.Y)
	}
	return m.want()
}

// View draws everything.
func (m *Model) View() tea.View {
	m.paint(m.sheet.Canvas(m.w, m.h, m.theme))
	v := tea.NewView(m.sheet.String())
	v.AltScreen = true
	v.WindowTitle = "kmv " + m.live.Program
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}
