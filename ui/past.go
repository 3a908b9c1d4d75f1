package ui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// past are the stops so far, for going back and forth through them.
type past struct {
	stops []*view.Snapshot
	at    int // the one shown, -1 for the present
}

const pastLength = 2000

// add keeps a stop. What it is compared with is the one before it.
func (p *past) add(m *Model, s *view.Snapshot) {
	if s.Stops > 0 {
		return // it has its own past
	}
	if n := len(p.stops); n > 0 {
		m.data.Before = p.stops[n-1]
	}
	p.stops = append(p.stops, s)
	if len(p.stops) > pastLength {
		p.stops = append([]*view.Snapshot(nil), p.stops[len(p.stops)-pastLength:]...)
	}
	if p.at < 0 {
		m.data.Now = s
	}
}

// leave shows the present again.
func (p *past) leave(m *Model) {
	if p.at >= 0 {
		p.at = -1
		m.data.Now = m.live
		m.code().Follow()
		if n := len(p.stops); n > 1 {
			m.data.Before = p.stops[n-2]
		}
	}
}

// move goes n stops back (-1) or forth (1).
func (p *past) move(m *Model, n int) tea.Cmd {
	if m.live.Stops > 0 { // a recording has its own past
		m.code().Follow()
		op := view.Forward
		if n < 0 {
			op, n = view.Back, -n
		}
		return m.do(view.Command{Op: op, Count: n}, quiet)
	}
	at := p.at
	if at < 0 {
		if n > 0 || len(p.stops) == 0 {
			m.note = note{text: "this is the present", role: draw.Dim}
			return nil
		}
		at = len(p.stops)
		if m.live.State == view.Paused {
			at--
		}
	}
	end := len(p.stops)
	if m.live.State == view.Paused {
		end-- // the last stop is the present
	}
	if at += n; at >= end {
		p.leave(m)
		return nil
	}
	p.at = max(at, 0)
	m.data.Now, m.data.Before = p.stops[p.at], nil
	if p.at > 0 {
		m.data.Before = p.stops[p.at-1]
	}
	m.code().Follow()
	return nil
}

// badge is HISTORY n/m while the past is shown.
func (p *past) badge(live *view.Snapshot) string {
	switch {
	case live.Stops > 0:
		return fmt.Sprintf("HISTORY %d/%d", live.Stop, live.Stops)
	case p.at >= 0:
		return fmt.Sprintf("HISTORY %d/%d", p.at+1, len(p.stops))
	}
	return ""
}
