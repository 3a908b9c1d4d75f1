package ui

import (
	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// happened takes a batch of events.
func (m *Model) happened(b eventsMsg) tea.Cmd {
	for _, e := range b.events {
		m.event(e)
	}
	if b.ended {
		m.over("the connection to the run was lost")
		m.flow.ended = true
		return m.atEnd()
	}
	return tea.Batch(m.wait, m.want())
}

// atEnd shows the run's last counters, ranges, gaps and failures, where the run still tells.
func (m *Model) atEnd() tea.Cmd {
	from := m.link
	return func() tea.Msg {
		s, err := from.run.Look(from.ctx, view.Query{Ranges: true, Gaps: true, Failures: true, Blocks: true, Breaks: true})
		return funcMsg(func(m *Model) tea.Cmd {
			if err != nil || m.link != from || s.State != view.Ended || m.live.Stops > 0 {
				return nil
			}
			s.Reason = m.live.Reason
			if m.data.Now == m.live {
				m.data.Now = s
			}
			m.live = s
			return nil
		})
	}
}

// over makes the end of the run the present: what was known last, and how it ended.
func (m *Model) over(how string) {
	m.flow.resumed, m.flow.waiting, m.animate.on = false, nil, false
	if m.live.State == view.Ended {
		return
	}
	s := *m.live
	s.State, s.Reason, s.Registers, s.Code, s.Stack = view.Ended, how, nil, nil, nil
	m.live, m.header.Reason = &s, how
	if m.past.at < 0 {
		m.data.Now = m.live
	}
	m.say(draw.Warn, how+"; q leaves, Ctrl+Shift+F5 starts it again")
}

// event takes one.
func (m *Model) event(e view.Event) {
	switch e.Kind {
	case view.EventStart:
		if m.root == 0 {
			m.root = e.Pid
		}
	case view.EventResume:
		m.flow.turn, m.flow.went = e.Seq, true
		m.turned(view.Running, "")
		return
	case view.EventStop:
		m.flow.resumed, m.flow.stopped, m.flow.turn, m.flow.went = false, true, e.Seq, false
		m.turned(view.Paused, e.Text)
		m.header.Reason = e.Text
		if m.flow.lastNote != e.Text || !m.animate.on {
			m.logLine(draw.Warn, "stopped: "+e.Text)
		}
		m.flow.lastNote = e.Text
		return
	case view.EventExit:
		if e.Pid == m.root {
			m.over(exitText(e.Value))
			return
		}
	case view.EventInjected, view.EventDetected, view.EventRecovered, view.EventUnrecovered:
		m.data.Broken = append(m.data.Broken, e)
		if m.aimed && e.Kind == view.EventInjected && e.Addr != 0 {
			m.aimed = false
			m.memory().Goto(e.Addr)
		}
	}
	role, text := describe(e)
	switch {
	case text == "":
	case role == draw.Plain || e.Kind == view.EventSignal:
		m.logLine(role, text)
	default:
		m.say(role, text)
	}
}

// turned notes a change of state before a snapshot shows it. Snapshots are never changed: the past keeps them.
func (m *Model) turned(state view.State, reason string) {
	s := *m.live
	s.State, s.Reason = state, reason
	if m.data.Now == m.live {
		m.data.Now = &s
	}
	m.live = &s
}
