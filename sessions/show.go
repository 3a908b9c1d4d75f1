package sessions

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"kmv/engine/view"
)

// shownMost is how many rows of a table Show prints, unless all are wanted.
const shownMost = 20

// Show prints a recording for a person; all of it, or the first rows of each table.
func Show(w io.Writer, r *Recording, all bool) {
	s, h := Summarize(r), r.Header
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-9s %s\n", name, clean(fmt.Sprintf(format, args...)))
	}
	row("recorded", "%s, %.3f s, by kmv %s", h.Start.Format("2006-01-02 15:04:05 MST"), s.To-s.From, h.Version)
	row("program", "%s", strings.Join(append([]string{h.Program}, rest(h.Argv)...), " "))
	if h.BuildID != "" {
		row("build id", "%s", h.BuildID)
	}
	row("machine", "%s; %s", h.Kernel, h.CPU)
	if len(h.Policy) > 0 {
		row("policy", "%s", strings.Join(h.Policy, ", "))
	}
	if len(h.Seeds) > 0 {
		row("seeds", "%s", strings.Trim(fmt.Sprint(h.Seeds), "[]"))
	}
	row("ended", "%s", s.Program)
	row("file", "%d bytes, %d frames, %d lines: %s", r.Size, r.Frames, len(r.Lines), r.State())
	for _, d := range r.Damage {
		row("damage", "%s", d)
	}
	if d := s.Dropped.String(); d != "" {
		row("left out", "%s", d)
	}
	row("moments", "%d, %d of them stops", s.Moments, s.Stops)
	c := s.Counters
	row("mirror", "%d of %d writable bytes (%.1f%%) at +%#x, %d in memory", c.BytesMirrored, c.BytesWritable, 100*Coverage(c), h.Offset, c.BytesResident)
	row("stores", "%d%s; %d system calls, %d stops of the engine", c.Stores, counted(c), c.Syscalls, c.Stops)
	row("failures", "%d injected, %d detected, %d recovered, %d masked, %d unrecovered; %d bytes differ",
		c.Injected, c.Detected, c.Recovered, c.Masked, c.Unrecovered, c.DivergentBytes)
	most := shownMost
	if all {
		most = 1 << 30
	}
	tables(w, s, most)
}

func rest(argv []string) []string { return argv[min(1, len(argv)):] }

// counted says what the number of stores means.
func counted(c view.Counters) string {
	if c.Counting {
		return ""
	}
	return " by system calls (instructions were not counted)"
}

// tables prints failures, gaps, stops and events.
func tables(w io.Writer, s *Summary, most int) {
	table(w, "failures", most, s.Failures, func(e view.Event) string {
		return fmt.Sprintf("%.3f s\t%s\t%s\t%#x %s\t%s", e.Time, e.Kind, describe(e.Failure), e.Addr, e.Half, strings.TrimSpace(e.Range+" "+e.Text))
	})
	table(w, "gaps", most, s.Gaps, func(g view.Gap) string {
		return fmt.Sprintf("%d times\t%s\t%s\t%s", g.Count, g.Kind, g.Name, g.Where)
	})
	table(w, "stops", most, s.Paused, func(p Stop) string {
		return fmt.Sprintf("%d\t%.3f s\tthread %d\t%#x\t%s\t%s", p.Moment, p.Time, p.Thread, p.PC, p.Symbol, p.Reason)
	})
	table(w, "events", most, s.Events, func(e view.Event) string {
		return fmt.Sprintf("#%d\t%.3f s\t%d\t%s\t%s", e.Seq, e.Time, e.Pid, e.Kind, tell(&e))
	})
}

// clean replaces what could move a terminal's cursor: a recording may come from anywhere.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// table prints rows in columns, and how many more there are.
func table[T any](w io.Writer, name string, most int, rows []T, line func(T) string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", name)
	tw := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	for _, r := range rows[:min(most, len(rows))] {
		fmt.Fprintf(tw, "  %s\n", clean(line(r)))
	}
	tw.Flush()
	if n := len(rows) - most; n > 0 {
		fmt.Fprintf(w, "  %d more: --all shows them\n", n)
	}
}

// describe says what an error was and what became of it.
func describe(f *view.Failure) string {
	parts := []string{f.What}
	if f.ID != 0 {
		parts[0] = fmt.Sprintf("%d: %s", f.ID, f.What)
	}
	for _, s := range []string{f.Mechanism, f.How} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if f.Latency > 0 {
		parts = append(parts, fmt.Sprintf("%.1f µs", f.Latency))
	}
	if len(f.Broken) > 0 {
		parts = append(parts, fmt.Sprintf("%x > %x > %x", f.Before, f.Broken, f.After))
	}
	return strings.Join(parts, ", ")
}

// Verify prints whether a recording is whole, and says so.
func Verify(w io.Writer, r *Recording) bool {
	s := Summarize(r)
	fmt.Fprintf(w, "%s: %s; %d frames, %d lines, %.3f s to %.3f s of %s\n", r.Path, r.State(), r.Frames, len(r.Lines), s.From, s.To, r.Header.Program)
	for _, d := range r.Damage {
		fmt.Fprintln(w, d)
	}
	if !r.Ended && len(r.Damage) == 0 {
		fmt.Fprintln(w, "it has no end: it is still being recorded, or kmv was killed (then at most the last second is missing), or the disk was full")
	}
	if d := s.Dropped.String(); d != "" {
		fmt.Fprintf(w, "left out while it was recorded: %s\n", d)
	}
	return len(r.Damage) == 0
}

// List prints a line for each file.
func List(w io.Writer, files []string) {
	tw := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "file\trecorded\tlength\tstops\tfailures\tstate\tprogram")
	for _, name := range files {
		r, err := Read(name)
		if err != nil {
			fmt.Fprintf(tw, "%s\t\t\t\t\tunreadable\t%s\n", clean(name), strings.TrimPrefix(err.Error(), name+": "))
			continue
		}
		s := Summarize(r)
		fmt.Fprintf(tw, "%s\t%s\t%.1f s\t%d\t%d\t%s\t%s\n", name, r.Header.Start.Format("2006-01-02 15:04"), s.To-s.From, s.Stops, len(s.Failures), r.State(),
			clean(strings.Join(append([]string{r.Header.Program}, rest(r.Header.Argv)...), " ")))
	}
	tw.Flush()
}

// WriteJSON writes the lines as they are.
func WriteJSON(w io.Writer, r *Recording) error {
	for _, line := range r.Text {
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
