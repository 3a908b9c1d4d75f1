package engine

import (
	"sync"
	"time"

	"kmv/engine/view"
)

// eventQueue numbers events and hands them to one reader, however slow that is; if nobody watches, they are forgotten.
type eventQueue struct {
	mu      sync.Mutex
	more    sync.Cond
	list    []view.Event
	last    uint64 // Seq of the last event
	start   time.Time
	watched bool
	closed  bool
	out     chan view.Event
}

func newEventQueue(watched bool) *eventQueue {
	q := &eventQueue{start: time.Now(), watched: watched, out: make(chan view.Event)}
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

// add gives an event its number and time, and keeps it for the reader. Any goroutine may. Output that comes faster than it is read
// is one event: a program may print ten thousand lines a second.
func (q *eventQueue) add(ev view.Event) view.Event {
	const enough = 16 << 10
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.list); ev.Kind == view.EventOutput && n > 0 && q.list[n-1].Kind == ev.Kind && len(q.list[n-1].Data) < enough {
		last := &q.list[n-1]
		last.Data = append(last.Data, ev.Data...)
		return *last
	}
	q.last++
	ev.Seq, ev.Time = q.last, time.Since(q.start).Seconds()
	if q.watched {
		q.list = append(q.list, ev)
		q.more.Signal()
	}
	return ev
}

// sequence is the number of the last event.
func (q *eventQueue) sequence() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last
}

func (q *eventQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.more.Signal()
}

// emit tells the watcher what happened.
func (e *engine) emit(ev view.Event) view.Event { return e.events.add(ev) }
