package ui

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

var historyActions = []*Action{
	{Name: "back", Keys: []string{","}, Group: "history", Help: "show the stop before: registers and touched memory were kept",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return tea.Batch(m.past.move(m, -1), m.want()), nil }},
	{Name: "forth", Keys: []string{"."}, Group: "history", Help: "show the stop after it, up to the present",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return tea.Batch(m.past.move(m, 1), m.want()), nil }},
	{Name: "present", Keys: []string{"ctrl+e"}, Group: "history", Help: "show the present",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			if m.live.Stops > 0 {
				return m.past.move(m, m.live.Stops), nil
			}
			m.past.leave(m)
			return m.want(), nil
		}},
}

// paneKeys are the keys that give a pane the keys.
var paneKeys = map[pane.ID]string{pane.IDCode: "1", pane.IDMemory: "2", pane.IDRanges: "3", pane.IDRegisters: "4", pane.IDStack: "5",
	pane.IDThreads: "6", pane.IDBreaks: "7", pane.IDFailures: "8", pane.IDGaps: "9", pane.IDTerminal: "0", pane.IDLog: "L"}

var screenActions = append(paneActions(), []*Action{
	{Name: "next-pane", Keys: []string{"tab"}, Group: "screen", Help: "go to the next pane (not into the program's terminal)",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.turn(1), nil }},
	{Name: "previous-pane", Keys: []string{"shift+tab"}, Group: "screen", Help: "go to the one before",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.turn(-1), nil }},
	{Name: "type", Keys: []string{"ctrl+]"}, Group: "screen", typing: true, Help: "give the keys to the program, or take them back (function keys stay kmv's)",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			if m.focus == pane.IDTerminal && m.screen().Typing {
				m.show(m.before)
			} else {
				m.show(pane.IDTerminal)
			}
			return m.want(), nil
		}},
	{Name: "zoom", Keys: []string{"+"}, Group: "screen", Help: "give the pane the whole screen", Do: zoom(true)},
	{Name: "unzoom", Keys: []string{"_"}, Group: "screen", Help: "show the others again", Do: zoom(false)},
	{Name: "layout", Args: "[auto|wide|tabs|stack|one]", Group: "screen", Help: "arrange the panes, as far as the terminal is wide enough", Choices: words(Layouts...),
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return layout(m, l, 0) }},
	{Name: "find", Keys: []string{"/"}, Args: "[TEXT]", Group: "screen", Help: "find text in the pane", Do: findText},
	{Name: "find-next", Keys: []string{"n"}, Group: "screen", When: searching, Help: "go to the next match (after a search, until Esc)",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.again(1), nil }},
	{Name: "find-previous", Keys: []string{"N"}, Group: "screen", When: searching, Help: "go to the one before",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.again(-1), nil }},
	{Name: "escape", Keys: []string{"esc"}, Group: "screen", Help: "end a search, the past, the zoom, in this order",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.escape(), nil }},
	{Name: "copy", Keys: []string{"y"}, Group: "screen", Help: "copy the selected line to the clipboard (OSC 52)", Do: copyLine},
	{Name: "mouse", Keys: []string{"M"}, Group: "screen", Help: "release the mouse, for selecting text with the terminal, or take it again",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.mouse = !m.mouse
			m.say(draw.Plain, map[bool]string{true: "the mouse is the screen's", false: "the mouse is the terminal's; M takes it again"}[m.mouse])
			return nil, nil
		}},
	{Name: "redraw", Keys: []string{"ctrl+l"}, Group: "screen", Help: "draw everything again",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return tea.ClearScreen, nil }},
	{Name: "help", Keys: []string{"?", "f1"}, Args: "[NAME]", Group: "screen", Help: "what works now", Do: help, Choices: actionNames},
	{Name: "palette", Keys: []string{"ctrl+p"}, Group: "screen", Help: "find an action by a part of its name or help",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.open(newPalette(m))
			return nil, nil
		}},
	{Name: "command", Keys: []string{":"}, Group: "screen", Help: "type a command", Do: func(m *Model, l *Line) (tea.Cmd, error) {
		m.openCommand("")
		return nil, nil
	}},
}...)

func paneActions() []*Action {
	var out []*Action
	for _, id := range order {
		out = append(out, &Action{Name: "pane-" + string(id), Keys: []string{paneKeys[id]}, Group: "screen", Help: "give the keys to " + paneHelp[id],
			Do: func(m *Model, l *Line) (tea.Cmd, error) {
				m.show(id)
				return tea.Batch(m.arrangeZoomed(), m.want()), nil
			}})
	}
	return out
}

var paneHelp = map[pane.ID]string{pane.IDCode: "native code and its translation", pane.IDMemory: "both halves of memory",
	pane.IDRanges: "the ranges of memory and what of them is mirrored", pane.IDRegisters: "the registers", pane.IDStack: "the call stack",
	pane.IDThreads: "threads and processes", pane.IDBreaks: "breakpoints and watchpoints", pane.IDFailures: "the timeline of memory errors",
	pane.IDGaps: "writes that are not mirrored", pane.IDTerminal: "the program's own terminal", pane.IDLog: "the log"}

// arrangeZoomed keeps the zoom on the pane that has the keys.
func (m *Model) arrangeZoomed() tea.Cmd {
	if m.zoom {
		return m.arrange()
	}
	return nil
}

// turn goes on to another pane.
func (m *Model) turn(n int) tea.Cmd {
	at := slices.Index(order, m.focus)
	for {
		at = (at + n + len(order)) % len(order)
		if order[at] != pane.IDTerminal {
			break
		}
	}
	m.show(order[at])
	return tea.Batch(m.arrangeZoomed(), m.want())
}

func zoom(on bool) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		m.zoom = on
		return tea.Batch(m.arrange(), m.want()), nil
	}
}

func layout(m *Model, l *Line, i int) (tea.Cmd, error) {
	name := l.Arg(i)
	if name == "" {
		name = Layouts[(slices.Index(Layouts, m.layout)+1)%len(Layouts)]
	}
	if !slices.Contains(Layouts, name) {
		return nil, l.bad(i, "is not a layout", strings.Join(Layouts, ", "))
	}
	m.layout, m.zoom = name, false
	if got := chosen(m.w, name); name != "auto" && got != name {
		m.say(draw.Warn, fmt.Sprintf("%s needs a wider terminal; this is %s", name, got))
	}
	return tea.Batch(m.arrange(), m.want()), nil
}

func searching(m *Model) string {
	if !m.search.active {
		return "no search; / starts one"
	}
	return ""
}

func findText(m *Model, l *Line) (tea.Cmd, error) {
	look := func(m *Model, text string) (tea.Cmd, error) {
		m.search = search{text: text, active: text != ""}
		if text == "" {
			return nil, nil
		}
		return m.again(1), nil
	}
	if len(l.Args) > 0 {
		return look(m, l.Rest(0))
	}
	m.ask("/", "", look)
	return nil, nil
}

// again repeats the search.
func (m *Model) again(direction int) tea.Cmd {
	if !m.focused().Find(&m.data, m.search.text, direction) {
		m.note = note{text: m.search.text + ": not found in " + string(m.focus), role: draw.Warn}
	}
	return m.want()
}

func (m *Model) escape() tea.Cmd {
	switch {
	case m.search.active:
		m.search = search{}
	case m.past.at >= 0:
		m.past.leave(m)
	case m.zoom:
		m.zoom = false
		return tea.Batch(m.arrange(), m.want())
	default:
		m.code().Follow()
	}
	m.note = note{}
	return m.want()
}

func copyLine(m *Model, l *Line) (tea.Cmd, error) {
	text := strings.TrimRight(m.focused().Copy(&m.data), " \n")
	if text == "" {
		return nil, l.bad(-1, "nothing is selected", "select a line first")
	}
	first, _, _ := strings.Cut(text, "\n")
	m.say(draw.Plain, "copied: "+first)
	return tea.SetClipboard(text), nil
}

var moveActions = []*Action{
	{Name: "move-up", Keys: []string{"k", "up"}, Group: "move", Help: "up", Do: move(-1, 0)},
	{Name: "move-down", Keys: []string{"j", "down"}, Group: "move", Help: "down", Do: move(1, 0)},
	{Name: "move-left", Keys: []string{"h", "left"}, Group: "move", Help: "left; in memory from the backup into the native half", Do: move(0, -1)},
	{Name: "move-right", Keys: []string{"l", "right"}, Group: "move", Help: "right; in memory from the native into the backup half", Do: move(0, 1)},
	{Name: "half-page-up", Keys: []string{"ctrl+u"}, Group: "move", Help: "half a page up", Do: page(-1)},
	{Name: "half-page-down", Keys: []string{"ctrl+d"}, Group: "move", Help: "half a page down", Do: page(1)},
	{Name: "page-up", Keys: []string{"pgup"}, Group: "move", Help: "a page up", Do: page(-2)},
	{Name: "page-down", Keys: []string{"pgdown"}, Group: "move", Help: "a page down", Do: page(2)},
	{Name: "top", Keys: []string{"g g", "home"}, Group: "move", Help: "to the start", Do: ends(false)},
	{Name: "bottom", Keys: []string{"G", "end"}, Group: "move", Help: "to the end", Do: ends(true)},
}

func move(rows, columns int) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		m.focused().Move(&m.data, rows, columns)
		return m.want(), nil
	}
}

func page(halves int) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		m.focused().Page(&m.data, halves)
		return m.want(), nil
	}
}

func ends(last bool) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		m.focused().Ends(&m.data, last)
		return m.want(), nil
	}
}

// badgeRecording stands in the header while a recording is made.
const badgeRecording = "RECORDING"

// startRecording begins or ends a recording.
func startRecording(m *Model, l *Line) (tea.Cmd, error) {
	if len(l.Args) == 0 || l.Arg(0) == "off" {
		return m.do(view.Command{Op: view.Record}, func(m *Model, r view.Reply) tea.Cmd {
			m.header.Badge = ""
			m.say(draw.Plain, orElse(r.Text, "the recording ends"))
			return nil
		}), nil
	}
	file, err := filepath.Abs(l.Rest(0)) // the run may have another working directory
	if err != nil {
		return nil, l.bad(0, err.Error(), "an absolute path")
	}
	return m.act(l, view.Command{Op: view.Record, On: true, Text: file}, func(m *Model, r view.Reply) tea.Cmd {
		m.header.Badge = badgeRecording
		m.say(draw.Plain, orElse(r.Text, "records to "+file))
		return nil
	}), nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
