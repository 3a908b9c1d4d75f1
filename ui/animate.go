package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
)

// animation continues in steps, with a picture of each.
type animation struct {
	on     bool
	op     view.Op
	period time.Duration
	turn   int // tells old timers from new ones
}

// next takes one step after the period.
func (a *animation) next(m *Model) tea.Cmd {
	if !a.on {
		return nil
	}
	turn := a.turn
	return later(a.period, func(m *Model) tea.Cmd {
		if !m.animate.on || m.animate.turn != turn || m.flow.resumed {
			return nil
		}
		if m.live.Stops > 0 {
			if m.live.Stop >= m.live.Stops {
				m.animate.on = false
				return nil
			}
			return tea.Batch(m.past.move(m, 1), m.animate.next(m))
		}
		return m.resume(view.Command{Op: m.animate.op})
	})
}
