package cli

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"kmv/engine"
)

// printStats is --stats: the report for people.
func printStats(w io.Writer, r *engine.Report) {
	t, s, m := r.Translation, r.Syscalls, r.Mirror
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "kmv: %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("ended", "%s after %.3f s, %s", ending(r.Exit), r.WallSeconds, plural(r.Threads, "thread"))
	row("translated", "%s, %s; %s, %d mirrored; %.3f s", plural(t.Blocks, "block"), plural(t.NativeInstructions, "instruction"),
		plural(t.Stores, "store"), t.StoresMirrored, t.Seconds)
	row("code", "%s native, %s in the cache, %s kept from before", size(uint64(t.NativeBytes)), size(uint64(t.CacheBytes)), plural(t.LoadedBlocks, "block"))
	row("mirror", "%s of address space, %s in memory, at +%#x", size(m.BytesMirrored), size(m.BytesResident), m.Offset)
	row("syscalls", "%d without a stop, %d with one, %s copied", s.InTarget, s.Stopped, size(s.BytesMirrored))
	row("stops", "%s", stops(t.Stops))
	if v := r.Verify; v.Runs > 0 {
		row("verified", "%s in %s: %s", size(v.BytesCompared), plural(v.Runs, "run"), verdict(v))
	}
	for _, g := range r.Gaps {
		name := "limit"
		if g.Unmirrored {
			name = "gap"
		}
		row(name, "%s %s at %s, %d times", g.Kind, g.Name, g.Where, g.Count)
	}
}

func ending(e engine.Exit) string {
	switch {
	case e.Signal != 0 && e.Name != "":
		return "killed by " + e.Name
	case e.Signal != 0:
		return fmt.Sprintf("killed by signal %d", e.Signal)
	case e.Code != nil:
		return fmt.Sprintf("exited with %d", *e.Code)
	}
	return "ended"
}

func verdict(v engine.VerifyStats) string {
	if v.DivergentBytes == 0 {
		return "every byte equals its copy"
	}
	return fmt.Sprintf("%d BYTES DIFFER in %s", v.DivergentBytes, plural(len(v.Divergent), "range"))
}

// stops lists the reasons, the most frequent first.
func stops(count map[string]int) string {
	var reasons []string
	total := 0
	for name, n := range count {
		reasons = append(reasons, name)
		total += n
	}
	sort.Slice(reasons, func(i, j int) bool {
		a, b := reasons[i], reasons[j]
		return count[a] > count[b] || count[a] == count[b] && a < b
	})
	parts := []string{fmt.Sprint(total)}
	for _, name := range reasons {
		parts = append(parts, fmt.Sprintf("%s %d", name, count[name]))
	}
	return strings.Join(parts, ", ")
}

// size is a number of bytes with a binary unit.
func size(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
