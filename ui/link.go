package ui

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
)

// frame is the shortest time between two looks at the run, and between two batches of its events.
var frame = time.Second / 30

// link is the model's hand at the run. Its goroutines do what blocks; the model gets messages.
type link struct {
	run      view.Controller
	terminal *terminal
	ctx      context.Context
	stop     context.CancelFunc

	mu     sync.Mutex
	events []view.Event
	ended  bool
	typed  []byte
	output []byte        // that the terminal has not shown yet
	news   chan struct{} // capacity 1: something happened
	urgent chan struct{} // capacity 1: and it must be seen now
	orders chan given    // commands, in the order in which they were given
	input  chan struct{} // capacity 1: something was typed
	prints chan struct{} // capacity 1: there is output
	silent chan struct{} // closed when no more commands are given
	last   time.Time     // of wait's last batch
}

// eventsMsg is a batch of events; output only (an empty batch) means that the terminal has changed.
type eventsMsg struct {
	from   *link
	events []view.Event
	ended  bool // no more will come
}

// snapshotMsg answers a look.
type snapshotMsg struct {
	from *link
	snap *view.Snapshot
	err  error
	stop bool               // asked for because the program stopped
	bad  *view.CommandError // an expression that has no value
}

// doneMsg answers a command.
type doneMsg struct {
	command view.Command
	reply   view.Reply
	err     error
	then    func(m *Model, r view.Reply) tea.Cmd
}

// given is a command under way. Its answer has room to wait.
type given struct {
	command view.Command
	answer  chan doneMsg
}

// ordersMost may wait: what is typed is that much ahead of the run.
const ordersMost = 1000

func newLink(run view.Controller) *link {
	l := &link{run: run, terminal: newTerminal(80, 24), last: time.Now(),
		news: make(chan struct{}, 1), urgent: make(chan struct{}, 1), input: make(chan struct{}, 1), prints: make(chan struct{}, 1), orders: make(chan given, ordersMost), silent: make(chan struct{})}
	l.ctx, l.stop = context.WithCancel(context.Background())
	go l.listen()
	go l.typist()
	go l.commander()
	go l.answers()
	return l
}

// listen takes events as they come. Output has a way of its own: the stop of a program that floods its terminal must not wait until
// the emulator has got through all of that.
func (l *link) listen() {
	printed := make(chan struct{})
	go l.printer(printed)
	for e := range l.run.Events() {
		if e.Kind == view.EventOutput {
			l.mu.Lock()
			l.output = lastOutput(append(l.output, e.Data...))
			l.mu.Unlock()
			notify(l.prints)
			continue
		}
		l.mu.Lock()
		l.events = append(l.events, e)
		l.mu.Unlock()
		notify(l.news)
		if e.Kind == view.EventStop || e.Kind == view.EventExit {
			notify(l.urgent)
		}
	}
	close(l.prints)
	<-printed
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	notify(l.news)
}

// printer shows output in the terminal, piece by piece; all of it is shown when it closes printed.
func (l *link) printer(printed chan<- struct{}) {
	defer close(printed)
	const piece = 2 << 10 // a millisecond: who draws the terminal waits for it
	for range l.prints {
		for l.ctx.Err() == nil {
			l.mu.Lock()
			n := min(piece, len(l.output))
			data := l.output[:n:n]
			l.output = l.output[n:]
			l.mu.Unlock()
			if n == 0 {
				break
			}
			l.terminal.Write(data)
			notify(l.news)
		}
	}
}

// lastOutput forgets the first lines of what is more than anybody could scroll back to.
func lastOutput(data []byte) []byte {
	const most = 1 << 20
	if len(data) <= 2*most {
		return data
	}
	data = data[len(data)-most:]
	return append([]byte(nil), data[bytes.IndexByte(data, '\n')+1:]...)
}

// notify leaves a note that is still there when somebody looks.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wait is the command that brings the next batch, at most 30 a second; a stop does not wait for its turn.
func (l *link) wait() tea.Msg {
	select {
	case <-l.news:
	case <-l.ctx.Done():
		return nil
	}
	select {
	case <-time.After(frame - time.Since(l.last)):
	case <-l.urgent:
	case <-l.ctx.Done():
		return nil
	}
	l.last = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	m := eventsMsg{from: l, events: l.events, ended: l.ended}
	l.events = nil
	return m
}

// typist sends keys in order.
func (l *link) typist() {
	for {
		select {
		case <-l.input:
		case <-l.ctx.Done():
			return
		}
		l.mu.Lock()
		data := l.typed
		l.typed = nil
		l.mu.Unlock()
		l.run.Do(l.ctx, view.Command{Op: view.Input, Data: data}) // an ended program takes no keys: nothing to tell
	}
}

// answers sends what the terminal itself replies, such as its cursor's position.
func (l *link) answers() {
	buf := make([]byte, 256)
	for {
		n, err := l.terminal.Read(buf)
		if err != nil {
			return
		}
		l.send(append([]byte(nil), buf[:n]...))
	}
}

// send queues keys for the program. It never blocks: a program that does not read must not stop the screen.
func (l *link) send(data []byte) {
	l.mu.Lock()
	l.typed = append(l.typed, data...)
	l.mu.Unlock()
	notify(l.input)
}

// do carries a command out, behind those that were given before, and brings the answer.
func (l *link) do(c view.Command, then func(m *Model, r view.Reply) tea.Cmd) tea.Cmd {
	o := given{c, make(chan doneMsg, 1)}
	select {
	case l.orders <- o:
	default:
		o.answer <- doneMsg{command: c, err: errors.New("too many commands wait for the run to answer")}
	}
	return func() tea.Msg {
		select {
		case d := <-o.answer:
			d.then = then
			return d
		case <-l.ctx.Done():
			return doneMsg{c, view.Reply{}, l.ctx.Err(), then}
		}
	}
}

// commander gives the commands one after the other: a key must not overtake what was typed before it.
func (l *link) commander() {
	defer close(l.silent)
	for l.ctx.Err() == nil {
		select {
		case o := <-l.orders:
			r, err := l.run.Do(l.ctx, o.command)
			o.answer <- doneMsg{command: o.command, reply: r, err: err}
		case <-l.ctx.Done():
			return
		}
	}
}

// look brings a snapshot.
func (l *link) look(q view.Query, stop bool) tea.Cmd {
	return func() tea.Msg {
		s, err := l.run.Look(l.ctx, q)
		var bad *view.CommandError
		if errors.As(err, &bad) && stripped(&q) { // an expression has no value now: the rest does
			s, err = l.run.Look(l.ctx, q)
		} else {
			bad = nil
		}
		return snapshotMsg{l, s, err, stop, bad}
	}
}

// stripped takes the expressions out of a query, and says whether there were any.
func stripped(q *view.Query) bool {
	rest := slices.DeleteFunc(slices.Clone(q.Memory), func(m view.MemoryQuery) bool { return m.Text != "" })
	had := len(rest) < len(q.Memory)
	q.Memory = rest
	return had
}

// glance looks at the run once, outside of the screen's own looks.
func (l *link) glance(q view.Query, then func(m *Model, s *view.Snapshot) tea.Cmd) tea.Cmd {
	return func() tea.Msg {
		s, err := l.run.Look(l.ctx, q)
		return funcMsg(func(m *Model) tea.Cmd {
			if err != nil {
				return m.fail(err)
			}
			return then(m, s)
		})
	}
}

// close lets go of the run.
func (l *link) close() {
	l.stop()
	<-l.silent
	l.terminal.Close()
	l.run.Close()
}
