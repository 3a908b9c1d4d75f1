package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

// flow is what the model knows about the run between two messages.
type flow struct {
	looking  bool      // a look is under way
	dirty    bool      // another one is wanted
	stopped  bool      // and it is the one of a stop
	last     time.Time // of the last answer
	resumed  bool      // the program was told to go on and has not stopped since
	waiting  []view.Command
	ended    bool      // no events will come
	op       view.Op   // by which command
	since    time.Time // and when
	ticking  bool      // a look is planned
	lastNote string
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
		if m.flow.resumed && m.flow.op == view.Continue && c.Op == view.Continue {
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
	m.flow.looking, m.flow.dirty = true, false
	stop := m.flow.stopped
	m.flow.stopped = false
	wait := frame - time.Since(m.flow.last)
	if stop {
		wait = 0
	}
	return m.look(m.query(stop), stop, wait)
}

// query is what the visible panes ask for; at a stop also what history keeps.
func (m *Model) query(stop bool) view.Query {
	q := view.Query{Thread: m.thread}
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
		m.turned(view.Running, "")
		return
	case view.EventStop:
		m.flow.resumed, m.flow.stopped = false, true
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

// describe is an event's line in the log; "" for those that only move counters.
func describe(e view.Event) (draw.Role, string) {
	where := ""
	if e.Addr != 0 {
		where = fmt.Sprintf(" %x", e.Addr)
	}
	if e.Half != "" {
		where += " in the " + string(e.Half) + " half"
	}
	if e.Range != "" {
		where += " of " + e.Range
	}
	role := draw.Plain
	switch e.Kind {
	case view.EventMap, view.EventScrub, view.EventThread, view.EventVerified:
		return draw.Dim, ""
	case view.EventExit:
		return draw.Warn, fmt.Sprintf("process %d %s", e.Pid, exitText(e.Value))
	case view.EventFork:
		return role, fmt.Sprintf("process %d forked %d", e.Pid, e.Value)
	case view.EventStart:
		return role, "started " + e.Text
	case view.EventSignal:
		return draw.Warn, strings.TrimRight("signal "+signalName(e.Value)+" "+e.Text, " ")
	case view.EventGap, view.EventDivergent, view.EventInjected, view.EventDetected:
		role = draw.Warn
	case view.EventRecovered, view.EventMasked, view.EventRetired:
		role = draw.Good
	case view.EventUnrecovered:
		role = draw.Bad
	case view.EventLog, view.EventMirror:
		return role, e.Text
	}
	text := string(e.Kind) + where
	if f := e.Failure; f != nil {
		text += fmt.Sprintf(" (%s", f.What)
		if f.Latency > 0 {
			text += fmt.Sprintf(", %.0f us", f.Latency)
		}
		text += ")"
	}
	if e.Text != "" {
		text += ": " + e.Text
	}
	return role, text
}

func signalName(n uint64) string {
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprint(n)
}

// exitText reads a wait status (wait(2)).
func exitText(status uint64) string {
	if sig := status & 0x7f; sig != 0 {
		return "was killed by " + signalName(sig)
	}
	return fmt.Sprintf("exited with %d", status>>8&0xff)
}

// looked takes a snapshot.
func (m *Model) looked(msg snapshotMsg) tea.Cmd {
	m.flow.looking, m.flow.last = false, time.Now()
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
		m.rates.add(m.live, msg.snap)
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
		m.header.Rates = m.rates.values
		if len(msg.snap.Processes) > 0 {
			m.header.Processes = msg.snap.Processes
		}
		m.data.Stores = m.rates.ranges
		if m.past.at < 0 && !m.short(msg.snap) {
			m.data.Now = msg.snap
		}
		if msg.stop && (msg.snap.State == view.Paused || msg.snap.Stops > 0) {
			m.past.add(m, msg.snap)
			cmd = m.next()
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

// rates are stores a second: of the whole run for the sparkline, and of each range.
type rates struct {
	values []float64
	ranges map[uint64]float64
	before map[uint64]uint64
	at     float64
}

const rateLength = 120

func (r *rates) add(old, now *view.Snapshot) {
	if d := now.Time - old.Time; d >= 0.02 && now.Counters.Stores >= old.Counters.Stores && old.Time > 0 {
		r.values = append(r.values, float64(now.Counters.Stores-old.Counters.Stores)/d)
		if len(r.values) > rateLength {
			r.values = r.values[len(r.values)-rateLength:]
		}
	}
	if len(now.Ranges) == 0 || now.Time-r.at < 0.2 {
		return
	}
	next, per := map[uint64]uint64{}, map[uint64]float64{}
	for _, g := range now.Ranges {
		next[g.Start] = g.Stores
		if was, ok := r.before[g.Start]; ok && g.Stores >= was {
			per[g.Start] = float64(g.Stores-was) / (now.Time - r.at)
		}
	}
	r.before, r.ranges, r.at = next, per, now.Time
}

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

// focused is the pane that has the keys.
func (m *Model) focused() pane.Pane { return m.panes[m.focus] }
