package control

import (
	"context"
	"sync"

	"kmv/engine/view"
)

// maxOutput is how many bytes of the program's output are kept for those who come late.
const maxOutput = 1 << 20

// history keeps the events of a run for any number of readers.
type history struct {
	mu     sync.Mutex
	added  chan struct{} // closed, and another one made, when there is more to read
	rare   []record      // everything but output: kept for ever
	output []record
	gone   int // outputs that were forgotten
	bytes  int // of the outputs that are kept
	total  uint64
	ended  bool
}

// record is an event with its place among all of them.
type record struct {
	at    uint64
	event view.Event
}

func newHistory() *history { return &history{added: make(chan struct{})} }

// collect takes in all events of a run.
func (h *history) collect(events <-chan view.Event) {
	for ev := range events {
		h.add(ev)
	}
	h.end()
}

func (h *history) add(ev view.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := record{h.total, ev}
	h.total++
	if ev.Kind == view.EventOutput {
		h.output = append(h.output, r)
		h.bytes += len(ev.Data)
		h.forget()
	} else {
		h.rare = append(h.rare, r)
	}
	h.wake()
}

// forget drops the oldest output beyond maxOutput. What is left moves to a new array now and then, or the old one would
// keep it alive.
func (h *history) forget() {
	for h.bytes > maxOutput && len(h.output) > 1 {
		h.bytes -= len(h.output[0].event.Data)
		h.output[0] = record{}
		h.output = h.output[1:]
		h.gone++
	}
}

func (h *history) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.wake()
}

func (h *history) wake() {
	close(h.added)
	h.added = make(chan struct{})
}

// cursor is a reader's place in a history.
type cursor struct{ rare, output int }

// next takes up to a few events behind a cursor; with none, it says what to wait for, or that there will be no more.
func (h *history) next(c *cursor) (batch []view.Event, more <-chan struct{}, ended bool) {
	const enough = 64
	h.mu.Lock()
	defer h.mu.Unlock()
	c.output = max(c.output, h.gone)
	for len(batch) < enough {
		rare, output := h.rare[c.rare:], h.output[c.output-h.gone:]
		switch {
		case len(rare) > 0 && (len(output) == 0 || rare[0].at < output[0].at):
			batch = append(batch, rare[0].event)
			c.rare++
		case len(output) > 0:
			batch = append(batch, output[0].event)
			c.output++
		default:
			return batch, h.added, h.ended
		}
	}
	return batch, h.added, false
}

// follow sends all events, from the first one on, until the history has ended or ctx is done.
func (h *history) follow(ctx context.Context) <-chan view.Event {
	out := make(chan view.Event)
	go func() {
		defer close(out)
		var c cursor
		for {
			batch, more, ended := h.next(&c)
			for _, ev := range batch {
				select {
				case out <- ev:
				case <-ctx.Done():
					return
				}
			}
			if len(batch) > 0 {
				continue
			}
			if ended {
				return
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
