package control

import (
	"bytes"
	"testing"

	"kmv/engine/view"
)

// TestOutputIsForgotten: a reader that comes late gets all events, and the last megabyte of output in its place.
func TestOutputIsForgotten(t *testing.T) {
	h := newHistory()
	early := h.follow(t.Context())
	const rounds, piece = 3000, 1000
	seq := uint64(0)
	for range rounds {
		seq++
		h.add(view.Event{Seq: seq, Kind: view.EventMap})
		seq++
		h.add(view.Event{Seq: seq, Kind: view.EventOutput, Data: bytes.Repeat([]byte{1}, piece)})
	}
	if len(h.output)*piece > maxOutput || cap(h.output) > rounds {
		t.Errorf("%d outputs kept, of %d", len(h.output), cap(h.output))
	}
	h.end()
	for name, events := range map[string]<-chan view.Event{"early": early, "late": h.follow(t.Context())} {
		rare, output, last := 0, 0, uint64(0)
		for ev := range events {
			if ev.Seq <= last {
				t.Fatalf("%s: event %d behind %d", name, ev.Seq, last)
			}
			last = ev.Seq
			if ev.Kind == view.EventOutput {
				output += len(ev.Data)
			} else {
				rare++
			}
		}
		if rare != rounds || last != seq {
			t.Errorf("%s: %d events of %d, the last one is %d", name, rare, rounds, last)
		}
		if output > maxOutput+64*piece || output < maxOutput-piece {
			t.Errorf("%s: %d bytes of output", name, output)
		}
	}
}

func TestLargeOutputIsKept(t *testing.T) {
	h := newHistory()
	h.add(view.Event{Seq: 1, Kind: view.EventOutput, Data: make([]byte, 2*maxOutput)})
	h.end()
	if ev := <-h.follow(t.Context()); len(ev.Data) != 2*maxOutput {
		t.Errorf("%d bytes", len(ev.Data))
	}
}
