package ui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

// flow is what the model knows about the run between two messages.
type flow struct {
	looking  bool      // a look is under way
	dirty    bool      // another one is wanted
	stopped  bool      // and it is the one of a stop
	reading  bool      // the look that is under way is that of a stop
	last     time.Time // of the last answer
	resumed  bool      // the program was told to go on and has not stopped since
	waiting  []view.Command
	ended    bool      // no events will come
	turn     uint64    // number of the event that told last whether it runs
	went     bool      // it said that it does
	op       view.Op   // by which command
	since    time.Time // and when
	ticking  bool      // a look at the running program is planned
	planned  bool      // a look is planned for as soon as the last one is old enough
	lastNote string
	news     bool // a stop was read that no frame shows yet
}

// news says, once, that a stop is to be shown.
func (m *Model) news() bool {
	was := m.flow.news
	m.flow.news = false
	return was
}

// expecting says that a step was begun a moment ago, or that its stop is being read.
func (m *Model) expecting() bool {
	return (m.flow.resumed && m.flow.op != view.Continue || m.flow.stopped || m.flow.reading) && time.Since(m.flow.since) < 2*frameStep
}

// resuming are the commands that let the program run.
var resuming = map[view.Op]bool{view.Continue: true, view.StepInst: true, view.NextInst: true, view.Step: true,
	view.Next: true, view.Finish: true, view.Until: true, view.Block: true, view.ToStore: true}

// resume lets the program run. A step that is asked for while another is under way takes its turn.
func (m *Model) resume(c view.Command) tea.Cmd {
	if c.Thread == 0 {
		c.Thread = m.thread
	}
	m.past.leave(m)
	if m.flow.resumed || len(m.flow.waiting) > 0 { // those that wait go first, also when the stop before them is still being read
		stopped := m.flow.went && m.live.State == view.Paused // which the event will say
		if m.flow.resumed && m.flow.op == view.Continue && c.Op == view.Continue && !stopped {
			return nil // it does
		}
		m.flow.waiting = append(m.flow.waiting, c)
		return nil
	}
	return m.goOn(c)
}

// goOn is resume when it is the command's turn.
func (m *Model) goOn(c view.Command) tea.Cmd {
	m.flow.resumed, m.flow.op, m.flow.since = true, c.Op, time.Now()
	m.code().Follow()
	return m.do(c, func(m *Model, r view.Reply) tea.Cmd {
		if r.Text != "" {
			m.say(draw.Plain, r.Text)
		}
		return nil
	})
}

// want asks for a look when none is under way.
func (m *Model) want() tea.Cmd {
	m.flow.dirty = true
	if m.flow.looking || m.flow.ended || m.live.State == view.Ended && m.live.Stops == 0 {
		return nil
	}
	stop := m.flow.stopped
	if wait := frame - time.Since(m.flow.last); wait > 0 && !stop {
		return m.lookIn(wait)
	}
	m.flow.looking, m.flow.dirty, m.flow.stopped, m.flow.reading = true, false, false, stop
	return m.look(m.query(stop), stop)
}

// lookIn plans a look. One that a stop asks for does not wait for it.
func (m *Model) lookIn(wait time.Duration) tea.Cmd {
	if m.flow.planned {
		return nil
	}
	m.flow.planned = true
	return later(wait, func(m *Model) tea.Cmd {
		m.flow.planned = false
		if !m.flow.dirty {
			return nil
		}
		return m.want()
	})
}

// query is what the visible panes ask for; at a stop also what history keeps.
func (m *Model) query(stop bool) view.Query {
	q := view.Query{Thread: m.thread, Rates: true}
	for id, p := range m.panes {
		if m.visible(id) {
			p.Ask(&q)
		}
	}
	if q.Frame = m.chosen(); q.Frame > 0 {
		q.Stack = true
	}
	if stop {
		q.Frame = 0
		q.Registers, q.Stack, q.Threads = true, true, true
		m.code().Ask(&q)
		q.Memory = append(q.Memory, view.MemoryQuery{Text: "$rsp", Size: 512})
	}
	return q
}

// looked takes a snapshot.
func (m *Model) looked(msg snapshotMsg) tea.Cmd {
	m.flow.looking, m.flow.reading, m.flow.last = false, false, time.Now()
	m.flow.news = m.flow.news || msg.stop
	var cmd tea.Cmd
	switch {
	case m.live.State == view.Ended && m.live.Stops == 0:
		return nil // it was too late
	case errors.Is(msg.err, view.ErrEnded):
		return nil // an event will tell how
	case msg.err != nil && !errors.Is(msg.err, context.Canceled):
		m.flow.waiting = nil
		if text := "look: " + msg.err.Error(); m.note.text != text {
			m.say(draw.Bad, text)
		}
	case msg.snap != nil:
		if msg.snap.Stops == 0 && msg.snap.Seq < m.flow.turn { // the program has stopped or gone on since
			m.flow.dirty = true
			if msg.stop {
				m.past.add(m, msg.snap)
			}
			break
		}
		m.rates.add(msg.snap)
		m.told(msg.snap)
		if msg.snap.Stops > 0 && msg.snap.Stop != m.live.Stop {
			m.data.Before = m.live
		}
		m.live = msg.snap
		if m.memory().Settle(msg.snap) {
			m.flow.dirty = true
		}
		if msg.bad != nil && msg.bad.Text != "$rsp" && msg.snap.State == view.Paused {
			m.fail(msg.bad)
		}
		if msg.stop {
			m.thread = 0 // show the one that stopped
			m.stack().Select(0)
		}
		m.header.Rates = m.rates
		if len(msg.snap.Processes) > 0 {
			m.header.Processes = msg.snap.Processes
		}
		if m.past.at < 0 && !m.short(msg.snap) {
			m.data.Now = msg.snap
		}
		if msg.stop && (msg.snap.State == view.Paused && !m.flow.resumed || msg.snap.Stops > 0) {
			m.past.add(m, msg.snap)
			cmd = tea.Batch(m.showDisplays(m.displays), m.next())
		}
	}
	switch {
	case m.flow.dirty || m.flow.stopped:
		return tea.Batch(cmd, m.want())
	case m.live.State == view.Running && !m.flow.ended && !m.flow.ticking:
		m.flow.ticking = true
		return tea.Batch(cmd, later(m.config.refresh(), func(m *Model) tea.Cmd {
			m.flow.ticking = false
			return m.want()
		}))
	}
	return cmd
}

// short says that the program runs, but only for a moment as far as one knows: the last stop stays on the screen, so that
// nothing flickers while stepping.
func (m *Model) short(s *view.Snapshot) bool {
	return s.State == view.Running && s.Registers == nil && m.data.Now.Registers != nil && time.Since(m.flow.since) < 300*time.Millisecond
}

// next carries on after a stop: steps that were asked for meanwhile, or the animation.
func (m *Model) next() tea.Cmd {
	if len(m.flow.waiting) > 0 {
		c := m.flow.waiting[0]
		m.flow.waiting = m.flow.waiting[1:]
		m.past.leave(m)
		return m.goOn(c)
	}
	return m.animate.next(m)
}

// answered takes the reply to a command.
func (m *Model) answered(d doneMsg) tea.Cmd {
	if d.err != nil {
		if resuming[d.command.Op] {
			m.flow.resumed, m.flow.waiting, m.animate.on = false, nil, false
		}
		if d.command.Op != view.Resize && !errors.Is(d.err, context.Canceled) {
			m.fail(d.err)
		}
		return m.want()
	}
	var cmd tea.Cmd
	if d.then != nil {
		cmd = d.then(m, d.reply)
	} else if d.reply.Text != "" {
		m.say(draw.Plain, d.reply.Text)
	}
	return tea.Batch(cmd, m.want())
}

// fail shows an error: the bad token underlined where one is to blame.
func (m *Model) fail(err error) tea.Cmd {
	m.note, m.failed = note{text: err.Error(), role: draw.Bad}, true
	errors.As(err, &m.note.err)
	m.logLine(draw.Bad, err.Error())
	if m.note.err != nil && m.note.err.Hint != "" {
		m.logLine(draw.Dim, "hint: "+m.note.err.Hint)
	}
	return nil
}

// focused is the pane that has the keys.
func (m *Model) focused() pane.Pane { return m.panes[m.focus] }
