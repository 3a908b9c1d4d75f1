package sessions

import (
	"fmt"
	"math"
	"strings"

	"kmv/engine/view"
)

// A chart is drawn in these units, scaled to the page by the browser.
const (
	chartWidth  = 900.0
	chartHeight = 160.0
	chartLeft   = 82.0 // for the labels of the vertical axis
	chartBelow  = 22.0
)

// chart is a line over time, ready for the page's template: numbers only, no markup.
type chart struct {
	Name, About string
	Line        string // points of a polyline
	X, Y        []tick
	Marks       []mark
	Lanes       []lane // of a time line, in place of a vertical axis
}

// tick is a place on an axis.
type tick struct {
	At   float64
	Text string
}

// mark is an event on a time line.
type mark struct {
	X, Y        float64
	Class, Text string
}

// lane is a row of marks.
type lane struct {
	Y    float64
	Text string
}

func (chart) Width() float64  { return chartWidth }
func (chart) Height() float64 { return chartHeight + chartBelow }
func (chart) Bottom() float64 { return chartHeight }
func (chart) Left() float64   { return chartLeft }

// axis maps seconds to the horizontal.
type axis struct{ from, to float64 }

func (a axis) x(t float64) float64 {
	if a.to <= a.from {
		return chartLeft
	}
	return round(chartLeft + (t-a.from)/(a.to-a.from)*(chartWidth-chartLeft-10))
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

// ticks are about n round numbers from low to high.
func ticks(low, high float64, n int) (values []float64) {
	if !(high > low) {
		return []float64{low}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*m) <= float64(n) {
			step *= m
			break
		}
	}
	for k := math.Ceil(low/step - 1e-9); k*step <= high+step*1e-9 && len(values) <= 2*n; k++ {
		values = append(values, k*step+0) // + 0: not -0
	}
	return values
}

func (a axis) ticks() (marks []tick) {
	for _, t := range ticks(a.from, a.to, 10) {
		marks = append(marks, tick{a.x(t), fmt.Sprintf("%.6g s", t)})
	}
	return marks
}

// point is a value at a time.
type point struct{ t, v float64 }

// lineChart draws values; full is the top of the scale, or 0 for the greatest value.
func lineChart(name, about string, a axis, points []point, full float64, format func(float64) string) chart {
	high := full
	for _, p := range points {
		high = max(high, p.v)
	}
	if high == 0 {
		high = 1
	}
	y := func(v float64) float64 { return round(chartHeight - v/high*(chartHeight-14)) }
	c := chart{Name: name, About: about, X: a.ticks()}
	for _, v := range ticks(0, high, 4) {
		c.Y = append(c.Y, tick{y(v), format(v)})
	}
	var b strings.Builder
	if len(points) == 1 { // of a short run: a line all the same
		points = append(points, point{a.to, points[0].v})
	}
	for _, p := range thin(points) {
		fmt.Fprintf(&b, "%g,%g ", a.x(p.t), y(p.v))
	}
	c.Line = strings.TrimSpace(b.String())
	return c
}

// thin keeps no more points than the chart has columns, peaks among them.
func thin(points []point) []point {
	most := int(chartWidth)
	if len(points) <= most {
		return points
	}
	kept := make([]point, 0, most)
	for i := range most {
		from, to := i*len(points)/most, (i+1)*len(points)/most
		peak := points[from]
		for _, p := range points[from:to] {
			if p.v > peak.v {
				peak = p
			}
		}
		kept = append(kept, peak)
	}
	return kept
}

// rates are differences of a counter, a second. Moments closer than the least are taken together.
func rates(samples []Sample, value func(view.Counters) uint64) (points []point) {
	const least = 0.2 // seconds
	for i, j := 0, 1; j < len(samples); j++ {
		dt := samples[j].Time - samples[i].Time
		if dt < least && j < len(samples)-1 || dt <= 0 {
			continue
		}
		a, b := value(samples[i].Counters), value(samples[j].Counters)
		v := 0.0
		if b > a {
			v = float64(b-a) / dt
		}
		points = append(points, point{samples[i].Time, v}, point{samples[j].Time, v})
		i = j
	}
	return points
}

// estimates are the stores a second that were estimated.
func estimates(samples []Sample) (points []point) {
	for _, s := range samples {
		points = append(points, point{s.Time, s.Counters.StoreRate})
	}
	return points
}

// failureLanes are the rows of the time line of memory errors.
var failureLanes = []view.Kind{view.EventInjected, view.EventDetected, view.EventRecovered, view.EventMasked, view.EventUnrecovered, view.EventDivergent}

// timeLine draws events about errors.
func timeLine(a axis, s *Summary) chart {
	c := chart{Name: "Failures and recoveries", About: "each mark is one event; a recovery stands below its injection", X: a.ticks()}
	row := map[view.Kind]float64{}
	for i, k := range failureLanes {
		y := 18 + float64(i)*(chartHeight-20)/float64(len(failureLanes)-1)*0.94
		row[k] = round(y)
		c.Lanes = append(c.Lanes, lane{round(y), string(k)})
	}
	const most = 2000
	for _, e := range s.Events {
		y, ok := row[e.Kind]
		if !ok || len(c.Marks) >= most {
			continue
		}
		text := fmt.Sprintf("%.3f s %s %#x %s %s", e.Time, e.Kind, e.Addr, e.Half, e.Range)
		if e.Failure != nil {
			text += ": " + describe(e.Failure)
		}
		c.Marks = append(c.Marks, mark{a.x(e.Time), y, string(e.Kind), text})
	}
	return c
}

// amount writes a large number short.
func amount(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.size {
			return fmt.Sprintf("%.3g%s", v/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.3g", v)
}

func percent(v float64) string { return fmt.Sprintf("%.3g%%", v) }
