package bench

import (
	"fmt"
	"io"
	"strings"
)

// table writes rows as they are measured:
//
//	real            native      kmv   ratio    cpu    min-max    cold
//	bzip2          0.298 s  0.391 s   1.31x   1.33  1.28-1.40   1.38x  ██████████▒▒▒
//
// kmv finds the translations of an earlier run, in cold it has none.
type table struct {
	w     io.Writer
	peers []Peer
}

func newTable(w io.Writer, peers []Peer) *table { return &table{w, peers} }

// Widths of a bar: so many cells are one native run, and no bar is longer than this many.
const (
	barUnit = 10
	barMax  = 40
)

// bar shows a ratio: the native run, then what kmv adds; an arrow where it does not fit.
func bar(ratio float64) string {
	n := int(ratio*barUnit + 0.5)
	own := min(n, barUnit)
	if n <= barMax {
		return strings.Repeat("█", own) + strings.Repeat("▒", n-own)
	}
	return strings.Repeat("█", own) + strings.Repeat("▒", barMax-own-1) + ">"
}

func (t *table) head(c Class) {
	fmt.Fprintf(t.w, "%-14s %9s %9s %7s %6s %11s %7s", c, "native", "kmv", "ratio", "cpu", "min-max", "cold")
	for _, p := range t.peers {
		fmt.Fprintf(t.w, " %9s", p.Name)
	}
	fmt.Fprintln(t.w)
}

func (t *table) row(r Result) {
	times := float64(r.Times)
	fmt.Fprintf(t.w, "  %-12s %9s %9s %6.2fx %6.2f %11s %6.2fx", r.Name, seconds(r.NativeWall/times), seconds(r.KmvWall/times),
		r.Ratio, r.CPURatio, fmt.Sprintf("%.2f-%.2f", r.Min, r.Max), r.ColdRatio)
	for _, p := range t.peers {
		fmt.Fprintf(t.w, " %9s", peerRatio(r.Peers[p.Name]))
	}
	if r.Class == Startup {
		fmt.Fprintf(t.w, "  +%s each, cold +%s\n", seconds(r.Added()), seconds(r.AddedCold()))
		return
	}
	fmt.Fprintf(t.w, "  %s\n", bar(r.Ratio))
}

// mean ends a class.
func (t *table) mean(r *Report, c Class) {
	mean := func(of func(Result) float64) float64 { return geometricMean(ratios(r.Workloads, c, of)) }
	if mean(wallRatio) == 0 {
		return
	}
	fmt.Fprintf(t.w, "  %-32s %6.2fx %6.2f %11s %6.2fx", "geometric mean", mean(wallRatio), mean(cpuRatio), "", mean(coldRatio))
	for _, p := range t.peers {
		fmt.Fprintf(t.w, " %9s", peerRatio(mean(func(r Result) float64 { return r.Peers[p.Name] })))
	}
	fmt.Fprint(t.w, "\n\n")
}

func (t *table) skip(name string, why error) { fmt.Fprintf(t.w, "  %-12s skipped: %v\n", name, why) }

func (t *table) fail(name string, why error) { fmt.Fprintf(t.w, "  %-12s FAILED: %v\n", name, why) }

func peerRatio(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fx", x)
}

// seconds in three digits or so.
func seconds(s float64) string {
	if s < 0.1 {
		return fmt.Sprintf("%.1f ms", s*1000)
	}
	return fmt.Sprintf("%.3f s", s)
}
