package pane

import (
	"fmt"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// Failures is the timeline of memory errors: each injected, detected, and what became of it.
type Failures struct{ list }

// NewFailures is the pane.
func NewFailures() *Failures {
	f := &Failures{list{heading: 1}}
	f.rows = func(d *Data) int { return len(Timeline(d.Now.Failures)) }
	f.text = func(d *Data, i int) string { return strings.Join(Timeline(d.Now.Failures)[i].Story(), " ") }
	return f
}

func (f *Failures) Title(*Data) string { return "failures" }
func (f *Failures) Ask(q *view.Query)  { q.Failures = true }

// Fault is all events about one error.
type Fault struct{ Events []view.Event }

// Timeline groups events by their error, in the order of their first ones. Errors that kmv did not inject (ID 0) stand alone
// until they are recovered.
func Timeline(events []view.Event) []Fault {
	var out []Fault
	at := map[int]int{}
	for _, e := range events {
		if e.Failure == nil {
			out = append(out, Fault{[]view.Event{e}})
			continue
		}
		i, known := at[e.Failure.ID]
		if !known || e.Failure.ID == 0 && out[i].end() != nil {
			i = len(out)
			at[e.Failure.ID] = i
			out = append(out, Fault{})
		}
		out[i].Events = append(out[i].Events, e)
	}
	return out
}

// of is the event of a kind.
func (f Fault) of(kind view.Kind) *view.Event {
	for i := range f.Events {
		if f.Events[i].Kind == kind {
			return &f.Events[i]
		}
	}
	return nil
}

// end is how it came out, nil as long as that is open.
func (f Fault) end() *view.Event {
	for _, k := range []view.Kind{view.EventRecovered, view.EventMasked, view.EventUnrecovered, view.EventRetired} {
		if e := f.of(k); e != nil {
			return e
		}
	}
	return nil
}

// Selected is the error under the cursor.
func (f *Failures) Selected(d *Data) *Fault {
	all := Timeline(d.Now.Failures)
	if f.cursor >= len(all) {
		return nil
	}
	return &all[f.cursor]
}

func (f *Failures) Draw(s draw.Surface, d *Data, focused bool) {
	s.Row(0).Put(draw.Title, draw.Fit("   time     what      outcome             half   where", f.w))
	all := Timeline(d.Now.Failures)
	f.draw(s, d, focused, "no memory error so far; ! makes one", func(p *draw.Pen, i int) {
		fault := all[i]
		e := fault.Events[0]
		what := string(e.Kind)
		if e.Failure != nil && e.Failure.What != "" {
			what = e.Failure.What
		}
		role, glyph, outcome := fault.outcome()
		p.Put(role, " "+glyph).Put(draw.Plain, fmt.Sprintf("%8.3f ", e.Time)).Cut(draw.Label, 10, what)
		p.Cut(role, 20, outcome).Cut(draw.Mirror, 7, string(e.Half))
		p.Put(draw.Address, fmt.Sprintf("%x ", e.Addr)).Put(draw.Dim, e.Range)
	})
}

// outcome is a glyph, a role and a word or two.
func (f Fault) outcome() (draw.Role, string, string) {
	e := f.end()
	switch {
	case e == nil && f.of(view.EventDetected) != nil:
		return draw.Warn, "?", "detected"
	case e == nil:
		return draw.Warn, "x", "not noticed yet"
	case e.Kind == view.EventUnrecovered:
		return draw.Bad, "X", "lost"
	case e.Kind == view.EventMasked:
		return draw.Good, "~", "masked"
	case e.Failure != nil && e.Failure.Latency > 0:
		return draw.Good, "+", fmt.Sprintf("%s in %.0f us", e.Kind, e.Failure.Latency)
	}
	return draw.Good, "+", string(e.Kind)
}

// Story tells one error in full: a line for each event, and its bytes before, broken and after.
func (f Fault) Story() []string {
	var out []string
	for _, e := range f.Events {
		line := fmt.Sprintf("%10.6f s  %-11s %x", e.Time, e.Kind, e.Addr)
		if e.Half != "" {
			line += " in the " + string(e.Half) + " half"
		}
		if e.Range != "" {
			line += " of " + e.Range
		}
		out = append(out, line)
		out = append(out, details(e)...)
	}
	return out
}

func details(e view.Event) (out []string) {
	add := func(format string, args ...any) { out = append(out, "              "+fmt.Sprintf(format, args...)) }
	if e.PC != 0 {
		add("at %x %s, thread %d", e.PC, e.Symbol, e.Thread)
	}
	if e.Text != "" {
		add("%s", e.Text)
	}
	f := e.Failure
	if f == nil {
		return out
	}
	if f.Mechanism != "" {
		add("%s by %s, seed %d", f.What, f.Mechanism, f.Seed)
	}
	if f.How != "" {
		add("by %s", f.How)
	}
	for _, b := range []struct {
		name string
		data []byte
	}{{"before", f.Before}, {"broken", f.Broken}, {"after", f.After}} {
		if len(b.data) > 0 {
			add("%-7s % x", b.name, b.data)
		}
	}
	if f.Bits > 0 {
		add("%s differ", draw.Plural(f.Bits, "bit"))
	}
	if f.Latency > 0 {
		add("repaired %.1f us after it was noticed", f.Latency)
	}
	if f.Age > 0 {
		add("noticed %.3f s after it was made", f.Age)
	}
	return out
}
