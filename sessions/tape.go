package sessions

import (
	"context"
	"sync"
	"time"

	"kmv/engine/view"
)

// tape is one recording that is being made: events come in, snapshots are pulled by its own goroutine.
type tape struct {
	run  view.Controller
	path string
	w    *writer
	// Of the goroutine that pulls.
	places   []view.Range // where memory is
	counting bool

	mu     sync.Mutex
	bases  bases
	budget budget
	// What is to be pulled, and who waits for it.
	stopped  *view.Event   // a stop that was not read yet
	settled  chan struct{} // closed when it is
	again    bool          // the watcher changed something: all is to be pulled again
	wanted   []pageKey     // the watcher reads what was not pulled at this stop
	now      float64       // time of the last event or pull
	seq      uint64        // of the last event
	stopSeq  uint64        // of the last stop
	late     bool          // a pull waits for events that were before it
	dropped  Dropped
	watched  pageSet
	broken   map[pageKey]bool // an error was made there, and nobody has met it yet
	read     map[pageKey]bool // at this moment, or wanted
	paused   bool
	lastPull *Pull // of a stop, while it lasts
	mapped   bool  // ranges changed since they were read
	gapped   bool
	wake     chan struct{}
	quit     chan struct{}
	done     chan struct{}
}

// bases are what differences refer to.
type bases struct {
	registers registerBase
	pages     *pageBase
	ranges    rangeBase
	gaps      gapBase
	code      codeBase
	lengths   map[pageKey]int // of instructions whose code is known and has not changed since
	afresh    bool            // a key line has to come first
	key       time.Time       // the last one
	pulls     int             // since then
}

// A key line comes at least this often.
const (
	keyEvery = 30 * time.Second
	keyPulls = 256
)

// newTape writes the header and begins to pull.
func newTape(run view.Controller, f *File, h *Header, seq uint64, failed func(path string, at float64, err error)) (*tape, error) {
	t := &tape{
		run: run, path: f.path, now: h.At, seq: seq, watched: pageSet{}, broken: map[pageKey]bool{}, read: map[pageKey]bool{},
		bases: bases{code: codeBase{}, lengths: map[pageKey]int{}, afresh: true},
		wake:  make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	w, err := newWriter(f.disk, func(err error) { failed(t.path, t.time(), err) })
	if err != nil {
		return nil, err
	}
	t.w = w
	w.put(&Line{Header: h}, true)
	t.again, t.settled = true, make(chan struct{}) // a run may be paused already
	t.nudge()
	go t.watch()
	return t, nil
}

func (t *tape) time() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (t *tape) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// event records one event; a stop is read soon after.
func (t *tape) event(e view.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now, t.seq = e.Time, e.Seq
	if t.late {
		t.late = false
		t.nudge()
	}
	t.failure(e)
	t.put(t.trimmed(e))
	switch e.Kind {
	case view.EventStop:
		if t.paused && t.lastPull != nil && t.lastPull.Seq >= e.Seq {
			return // read when the recording began
		}
		t.paused, t.lastPull, t.stopSeq = true, nil, e.Seq
		t.forgo()
		clear(t.read)
		if t.allowed() == nothing {
			t.lose(Dropped{Pulls: 1, Why: t.poor()})
			return
		}
		t.stopped = &e
		if t.settled == nil {
			t.settled = make(chan struct{})
		}
		t.nudge()
	case view.EventResume:
		t.paused, t.lastPull = false, nil
		t.forgo()
	case view.EventMap, view.EventMirror, view.EventStart, view.EventRetired:
		t.mapped = true
		clear(t.bases.lengths)
	case view.EventGap:
		t.gapped = true
	}
}

// forgo gives up reading what a watcher saw at a stop that is over. The caller holds t.mu.
func (t *tape) forgo() {
	if len(t.wanted) > 0 {
		t.wanted = nil
		t.lose(Dropped{Pulls: 1, Why: "the program went on"})
	}
}

// failure keeps away from memory that is broken: to read it would be to find the error. Once it is repaired it is of interest. The
// caller holds t.mu.
func (t *tape) failure(e view.Event) {
	key := pageKey{e.Pid, e.Addr &^ (pageSize - 1)}
	switch e.Kind {
	case view.EventInjected:
		for range min(e.Size/pageSize+1, pagesMost) {
			t.broken[key] = true
			key.addr += pageSize
		}
	case view.EventRecovered, view.EventMasked, view.EventDivergent:
		delete(t.broken, key)
		t.watched.add(key)
	}
}

// trimmed leaves out the terminal's bytes while the disk is far behind.
func (t *tape) trimmed(e view.Event) view.Event {
	if e.Kind == view.EventOutput && len(e.Data) > 0 && t.w.pressure() > 0.75 {
		t.lose(Dropped{Output: len(e.Data)})
		e.Data = nil
	}
	return e
}

// put writes an event. The caller holds t.mu.
func (t *tape) put(e view.Event) {
	urgent := e.Kind != view.EventOutput && e.Kind != view.EventLog && e.Kind != view.EventMap
	if !t.w.put(&Line{Event: &e}, urgent) {
		t.lose(Dropped{Events: 1})
	}
}

// lose counts what is left out. The caller holds t.mu.
func (t *tape) lose(d Dropped) {
	d.Time = t.now
	if d.Why == "" {
		d.Why = "disk"
	}
	t.w.lose(d)
	t.dropped.Events += d.Events
	t.dropped.Asked += d.Asked
	t.dropped.Pulls += d.Pulls
	t.dropped.Output += d.Output
	t.dropped.Why = d.Why
}

// asked records a command. What it changed at a stop is read again.
func (t *tape) asked(c view.Command, reply view.Reply, err error) {
	switch c.Op {
	case view.Input:
		c.Data = nil // somebody types; passwords too
	case view.Resize:
		return
	}
	a := &Asked{Command: c, Reply: &reply}
	if err != nil {
		a.Reply, a.Error = nil, err.Error()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a.Time = t.now
	if !t.w.put(&Line{Asked: a}, false) {
		t.lose(Dropped{Asked: 1})
	}
	if t.paused && changes[c.Op] {
		t.again = true
		t.nudge()
	}
}

// changes are the commands that change what a stop shows.
var changes = map[view.Op]bool{view.Write: true, view.SetReg: true, view.Mirror: true, view.Inject: true, view.Break: true, view.Watch: true,
	view.Delete: true, view.Enable: true, view.Disable: true, view.Scrub: true, view.Assign: true, view.Condition: true, view.Ignore: true}

// seen notes what a watcher reads: a stop's memory at once, a running program's with the next pull.
func (t *tape) seen(s *view.Snapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(s.Code) > 0 {
		t.code(s.Pid, s.Code)
	}
	for _, w := range s.Memory {
		for p := w.Addr &^ (pageSize - 1); p < w.Addr+uint64(len(w.Native)); p += pageSize {
			key := pageKey{s.Pid, p}
			t.watched.add(key)
			if t.paused && !t.read[key] {
				t.read[key] = true // or it is about to be
				t.wanted = append(t.wanted, key)
				t.nudge()
			}
		}
	}
}

// settle waits until the stop that the watcher has seen is read, but not for long.
func (t *tape) settle(ctx context.Context) {
	t.mu.Lock()
	settled := t.settled
	t.mu.Unlock()
	if settled == nil {
		return
	}
	timer := time.NewTimer(settleMost)
	defer timer.Stop()
	select {
	case <-settled:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// end pulls once more, and closes the file.
func (t *tape) end(why string) Status {
	close(t.quit)
	<-t.done
	t.mu.Lock()
	t.forgo()
	t.w.put(&Line{End: &End{Time: t.now, Reason: why}}, true)
	dropped := t.dropped
	t.mu.Unlock()
	err := t.w.close()
	return Status{Path: t.path, Bytes: t.w.size, Dropped: dropped, Err: err}
}
