// Package metrics serves the counters of a run as OpenMetrics text, on loopback only: they name no secrets, but nobody asked
// for them to leave the machine.
//
//	run --Look--> rows (metrics.go) --> text/openmetrics --> http (serve.go)
package metrics

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"kmv/engine/view"
)

// ContentType is of the exposition format (OpenMetrics 1.0.0, "Overall Structure").
const ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// row is one metric family, with one sample or, with labels, some.
type row struct {
	name, kind, unit, help string
	value                  func(c *view.Counters) uint64
}

// rows are the metrics. Their names are an interface; a counter's sample gets _total.
var rows = []row{
	{"kmv_mirrored_bytes", "gauge", "bytes", "Address space that has a copy.", func(c *view.Counters) uint64 { return c.BytesMirrored }},
	{"kmv_writable_bytes", "gauge", "bytes", "Address space that the program may write.", func(c *view.Counters) uint64 { return c.BytesWritable }},
	{"kmv_resident_copy_bytes", "gauge", "bytes", "Copies that are in memory.", func(c *view.Counters) uint64 { return c.BytesResident }},
	{"kmv_divergent_bytes", "gauge", "bytes", "Bytes that differed from their copies in the last verification or scrub.", func(c *view.Counters) uint64 { return c.DivergentBytes }},
	{"kmv_stores", "counter", "", "Stores that were mirrored, of code whose executions are counted.", func(c *view.Counters) uint64 { return c.Stores }},
	{"kmv_syscall_mirrored_bytes", "counter", "bytes", "Bytes that system calls wrote, and that were copied.", func(c *view.Counters) uint64 { return c.SyscallBytes }},
	{"kmv_syscalls", "counter", "", "System calls of the program.", func(c *view.Counters) uint64 { return c.Syscalls }},
	{"kmv_stops", "counter", "", "Stops of the program for kmv.", func(c *view.Counters) uint64 { return c.Stops }},
	{"kmv_blocks", "gauge", "", "Translated blocks.", func(c *view.Counters) uint64 { return uint64(c.Blocks) }},
	{"kmv_code_cache_bytes", "gauge", "bytes", "Translated code.", func(c *view.Counters) uint64 { return uint64(c.CacheBytes) }},
	{"kmv_gaps", "gauge", "", "Kinds of writes that are not mirrored.", func(c *view.Counters) uint64 { return uint64(c.Gaps) }},
	{"kmv_errors_injected", "counter", "", "Memory errors that kmv made.", func(c *view.Counters) uint64 { return uint64(c.Injected) }},
	{"kmv_errors_detected", "counter", "", "Memory errors that were noticed.", func(c *view.Counters) uint64 { return uint64(c.Detected) }},
	{"kmv_errors_recovered", "counter", "", "Memory errors that were repaired.", func(c *view.Counters) uint64 { return uint64(c.Recovered) }},
	{"kmv_errors_masked", "counter", "", "Memory errors that nothing ever met.", func(c *view.Counters) uint64 { return uint64(c.Masked) }},
	{"kmv_errors_unrecovered", "counter", "", "Memory errors that took both copies.", func(c *view.Counters) uint64 { return uint64(c.Unrecovered) }},
	{"kmv_pages_retired", "counter", "", "Pages that were moved to another frame after repeated errors.", func(c *view.Counters) uint64 { return uint64(c.Retired) }},
	{"kmv_scrubbed_bytes", "counter", "bytes", "Bytes that the scrubber has compared.", func(c *view.Counters) uint64 { return c.Scrubbed }},
	{"kmv_scrub_position", "gauge", "", "Address that the scrubber has come to.", func(c *view.Counters) uint64 { return c.ScrubPosition }},
	{"kmv_scrub_passes", "counter", "", "Passes of the scrubber over all memory.", func(c *view.Counters) uint64 { return uint64(c.ScrubPasses) }},
	{"kmv_threads", "gauge", "", "Threads of the program.", func(c *view.Counters) uint64 { return uint64(c.Threads) }},
	{"kmv_processes", "gauge", "", "Processes of the program.", func(c *view.Counters) uint64 { return uint64(c.Processes) }},
}

// Write writes a snapshot in the exposition format.
func Write(w io.Writer, s *view.Snapshot) error {
	var b strings.Builder
	family := func(name, kind, unit, help string) {
		fmt.Fprintf(&b, "# TYPE %s %s\n", name, kind)
		if unit != "" {
			fmt.Fprintf(&b, "# UNIT %s %s\n", name, unit)
		}
		fmt.Fprintf(&b, "# HELP %s %s\n", name, help)
	}
	family("kmv_run", "info", "", "The run.")
	fmt.Fprintf(&b, "kmv_run_info{program=\"%s\",pid=\"%d\"} 1\n", escaped(s.Program), s.Pid)
	family("kmv_run_seconds", "gauge", "seconds", "Time since the start of the run.")
	fmt.Fprintf(&b, "kmv_run_seconds %s\n", strconv.FormatFloat(s.Time, 'f', 6, 64))
	for _, r := range rows {
		family(r.name, r.kind, r.unit, r.help)
		sample := r.name
		if r.kind == "counter" {
			sample += "_total"
		}
		fmt.Fprintf(&b, "%s %d\n", sample, r.value(&s.Counters))
	}
	b.WriteString("# EOF\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// escaped is the value of a label (OpenMetrics 1.0.0, "Escaping").
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}
