package ui

import (
	"testing"

	"kmv/engine/view"
)

// TestStopPassesOutput: a stop is told while the terminal is still busy with what was printed before it.
func TestStopPassesOutput(t *testing.T) {
	f := newFake()
	l := newLink(f)
	defer l.close()
	l.terminal.mu.Lock() // an emulator that does not come to an end
	f.send(view.Event{Kind: view.EventOutput, Data: make([]byte, 5<<20)})
	f.send(view.Event{Kind: view.EventStop, Text: "behind the flood"})
	for stopped := false; !stopped; {
		for _, e := range l.wait().(eventsMsg).events {
			stopped = stopped || e.Text == "behind the flood"
		}
	}
	l.mu.Lock()
	kept := len(l.output)
	l.mu.Unlock()
	l.terminal.mu.Unlock()
	if kept > 2<<20 {
		t.Errorf("%d bytes of output are kept", kept)
	}
}

// TestOldLook: what was read before the program went on does not make it a paused one.
func TestOldLook(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	old := *d.m.live
	d.m.event(view.Event{Seq: old.Seq + 1, Kind: view.EventResume})
	d.m.looked(snapshotMsg{from: d.m.link, snap: &old})
	if d.m.live.State != view.Running {
		t.Errorf("it runs, and is shown as %s", d.m.live.State)
	}
	// A look may be ahead of the events: then the program can go on again although its stop was not told yet.
	newer := old
	newer.Seq += 2
	d.m.flow.resumed, d.m.flow.op = true, view.Continue
	d.m.looked(snapshotMsg{from: d.m.link, snap: &newer})
	d.m.resume(view.Command{Op: view.Continue})
	if len(d.m.flow.waiting) != 1 {
		t.Error("a command to go on was lost")
	}
}
