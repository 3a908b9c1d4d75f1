package engine

import (
	"time"

	"kmv/engine/view"
)

// Failures are the memory errors of a run, as its report has them. Field names are an interface.
type Failures struct {
	Injected    int          `json:"injected"`
	Detected    int          `json:"detected"`
	Recovered   int          `json:"recovered"`
	Masked      int          `json:"masked"`
	Unrecovered int          `json:"unrecovered"`
	Retired     int          `json:"retired"`
	Events      []view.Event `json:"events"`
}

// failureMost bounds the list in a report; the counts are always whole.
const failureMost = 10000

// failure notes an event about a memory error at an address of either half.
func (e *engine) failure(kind view.Kind, p *process, t *thread, at uint64, f view.Failure) {
	ev := view.Event{Kind: kind, Pid: p.pid, Addr: at, Half: view.Native, Failure: &f}
	if e.layout.InMirror(at) {
		ev.Addr, ev.Half = at-e.layout.Offset, view.Backup
	}
	if m, ok := p.space.Find(nativeAddr(ev.Addr)); ok {
		ev.Range, ev.Size = m.Kind.String()+" "+m.Name, m.PageSize()
	}
	if t != nil && t.p != nil {
		ev.Thread, ev.PC = t.tid, e.nativePC(t)
		if ev.PC != 0 {
			ev.Symbol = e.symbolAt(t.p, ev.PC)
		}
	}
	e.addFailure(ev)
}

// addFailure counts an event, tells it, and keeps it for the report.
func (e *engine) addFailure(ev view.Event) {
	s, f := &e.failures, ev.Failure
	switch ev.Kind {
	case view.EventInjected:
		s.Injected++
	case view.EventDetected:
		s.Detected++
	case view.EventRecovered:
		s.Recovered++
	case view.EventMasked:
		s.Masked++
	case view.EventUnrecovered:
		s.Unrecovered++
	case view.EventRetired:
		s.Retired++
	}
	ev = e.emit(ev)
	e.logf("%d: %s: %s of %s %#x (%s) %s %s, %.1f us", ev.Pid, ev.Kind, f.What, ev.Half, ev.Addr, ev.Range, f.Mechanism, f.How, f.Latency)
	if len(s.Events) < failureMost {
		s.Events = append(s.Events, ev)
	}
}

// nativePC is the native instruction that a stopped thread is at, 0 if that is not known.
func (e *engine) nativePC(t *thread) uint64 {
	off, ok := t.p.code.offset(t.regs.Rip)
	if !ok {
		return t.regs.Rip
	}
	if off < t.p.code.rt.end {
		return 0
	}
	if pt, ok := t.p.point(off); ok {
		return pt.PC
	}
	return 0
}

// microseconds since a moment.
func since(start time.Time) float64 { return float64(time.Since(start).Nanoseconds()) / 1e3 }

// Codes of SIGBUS (sigaction(2)).
const (
	busAdrerr = 2
	busMceAR  = 4 // the processor needed the bytes
	busMceAO  = 5 // it found them bad on its own
)
