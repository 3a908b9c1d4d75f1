package pane

import (
	"fmt"
	"math"
	"path/filepath"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// Header is the two lines at the top: what runs, why it stands, and what its mirror is worth.
type Header struct {
	Badge  string    // HISTORY 3/7, RECORDING, READ-ONLY
	Reason string    // pinned: the last stop's
	Rates  []float64 // stores a second, oldest first
	// Processes are those of the last snapshot that had them: not each one is asked for them.
	Processes []view.Process
}

var stateRoles = map[view.State]draw.Role{view.Running: draw.Good, view.Paused: draw.Current, view.Ended: draw.Bad, view.Starting: draw.Dim}

// Draw fills the first two rows.
func (h *Header) Draw(s draw.Surface, d *Data) {
	w, _ := s.Size()
	n := d.Now
	p := s.Row(0)
	p.Put(draw.Focus, " kmv ").Put(draw.Label, draw.Fit(h.target(n), max(w/6, 8))).Put(draw.Plain, " ")
	role, ok := stateRoles[n.State]
	if !ok {
		role = draw.Dim
	}
	p.Put(role, " "+string(n.State)+" ").Put(draw.Plain, " ")
	reason := h.Reason
	if n.State != view.Running && n.Reason != "" {
		reason = n.Reason
	}
	thread := ""
	if n.Thread != 0 {
		thread = fmt.Sprintf(" thread %d ", n.Thread)
	}
	badge := ""
	if h.Badge != "" {
		badge = " " + h.Badge + " "
	}
	end := w - draw.Width(thread) - draw.Width(badge)
	if n.State == view.Running && reason != "" {
		reason = "last: " + reason
	}
	p.Put(draw.Warn, draw.Fit(reason, end-p.At()-1))
	s.Text(end, 0, draw.Dim, thread)
	s.Text(w-draw.Width(badge), 0, draw.Badge, badge)
	h.counters(s, d)
}

// target is the program, and which of those that it has started is shown.
func (h *Header) target(s *view.Snapshot) string {
	name := filepath.Base(s.Program)
	byPid := map[int]string{}
	parent := 0
	for i := range h.Processes {
		p := &h.Processes[i]
		if byPid[p.Pid] = filepath.Base(p.Program); p.Pid == s.Pid {
			parent = p.Parent
		}
	}
	if _, child := byPid[parent]; child {
		return name + " > " + byPid[s.Pid]
	}
	return name
}

// counters is the second line.
func (h *Header) counters(s draw.Surface, d *Data) {
	w, _ := s.Size()
	c := d.Now.Counters
	p := s.Row(1)
	p.To(1)
	share := Share(c)
	role := draw.Good
	if share < 100 {
		role = draw.Warn
	}
	p.Put(draw.Dim, "mirrored ").Put(role, fmt.Sprintf("%5.1f%%", share))
	if w >= 100 {
		p.Put(draw.Plain, " "+draw.Bytes(c.BytesMirrored))
	}
	if w >= 72 {
		p.Put(draw.Plain, "  ").Put(draw.Mirror, draw.Spark(h.Rates, max(min(w/10, 20), 4)))
	}
	p.Put(draw.Plain, fmt.Sprintf(" %6s ", h.stores(c))).Put(draw.Dim, "stores/s")
	number(p, "gaps", uint64(c.Gaps), draw.Uncovered)
	number(p, "differ", c.DivergentBytes, draw.Differ)
	p.Put(draw.Dim, "  recovered ").Put(good(c.Recovered > 0), fmt.Sprint(c.Recovered))
	if c.Injected > 0 || w >= 120 {
		p.Put(draw.Dim, fmt.Sprintf(" of %d", c.Injected))
	}
	if c.Unrecovered > 0 {
		p.Put(draw.Bad, fmt.Sprintf("  lost %d", c.Unrecovered))
	}
	for _, text := range []string{"blocks " + draw.Count(uint64(c.Blocks)), tree(c)} {
		if p.At()+2+draw.Width(text) <= w {
			p.Put(draw.Dim, "  "+text)
		}
	}
}

// stores is how many the program makes in a second: "~" is an estimate, "-" is not known yet.
func (h *Header) stores(c view.Counters) string {
	n := len(h.Rates)
	if n == 0 {
		return "-"
	}
	text := draw.Count(uint64(mean(h.Rates[max(n-10, 0):])))
	if !c.Counting {
		text = "~" + text
	}
	return text
}

// tree is how much runs.
func tree(c view.Counters) string {
	text := draw.Plural(c.Threads, "thread")
	if c.Processes > 1 {
		text += fmt.Sprintf(" in %d processes", c.Processes)
	}
	return text
}

// Share is how much of the writable memory is mirrored, in percent, rounded down: 100 is all.
func Share(c view.Counters) float64 {
	if c.BytesWritable == 0 {
		return 0
	}
	return math.Floor(min(1000*float64(c.BytesMirrored)/float64(c.BytesWritable), 1000)) / 10
}

func mean(values []float64) (sum float64) {
	for _, v := range values {
		sum += v / float64(len(values))
	}
	return sum
}

func good(yes bool) draw.Role {
	if yes {
		return draw.Good
	}
	return draw.Plain
}

// number writes a count that should be 0.
func number(p *draw.Pen, name string, n uint64, bad draw.Role) {
	p.Put(draw.Dim, "  "+name+" ")
	if n == 0 {
		p.Put(draw.Plain, "0")
		return
	}
	p.Put(bad, draw.Count(n))
}
