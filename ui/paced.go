package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// A message comes seldom alone: a step is a key, a reply, events and a snapshot within a few milliseconds, and Bubble Tea asks for a
// frame after each. So a frame is drawn when nothing has been drawn for a while and what follows a message at once has come. A stop is
// drawn at once, and while one is likely to come nothing is drawn before it. Messages, keys among them, never wait for a frame.
const (
	frameRest   = time.Second / 60
	frameSettle = 4 * time.Millisecond
	frameStep   = 25 * time.Millisecond // most steps are done by then
)

// paced is the model as Bubble Tea gets it.
type paced struct {
	*Model
	view  tea.View
	drawn time.Time
	due   bool // the next View draws
	plan  int  // number of the last planned frame, 0 for none
	plans int
}

// FPS is how often Bubble Tea shall look whether there is a new frame: the more often, the sooner a stop is seen.
const FPS = 120

// dueMsg says that it is time for a planned frame.
type dueMsg int

// Paced is a model that draws no more than can be seen.
func Paced(m *Model) tea.Model { return &paced{Model: m, due: true} }

func (p *paced) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if n, ok := msg.(dueMsg); ok {
		if int(n) == p.plan {
			p.due, p.plan = true, 0
		}
		return p, nil
	}
	_, cmd := p.Model.Update(msg)
	if p.news() {
		p.due, p.plan = true, 0
	} else if p.plan == 0 {
		wait := max(frameRest-time.Since(p.drawn), frameSettle)
		if p.expecting() {
			wait = frameStep
		}
		p.plans++
		p.plan = p.plans
		due := dueMsg(p.plan)
		cmd = tea.Batch(cmd, tea.Tick(wait, func(time.Time) tea.Msg { return due }))
	}
	return p, cmd
}

func (p *paced) View() tea.View {
	if p.due {
		p.news() // it is shown now
		p.view, p.due, p.drawn = p.Model.View(), false, time.Now()
	}
	return p.view
}
