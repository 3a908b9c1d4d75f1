package sessions

import (
	"fmt"
	"strings"

	"kmv/engine/view"
)

// Summary is a recording in short.
type Summary struct {
	Header   *Header
	From, To float64 // seconds since the start of the run
	Program  string  // how it ended, as far as that was recorded
	Moments  int
	Stops    int
	Events   []view.Event
	Kinds    map[view.Kind]int
	Counters view.Counters // the last
	Failures []view.Event
	Gaps     []view.Gap
	Ranges   []view.Range
	Dropped  Dropped // in all
	Samples  []Sample
	Paused   []Stop
}

// Sample is the counters at one moment.
type Sample struct {
	Time     float64
	Counters view.Counters
}

// Stop is one place where the program was paused.
type Stop struct {
	Moment int // from 1
	Time   float64
	Thread int
	PC     uint64
	Symbol string
	Reason string
}

// Summarize looks through a recording.
func Summarize(r *Recording) *Summary {
	f := unroll(r)
	s := &Summary{Header: r.Header, From: r.Header.At, To: r.Header.At, Moments: len(f.moments), Kinds: map[view.Kind]int{}}
	root := 0
	for i := range f.moments {
		m := &f.moments[i]
		s.To = max(s.To, m.pull.Time)
		if m.pull.Pid != 0 && root == 0 {
			root = m.pull.Pid
		}
		if c := m.pull.Counters; c != nil {
			old := s.Counters
			if s.Counters = *c; c.BytesWritable == 0 { // a program that was killed: as it was before
				s.Counters.BytesMirrored, s.Counters.BytesWritable, s.Counters.BytesResident = old.BytesMirrored, old.BytesWritable, old.BytesResident
			}
			s.Samples = append(s.Samples, Sample{m.pull.Time, *c})
		}
		if m.stop {
			s.Stops++
			s.Paused = append(s.Paused, Stop{i + 1, m.pull.Time, m.pull.Thread, m.pc(), f.symbol(m), m.reason()})
		}
		s.Gaps, s.Ranges = m.gaps, m.ranges
	}
	for _, e := range f.events {
		s.event(e.event, root)
	}
	for _, l := range r.Lines {
		if d := l.Dropped; d != nil {
			s.Dropped.add(*d)
		}
	}
	if s.Program == "" {
		s.Program = "not recorded how it ended"
	}
	return s
}

func (s *Summary) event(e *view.Event, root int) {
	s.Events = append(s.Events, *e)
	s.Kinds[e.Kind]++
	s.To = max(s.To, e.Time)
	if e.Failure != nil {
		s.Failures = append(s.Failures, *e)
	}
	if e.Kind == view.EventExit && (e.Pid == root || root == 0) {
		s.Program = ending(e.Value)
	}
}

// symbol is where a stop was, in words.
func (f *film) symbol(m *moment) string {
	if c := f.codeAt(m.pull.Pid, m.pc(), m); c != nil {
		return c.Symbol
	}
	return ""
}

// add adds what was left out.
func (d *Dropped) add(o Dropped) {
	d.Time, d.Why = o.Time, o.Why
	d.Events += o.Events
	d.Asked += o.Asked
	d.Pulls += o.Pulls
	d.Output += o.Output
}

// String says what was left out; nothing is empty.
func (d Dropped) String() string {
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{d.Events, "events"}, {d.Asked, "commands"}, {d.Pulls, "snapshots, whole or in part"}, {d.Output, "bytes of the terminal"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if parts == nil {
		return ""
	}
	return strings.Join(parts, ", ") + " (" + d.Why + ")"
}

// State says in a few words whether the file is whole.
func (r *Recording) State() string {
	switch {
	case len(r.Damage) > 0 && !r.Damage[len(r.Damage)-1].Cut:
		return "damaged"
	case len(r.Damage) > 0:
		return "cut off"
	case !r.Ended:
		return "unfinished"
	}
	return "complete"
}

// Coverage is the part of the writable address space that is mirrored, 0 to 1.
func Coverage(c view.Counters) float64 {
	if c.BytesWritable == 0 {
		return 0
	}
	return min(1, float64(c.BytesMirrored)/float64(c.BytesWritable))
}
