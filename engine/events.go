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
	closed bool
	out    chan view.Event
}

func newEventQueue() *eventQueue {
	q := &eventQueue{out: make(chan view.Event)}
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

func (q *eventQueue) add(ev view.Event) {
	q.mu.Lock()
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
	e.sequence++
	if e.events == nil {
		return
	}
	ev.Seq, ev.Time = e.sequence, time.Since(e.start).Seconds()
	e.events.add(ev)
}
