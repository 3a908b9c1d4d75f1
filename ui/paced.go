package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// A message comes seldom alone: a step is a key, a reply, events and a snapshot within a few milliseconds, and Bubble Tea asks for a
// frame after each. So a frame is drawn when nothing has been drawn for a while and what follows a message at once has come.
// Messages, keys among them, never wait for a frame.
const (
	frameRest   = time.Second / 60
	frameSettle = 4 * time.Millisecond
)

// paced is the model as Bubble Tea gets it.
type paced struct {
	*Model
	view    tea.View
	drawn   time.Time
	due     bool // the next View draws
	planned bool // a message will say that it is due
}

// dueMsg says that it is time for a frame.
type dueMsg struct{}

// Paced is a model that draws no more than can be seen.
func Paced(m *Model) tea.Model { return &paced{Model: m, due: true} }

func (p *paced) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(dueMsg); ok {
		p.due, p.planned = true, false
		return p, nil
	}
	_, cmd := p.Model.Update(msg)
	if !p.planned {
		p.planned = true
		wait := max(frameRest-time.Since(p.drawn), frameSettle)
		cmd = tea.Batch(cmd, tea.Tick(wait, func(time.Time) tea.Msg { return dueMsg{} }))
	}
	return p, cmd
}

func (p *paced) View() tea.View {
	if p.due {
		p.view, p.due, p.drawn = p.Model.View(), false, time.Now()
	}
	return p.view
}
