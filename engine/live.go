package engine

import (
	"context"
	"os"
	"runtime"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// Live is a run under way. It is a view.Controller; its methods may be called from any goroutine.
type Live struct {
	requests *requests
	events   *eventQueue
	terminal *terminal // nil unless Options.Terminal
	done     chan struct{}
	report   *Report
	err      error
	final    *view.Snapshot // set before requests are refused
}

var _ view.Controller = (*Live)(nil)

// Start starts a program under translation. It returns when the program stands in front of its first instruction, or with
// the reason why it cannot be started.
func Start(ctx context.Context, o Options) (*Live, error) {
	l := &Live{requests: &requests{}, done: make(chan struct{})}
	if o.Terminal != nil {
		t, err := openTerminal(*o.Terminal)
		if err != nil {
			return nil, err
		}
		l.terminal, o.Files = t, []*os.File{t.slave, t.slave, t.slave}
	}
	l.events = newEventQueue(o.Watched || o.Terminal != nil)
	if l.terminal != nil {
		go l.terminal.read(l.events)
	}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: ptrace(2) belongs to this thread, which ends with the run
		defer close(l.done)
		e := newEngine(o)
		e.requests, e.events = l.requests, l.events
		defer l.requests.close()
		defer l.events.close()
		if l.terminal != nil {
			defer l.terminal.end()
		}
		l.report, l.err = e.run(ctx, started)
		if e.opts.Watched {
			l.final = e.final()
		}
	}()
	if err := <-started; err != nil {
		<-l.done
		return nil, err
	}
	return l, nil
}

// Run is Start and Wait.
func Run(ctx context.Context, o Options) (*Report, error) {
	l, err := Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return l.Wait()
}

// Wait returns when nothing of the program is left. The error is kmv's own failure: the program's end, however bad, is in
// the report. A failure leaves no target behind.
func (l *Live) Wait() (*Report, error) {
	<-l.done
	return l.report, l.err
}

// Events are what happened, from the start, if Options.Watched; else there are none.
func (l *Live) Events() <-chan view.Event { return l.events.out }

// Close lets the run go on by itself: a paused program continues.
func (l *Live) Close() error {
	_, err := l.Do(context.Background(), view.Command{Op: view.Continue})
	if err == ErrEnded {
		return nil
	}
	return err
}

// At runs f on the engine's goroutine while nothing of the program runs: a safe point.
func (l *Live) At(f func(s *Site) error) error {
	var own error
	err := l.requests.do(func(e *engine) { own = e.atRest(func() error { return f(&Site{e}) }) })
	if err != nil {
		return err
	}
	return own
}

// Site is the program at a safe point: what may be done to it there. It must not be kept.
type Site struct{ e *engine }

// Layout says where the copies are.
func (s *Site) Layout() shadowmem.Layout { return s.e.layout }
