package campaign

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

// page is the whole page: style and charts are in it, nothing is fetched.
//
//go:embed page.html
var page string

// colours of the outcomes: told apart in grey too, by their order.
var colours = map[Outcome]string{
	Recovered: "#2e7d32", Masked: "#90a4ae", Unrecovered: "#f9a825", Corrupted: "#c62828", Crashed: "#6a1b9a", Hung: "#212121", NotMade: "#e0e0e0",
}

// bar is a line of a chart: parts of one width in all.
type bar struct {
	Name  string
	N     int
	Y     int // of its top, in pixels
	Low   float64
	High  float64 // 95% interval of bad outcomes, percent
	Parts []part
}

// part is a piece of a bar, in percent.
type part struct {
	X, Width float64
	Colour   string
	Title    string
}

// chart is a set of bars.
type chart struct {
	Title  string
	Height int
	Bars   []bar
}

// side is a campaign with or without the mirror.
type side struct {
	Title  string
	N      int
	Charts []chart
	Bad    []Run
	Claim  string
}

const barHeight = 26

// newChart draws groups, one bar each.
func newChart(title string, groups []group) chart {
	c := chart{Title: title, Height: barHeight * len(groups)}
	for i, g := range groups {
		b := bar{Name: g.name, N: g.tally.Trials(), Y: i * barHeight}
		low, high := Wilson(g.tally.Bad(), b.N)
		b.Low, b.High = 100*low, 100*high
		x := 0.0
		for _, o := range Outcomes {
			if w := percent(g.tally[o], b.N); o != NotMade && w > 0 {
				b.Parts = append(b.Parts, part{x, w, colours[o], fmt.Sprintf("%s: %d of %d (%.2f%%)", o, g.tally[o], b.N, w)})
				x += w
			}
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// WriteHTML writes the campaign as one page that stands by itself.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return fmt.Errorf("BUG: %w", err)
	}
	mirrored, unmirrored := r.sides()
	data := struct {
		*Report
		Sides    []side
		Legend   []part
		Repair   string
		Programs string
	}{Report: r}
	for _, s := range []struct {
		title string
		runs  []Run
	}{{"With the mirror", mirrored}, {"Without: --no-mirror all", unmirrored}} {
		if len(s.runs) > 0 {
			data.Sides = append(data.Sides, newSide(s.title, s.runs))
		}
	}
	for _, o := range Outcomes[:len(Outcomes)-1] {
		data.Legend = append(data.Legend, part{Colour: colours[o], Title: string(o)})
	}
	if l := r.latencies(); len(l) > 0 {
		data.Repair = fmt.Sprintf("%d repairs: median %.1f µs, 95%% within %.1f µs, longest %.1f µs.", len(l), l[len(l)/2], l[len(l)*95/100], l[len(l)-1])
	}
	return t.Execute(w, data)
}

func newSide(title string, runs []Run) side {
	all := by(runs, func(Run) string { return "all" })
	s := side{Title: title, N: all[0].tally.Trials(), Charts: []chart{newChart("All", all)}}
	for _, v := range views {
		s.Charts = append(s.Charts, newChart("By "+v.title, by(runs, v.name)))
	}
	bad := all[0].tally.Bad()
	low, high := Wilson(bad, s.N)
	s.Claim = fmt.Sprintf("%d of %d ended badly (95%% interval %.2f%% to %.2f%%).", bad, s.N, 100*low, 100*high)
	if bad == 0 && s.N > 0 {
		s.Claim = fmt.Sprintf("None of %d ended badly: fewer than %.3f%% of such errors do (95%%, one-sided).", s.N, 100*Below(s.N))
	}
	for _, r := range runs {
		if r.Outcome.Bad() && r.Mirrored {
			s.Bad = append(s.Bad, r)
		}
	}
	return s
}
