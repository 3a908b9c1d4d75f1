package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

var failureActions = []*Action{
	{Name: "inject", Args: "SPEC", Group: "failures", When: changes, Do: inject, Choices: words("page@heap", "flip:1@heap", "flip:2@stack", "page@stack,half=mirror"),
		Help: "make a memory error: WHAT@WHERE[,when=MOMENT][,every=DURATION][,half=HALF][,seed=N], as kmv run --inject"},
	{Name: "wizard", Keys: []string{"!"}, Group: "failures", When: changes, Help: "choose a memory error: what, where, when",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.open(newWizard(m))
			return nil, nil
		}},
	{Name: "campaign", Args: "N SPEC...", Group: "failures", When: writable, Do: campaign,
		Help: "run the program N times, with one error each (kmv campaign), in the background; its results come into the log"},
	{Name: "filter", Keys: []string{`\`}, Args: "[TEXT]", Group: "failures", When: on(pane.IDGaps, pane.IDRanges), Help: "keep the lines of gaps or ranges that contain TEXT", Do: filter},
	{Name: "export", Keys: []string{"E"}, Args: "[gaps|ranges|failures|log|screen|all] [FILE]", Group: "failures", Do: export,
		Help: "write a list as JSON (the log and the screen as text)", Choices: words("gaps", "ranges", "failures", "log", "screen", "all")},
}

func inject(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	return m.inject(l, l.Rest(0)), nil
}

func (m *Model) inject(l *Line, spec string) tea.Cmd {
	m.aimed = true
	return m.act(l, view.Command{Op: view.Inject, Text: spec, Thread: m.thread}, func(m *Model, r view.Reply) tea.Cmd {
		text := r.Text
		if text == "" {
			text = "injected " + spec
		}
		m.say(draw.Warn, text)
		return nil
	})
}

func filter(m *Model, l *Line) (tea.Cmd, error) {
	set := func(m *Model, text string) (tea.Cmd, error) {
		switch p := m.focused().(type) {
		case *pane.Gaps:
			p.Filter(text)
		case *pane.Ranges:
			p.Filter(text)
		}
		return m.want(), nil
	}
	if len(l.Args) > 0 {
		return set(m, l.Rest(0))
	}
	m.ask("keep lines with (empty: all): ", "", set)
	return nil, nil
}

// opened is what Enter does: the natural next thing about what is selected.
func opened(m *Model, l *Line) (tea.Cmd, error) {
	d := &m.data
	switch m.focus {
	case pane.IDCode:
		return explain(m, l)
	case pane.IDMemory:
		return why(m, l)
	case pane.IDRanges:
		if g := m.ranges().Selected(d); g != nil {
			m.show(pane.IDMemory)
			m.memory().Goto(g.Start)
		}
	case pane.IDStack:
		return nil, m.frame(m.stack().Frame())
	case pane.IDThreads:
		m.selectThread(m.panes[pane.IDThreads].(*pane.Threads).Selected(d))
	case pane.IDBreaks:
		if b := m.breaks().Selected(d); b != nil && b.Kind == "watch" {
			m.show(pane.IDMemory)
			m.memory().Goto(b.Addr)
		} else if b != nil {
			m.show(pane.IDCode)
			m.code().Goto(b.Addr)
		}
	case pane.IDGaps:
		g := m.panes[pane.IDGaps].(*pane.Gaps).Selected(d)
		if g == nil || g.Addr == 0 {
			return nil, l.bad(-1, "this gap has no instruction to go to", "it is made by "+gapSource(g))
		}
		m.show(pane.IDCode)
		m.code().Goto(g.Addr)
	case pane.IDFailures:
		f := m.panes[pane.IDFailures].(*pane.Failures).Selected(d)
		if f == nil {
			return nil, l.bad(-1, "there was no memory error", "! injects one")
		}
		m.memory().Goto(f.Events[0].Addr)
		m.open(&viewer{name: fmt.Sprintf("memory error at %x", f.Events[0].Addr), lines: f.Story()})
	case pane.IDLog:
		m.open(&viewer{name: "log", lines: strings.Split(m.focused().Copy(d), "\n")})
	case pane.IDRegisters:
		return nil, m.intoRegister(l)
	}
	return m.want(), nil
}

func gapSource(g *view.Gap) string {
	if g == nil {
		return "nothing"
	}
	return g.Kind + " " + g.Name
}
