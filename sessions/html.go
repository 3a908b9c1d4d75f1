package sessions

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"kmv/engine/view"
)

//go:embed page.html
var pageText string

// pageTemplate is not parsed before it is needed: every start of kmv would pay for it.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"describe": func(f *view.Failure) string { return describe(f) },
		"hex":      func(v uint64) string { return fmt.Sprintf("%#x", v) },
		"seconds":  func(v float64) string { return fmt.Sprintf("%.3f", v) },
		"join":     func(list []string) string { return strings.Join(list, " ") },
		"clean":    clean,
		"amount":   amount,
		"tell":     func(e view.Event) string { return tell(&e) },
		"bits":     func(b []byte) string { return fmt.Sprintf("%x", b) },
	}).Parse(pageText))
})

// page is what the template shows.
type page struct {
	*Summary
	File     *Recording
	Covered  string
	Charts   []chart
	Lost     string
	Events   []view.Event
	MoreRows int // events that are not in the table
	Paused   []Stop
	MoreStop int
}

// pageMost bounds the rows of a table of the page.
const pageMost = 1000

// WriteHTML writes one self-contained page about a recording.
func WriteHTML(w io.Writer, r *Recording) error {
	s := Summarize(r)
	a := axis{s.From, s.To}
	p := page{Summary: s, File: r, Covered: percent(100 * Coverage(s.Counters)), Lost: s.Dropped.String()}
	p.Events, p.MoreRows = s.Events[:min(pageMost, len(s.Events))], max(0, len(s.Events)-pageMost)
	p.Paused, p.MoreStop = s.Paused[:min(pageMost, len(s.Paused))], max(0, len(s.Paused)-pageMost)
	var coverage []point
	for _, sample := range s.Samples {
		if sample.Counters.BytesWritable > 0 {
			coverage = append(coverage, point{sample.Time, 100 * Coverage(sample.Counters)})
		}
	}
	stores, amounts := "stores per second, each with its copy", rates(s.Samples, func(c view.Counters) uint64 { return c.Stores })
	if !s.Counters.Counting {
		stores, amounts = "stores per second, estimated by samples", estimates(s.Samples)
	}
	p.Charts = []chart{
		lineChart("Stores per second", stores, a, amounts, 0, amount),
		lineChart("Coverage", "part of the writable address space that has a copy", a, coverage, 100, percent),
		lineChart("System calls per second", "of all processes", a, rates(s.Samples, func(c view.Counters) uint64 { return c.Syscalls }), 0, amount),
		timeLine(a, s),
	}
	return pageTemplate().Execute(w, p)
}
