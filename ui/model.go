// Package ui is the screen: a terminal program that shows a run, live or recorded, and steers it.
//
// Its rules: one root model; the run is reached through view.Controller alone and only by commands (tea.Cmd), so that
// nothing in Update waits; panes (package ui/pane) are plain structs that draw. What can be done stands in one table
// (actions.go), which keys, `:` commands, the palette, the help and docs/tui.md are made of.
//
//	keys, mouse --> Update --> actions --Do--> link ==> view.Controller (socket, recording)
//	                  ^                          |
//	                  +---- events, snapshots <--+        View: Plan (layout) + panes --> canvas
//
// The run is looked at 30 times a second at most, and only for what the visible panes ask.
package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

// Options say what to show and how.
type Options struct {
	Run      view.Controller
	Config   Config
	ReadOnly bool
	Tour     *Tour  // a guided tour, nil for none
	Notice   string // for the log
	Where    string // how to come back to the run after detaching, for a person; "" if it cannot be left
	// Again starts the same program again as a new run, nil where only the run itself can do that. where is the new Where.
	Again func() (run view.Controller, where string, err error)
}

// Model is the root.
type Model struct {
	*link
	opt    Options
	config Config
	keys   map[string][]*Action
	theme  *draw.Theme
	sheet  draw.Sheet
	dark   bool // the terminal's background
	few    bool // it has 16 colours

	w, h   int
	layout string
	zoom   bool
	plan   Plan
	panes  map[pane.ID]pane.Pane
	shown  map[int]pane.ID // the tab on top of each box of the plan
	focus  pane.ID
	before pane.ID // the focus before the program's terminal got it
	mouse  bool

	data   pane.Data
	header pane.Header
	live   *view.Snapshot // the newest
	root   int            // the first process
	listed listing        // where list goes on

	displays    []display // what is shown at each stop
	lastDisplay int

	thread  int // whose registers are shown; 0 is the one that stopped
	flow    flow
	past    past
	animate animation
	rates   rates
	effect  *effect           // of the last switch of mirroring; nil if nothing is to be told
	kept    []view.BreakPoint // for the next run

	log     []pane.Line
	popup   popup
	prompt  *prompt
	note    note
	first   string // the first key of two
	pressed int    // how many keys were
	search  search
	aimed   bool // the next injected error is shown in memory: it was asked for here
	failed  bool // something went wrong since a script's last line
	quit    Outcome
}

// Outcome says how the screen was left.
type Outcome int

// The outcomes.
const (
	Detached Outcome = iota // the program runs on
	Killed                  // it was ended
	Ended                   // it had ended by itself
	Lost                    // the connection broke
)

// search is what / looks for.
type search struct {
	text   string
	active bool // n and N repeat it
}

// note is the answer to the last command, in the last line; an error underlines a token of what was typed.
type note struct {
	text string
	role draw.Role
	err  *view.CommandError
}

// New makes the model.
func New(o Options) (*Model, error) {
	m := &Model{link: newLink(o.Run), opt: o, config: o.Config, dark: true, mouse: !o.Config.NoMouse,
		layout: o.Config.Layout, focus: pane.IDCode, shown: map[int]pane.ID{}, w: 80, h: 24}
	var err error
	if m.keys, err = bind(o.Config.Keys); err != nil {
		return nil, err
	}
	m.past.at = -1
	m.animate.period = o.Config.period()
	m.panes = map[pane.ID]pane.Pane{
		pane.IDCode: &pane.Code{}, pane.IDMemory: pane.NewMemory(), pane.IDRanges: pane.NewRanges(),
		pane.IDRegisters: pane.NewRegisters(), pane.IDStack: pane.NewStack(), pane.IDThreads: pane.NewThreads(),
		pane.IDBreaks: pane.NewBreaks(), pane.IDFailures: pane.NewFailures(), pane.IDGaps: pane.NewGaps(),
		pane.IDTerminal: &pane.Terminal{Screen: m.terminal}, pane.IDLog: pane.NewLog(),
	}
	m.data.Now = &view.Snapshot{State: view.Starting}
	m.live = m.data.Now
	if o.Notice != "" {
		m.logLine(draw.Dim, o.Notice)
	}
	if o.Tour != nil {
		m.say(draw.Badge, "guided tour: Enter goes on, Esc ends it")
	}
	return m, m.retheme()
}

// Init starts to listen.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.wait, tea.RequestBackgroundColor, m.want(), m.tourStart())
}

// Update takes one message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		return m, tea.Batch(m.arrange(), m.want())
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.retheme()
	case tea.ColorProfileMsg:
		m.few = msg.Profile == colorprofile.ANSI
		m.retheme()
	case tea.KeyPressMsg:
		m.pressed++
		return m, m.key(msg)
	case tea.PasteMsg:
		return m, m.paste(msg.Content)
	case tea.MouseClickMsg, tea.MouseWheelMsg:
		return m, m.mouseEvent(msg)
	case eventsMsg:
		if msg.from == m.link { // not of the run before a restart
			return m, m.happened(msg)
		}
	case snapshotMsg:
		if msg.from == m.link {
			return m, m.looked(msg)
		}
	case doneMsg:
		return m, m.answered(msg)
	case funcMsg:
		return m, msg(m)
	}
	return m, nil
}

// funcMsg is a step of the model that a command brings back.
type funcMsg func(m *Model) tea.Cmd

// later runs a step after a time.
func later(d time.Duration, f funcMsg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return f })
}

// retheme chooses the palette for the terminal, unless the configuration names one.
func (m *Model) retheme() error {
	name := m.config.Palette
	switch name {
	case "", "auto":
		name = map[bool]string{true: "dark", false: "light"}[m.dark]
		if m.few {
			name = map[bool]string{true: "16", false: "16-light"}[m.dark]
		}
	case "colorblind":
		name = map[bool]string{true: "colorblind-dark", false: "colorblind-light"}[m.dark]
	}
	t, err := draw.NewTheme(name)
	if err == nil {
		m.theme = t
	}
	return err
}

// arrange makes the plan for the present size and tells the panes theirs.
func (m *Model) arrange() tea.Cmd {
	zoom := pane.ID("")
	if m.zoom {
		zoom = m.focus
	}
	m.plan = Arrange(m.w, m.h, m.layout, zoom)
	m.code().Stacked, m.memory().Stacked = m.plan.Stacked, m.plan.Stacked
	m.shown = map[int]pane.ID{}
	var cmd tea.Cmd
	for i, b := range m.plan.Boxes {
		m.shown[i] = b.Panes[0]
		in := b.At.Inner()
		for _, id := range b.Panes {
			if id == m.focus {
				m.shown[i] = id
			}
			m.panes[id].Size(in.W, in.H)
			if id == pane.IDTerminal && in.W > 0 && in.H > 0 {
				m.terminal.Resize(in.W, in.H)
				cmd = m.do(view.Command{Op: view.Resize, Columns: in.W, Rows: in.H}, quiet)
			}
		}
	}
	return cmd
}

// quiet takes an answer that is not shown.
func quiet(*Model, view.Reply) tea.Cmd { return nil }

func (m *Model) code() *pane.Code           { return m.panes[pane.IDCode].(*pane.Code) }
func (m *Model) memory() *pane.Memory       { return m.panes[pane.IDMemory].(*pane.Memory) }
func (m *Model) ranges() *pane.Ranges       { return m.panes[pane.IDRanges].(*pane.Ranges) }
func (m *Model) registers() *pane.Registers { return m.panes[pane.IDRegisters].(*pane.Registers) }
func (m *Model) stack() *pane.Stack         { return m.panes[pane.IDStack].(*pane.Stack) }
func (m *Model) screen() *pane.Terminal     { return m.panes[pane.IDTerminal].(*pane.Terminal) }

// visible says whether a pane can be seen.
func (m *Model) visible(id pane.ID) bool {
	for _, on := range m.shown {
		if on == id {
			return true
		}
	}
	return false
}

// show gives a pane the keys, and brings it to the top of its box.
func (m *Model) show(id pane.ID) {
	if m.focus != pane.IDTerminal {
		m.before = m.focus
	}
	m.focus = id
	m.screen().Typing = id == pane.IDTerminal && !m.opt.ReadOnly
	for i, b := range m.plan.Boxes {
		for _, p := range b.Panes {
			if p == id {
				m.shown[i] = id
			}
		}
	}
}

// say adds a line to the log and shows it in the last line.
func (m *Model) say(role draw.Role, text string) {
	m.note = note{text: text, role: role}
	m.logLine(role, text)
}

const logLength = 5000

func (m *Model) logLine(role draw.Role, text string) {
	for _, l := range splitLines(text) {
		m.log = append(m.log, pane.Line{Time: m.live.Time, Role: role, Text: l})
	}
	if len(m.log) > logLength {
		m.log = append([]pane.Line(nil), m.log[len(m.log)-logLength:]...)
	}
}
