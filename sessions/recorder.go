package sessions

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kmv/engine/view"
)

// Options say what a recording's header tells, and who is told of its end.
type Options struct {
	Version string       // of kmv
	Policy  []string     // mirror SPECs, in order
	Seeds   []uint64     // of the injections
	Say     func(string) // gets a line for a person when a recording ends before it should; may be nil
}

// Recorder is a view.Controller around another: everything passes, and what passes is recorded while a recording is on.
// view.Record starts and ends one. The events of the run must be read, from Events, whether or not they are of interest.
type Recorder struct {
	view.Controller
	options Options
	events  *queue[view.Event]
	pumped  chan struct{} // closed when the run's events have ended, and with them the recording

	mu   sync.Mutex
	tape *tape  // nil: nothing is recorded
	seq  uint64 // of the last event
	over bool   // the run has ended
	last Status // of the recording that ended last
}

// Status is what a recording came to.
type Status struct {
	Path    string
	Bytes   int64
	Dropped Dropped // in all
	Err     error   // why it ended early
}

// Wrap puts a Recorder around a run, with no recording on.
func Wrap(c view.Controller, o Options) *Recorder {
	r := &Recorder{Controller: c, options: o, events: newQueue[view.Event](), pumped: make(chan struct{})}
	go r.pump()
	return r
}

// NewRecorder is Wrap with a recording to file from the start.
func NewRecorder(file *File, c view.Controller, o Options) (*Recorder, error) {
	r := &Recorder{Controller: c, options: o, events: newQueue[view.Event](), pumped: make(chan struct{})}
	if err := r.start(context.Background(), file); err != nil {
		file.Discard()
		return nil, err
	}
	go r.pump()
	return r, nil
}

// Events are the run's.
func (r *Recorder) Events() <-chan view.Event { return r.events.out }

// Close ends the recording, if one is on, and lets go of the run.
func (r *Recorder) Close() error {
	_, recorded := r.stop("the watcher let go of the run")
	err := r.Controller.Close()
	r.events.drop()
	return errors.Join(recorded, err)
}

// pump copies events to the recording and to the watcher.
func (r *Recorder) pump() {
	for e := range r.Controller.Events() {
		r.mu.Lock()
		t := r.tape
		r.seq = e.Seq
		r.mu.Unlock()
		if t != nil {
			t.event(e)
		}
		r.events.put(e)
	}
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	_, _ = r.stop("the run ended")
	r.events.finish()
	close(r.pumped)
}

// Wait returns when the run has ended and its recording is on the disk.
func (r *Recorder) Wait() { <-r.pumped }

func (r *Recorder) current() *tape {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tape
}

// Do carries out Record itself and passes the rest.
func (r *Recorder) Do(ctx context.Context, c view.Command) (view.Reply, error) {
	if c.Op == view.Record {
		return r.record(ctx, c)
	}
	t := r.current()
	if t == nil {
		return r.Controller.Do(ctx, c)
	}
	if resumes[c.Op] {
		t.settle(ctx)
	}
	reply, err := r.Controller.Do(ctx, c)
	t.asked(c, reply, err)
	return reply, err
}

// resumes are the commands after which a stop can no longer be read.
var resumes = map[view.Op]bool{
	view.Continue: true, view.StepInst: true, view.NextInst: true, view.Step: true, view.Next: true, view.Finish: true, view.Until: true,
	view.Block: true, view.ToStore: true, view.Kill: true, view.Restart: true, view.Signal: true, view.Shutdown: true,
}

// Look passes, and notes which memory and code the watcher sees.
func (r *Recorder) Look(ctx context.Context, q view.Query) (*view.Snapshot, error) {
	s, err := r.Controller.Look(ctx, q)
	if t := r.current(); t != nil && err == nil {
		t.seen(s)
	}
	return s, err
}

// record starts a recording to the file c.Text, or ends the one that is on.
func (r *Recorder) record(ctx context.Context, c view.Command) (view.Reply, error) {
	if !c.On {
		s, err := r.stop("it was ended by a command")
		if s.Path == "" {
			return view.Reply{}, errors.New("nothing is being recorded; :record FILE starts a recording")
		}
		return view.Reply{Text: fmt.Sprintf("%d bytes in %s", s.Bytes, s.Path)}, err
	}
	if c.Text == "" {
		return view.Reply{}, errors.New("a recording needs a file; :record FILE")
	}
	f, err := Create(c.Text)
	if err != nil {
		return view.Reply{}, err
	}
	if err := r.start(ctx, f); err != nil {
		f.Discard()
		return view.Reply{}, err
	}
	return view.Reply{Text: "recording to " + c.Text}, nil
}

// start begins a recording.
func (r *Recorder) start(ctx context.Context, f *File) error {
	s, err := r.Controller.Look(ctx, view.Query{})
	if err != nil {
		return fmt.Errorf("look at what is to be recorded: %w", err)
	}
	if t := r.current(); t != nil && t.w.pressure() < 0 {
		_, _ = r.stop("it had failed") // and that was said
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.tape != nil:
		return fmt.Errorf("already recording to %s; end that first", r.tape.path)
	case r.over:
		return errors.New("the run has ended; there is nothing more to record")
	}
	if err := f.empty(); err != nil {
		return err
	}
	t, err := newTape(r.Controller, f, newHeader(r.options, s), r.seq, r.failed)
	if err != nil {
		return err
	}
	r.tape = t
	return nil
}

// stop ends the recording that is on. Its status has no path if none was.
func (r *Recorder) stop(why string) (Status, error) {
	r.mu.Lock()
	t := r.tape
	r.tape = nil
	r.mu.Unlock()
	if t == nil {
		return Status{}, nil
	}
	s := t.end(why)
	r.mu.Lock()
	r.last = s
	r.mu.Unlock()
	return s, s.Err
}

// Status is that of the recording that ended last.
func (r *Recorder) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// failed tells the user that the disk takes no more.
func (r *Recorder) failed(path string, at float64, err error) {
	if r.options.Say != nil {
		r.options.Say(fmt.Sprintf("recording to %s ended at %.1f s: %v; the program goes on. What was written until then can be read: kmv sessions show %s",
			path, at, err, path))
	}
}

// settleMost is how long a command waits for a stop to be read. In tests it is longer.
var settleMost = 250 * time.Millisecond
