package engine

import (
	"sync"
	"time"

	"kmv/engine/view"
)

// eventQueue hands events from the engine's goroutine to one reader, however slow that is.
type eventQueue struct {
	mu     sync.Mutex
	more   sync.Cond
	list   []view.Event
	last   uint64 // Seq of the last event
	start  time.Time
	closed bool
	out    chan view.Event
}

func newEventQueue() *eventQueue {
	q := &eventQueue{start: time.Now(), out: make(chan view.Event)}
	q.more.L = &q.mu
	go q.pump()
	return q
}

// pump feeds the channel. It ends behind the last event, or waits for a reader for ever: the process is about to end then.
func (q *eventQueue) pump() {
	defer close(q.out)
	for {
		q.mu.Lock()
		for len(q.list) == 0 && !q.closed {
			q.more.Wait()
		}
		list := q.list
		q.list = nil
		q.mu.Unlock()
		if len(list) == 0 {
			return
		}
		for _, ev := range list {
			q.out <- ev
		}
	}
}

// add numbers an event and keeps it for the reader. Any goroutine may.
func (q *eventQueue) add(ev view.Event) {
	q.mu.Lock()
	q.last++
	ev.Seq, ev.Time = q.last, time.Since(q.start).Seconds()
	q.list = append(q.list, ev)
	q.mu.Unlock()
	q.more.Signal()
}

func (q *eventQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.more.Signal()
}

// emit tells the watcher what happened.
func (e *engine) emit(ev view.Event) {
	if e.events != nil {
		e.events.add(ev)
	}
}

// sequence is the number of the last event.
func (e *engine) sequence() uint64 {
	if e.events == nil {
		return 0
	}
	e.events.mu.Lock()
	defer e.events.mu.Unlock()
	return e.events.last
}
