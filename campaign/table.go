package campaign

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Tally counts outcomes.
type Tally map[Outcome]int

// Trials is how many experiments there were.
func (t Tally) Trials() int {
	n := 0
	for o, k := range t {
		if o != NotMade {
			n += k
		}
	}
	return n
}

// Bad is how many had an outcome that mirrored memory must never have.
func (t Tally) Bad() int {
	n := 0
	for o, k := range t {
		if o.Bad() {
			n += k
		}
	}
	return n
}

// group is a line of a table.
type group struct {
	name  string
	tally Tally
}

// by groups runs; the groups come in the order of their names.
func by(runs []Run, name func(Run) string) []group {
	tallies := map[string]Tally{}
	var names []string
	for _, r := range runs {
		n := name(r)
		if tallies[n] == nil {
			tallies[n] = Tally{}
			names = append(names, n)
		}
		tallies[n][r.Outcome]++
	}
	slices.Sort(names)
	var groups []group
	for _, n := range names {
		groups = append(groups, group{n, tallies[n]})
	}
	return groups
}

// views are the tables of a campaign.
var views = []struct {
	title string
	name  func(Run) string
}{
	{"program", func(r Run) string { return r.Target }},
	{"region", func(r Run) string { return r.Cell.Region }},
	{"error", func(r Run) string { return r.Cell.Kind }},
	{"moment", func(r Run) string { return r.Cell.Third + " in the run" }},
}

// sides are the two campaigns that stand side by side.
func (r *Report) sides() (mirrored, unmirrored []Run) {
	for _, run := range r.Runs {
		if run.Mirrored {
			mirrored = append(mirrored, run)
		} else {
			unmirrored = append(unmirrored, run)
		}
	}
	return mirrored, unmirrored
}

// WriteTable writes the campaign for a terminal.
func (r *Report) WriteTable(w io.Writer) {
	mirrored, unmirrored := r.sides()
	for _, side := range []struct {
		title string
		runs  []Run
	}{{"with the mirror", mirrored}, {"without (--no-mirror all)", unmirrored}} {
		if len(side.runs) == 0 {
			continue
		}
		fmt.Fprintf(w, "%-26s", side.title)
		for _, o := range Outcomes {
			fmt.Fprintf(w, "%13s", o)
		}
		fmt.Fprintf(w, "%13s\n", "bad, 95%")
		for _, v := range views {
			fmt.Fprintf(w, "by %s\n", v.title)
			for _, g := range by(side.runs, v.name) {
				line(w, "  "+g.name, g.tally)
			}
		}
		all := by(side.runs, func(Run) string { return "all" })[0].tally
		line(w, "all", all)
		for _, o := range Outcomes {
			if low, high := Wilson(all[o], all.Trials()); o != NotMade && all[o] > 0 {
				fmt.Fprintf(w, "  %-14s %5d of %d: %.2f%% (95%% interval %.2f%% to %.2f%%)\n", o, all[o], all.Trials(), percent(all[o], all.Trials()), 100*low, 100*high)
			}
		}
		if n := all.Trials(); all.Bad() == 0 && n > 0 {
			fmt.Fprintf(w, "  no bad outcome in %d runs: fewer than %.3f%% of such errors have one (95%%, one-sided)\n", n, 100*Below(n))
		}
		fmt.Fprintln(w)
	}
	if l := r.latencies(); len(l) > 0 {
		fmt.Fprintf(w, "repair: median %.1f us, 95%% within %.1f us, longest %.1f us, %d repairs\n", l[len(l)/2], l[len(l)*95/100], l[len(l)-1], len(l))
	}
	r.writeBad(w, mirrored)
}

func line(w io.Writer, name string, t Tally) {
	fmt.Fprintf(w, "%-26s", cut(name, 26))
	for _, o := range Outcomes {
		fmt.Fprintf(w, "%13s", dash(t[o]))
	}
	low, high := Wilson(t.Bad(), t.Trials())
	fmt.Fprintf(w, "%13s\n", fmt.Sprintf("%.1f-%.1f%%", 100*low, 100*high))
}

func dash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n-1] + "~"
	}
	return s
}

func percent(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return 100 * float64(k) / float64(n)
}

// latencies are all times of repair in microseconds, in order.
func (r *Report) latencies() []float64 {
	var all []float64
	for _, run := range r.Runs {
		all = append(all, run.Latencies...)
	}
	slices.Sort(all)
	return all
}

// writeBad shows how to make the bad runs again.
func (r *Report) writeBad(w io.Writer, runs []Run) {
	for _, run := range runs {
		if run.Outcome.Bad() {
			fmt.Fprintf(w, "%s run %d %s (%s): %s\n", run.Target, run.N, run.Outcome, run.Status, strings.Join(run.Specs, " "))
			fmt.Fprintf(w, "  again: %s\n", run.Replay)
		}
	}
}
