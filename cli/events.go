package cli

import (
	"bufio"
	"encoding/json"
	"io"

	"kmv/engine/view"
)

// writeEvents writes the events of a run as JSON, a line each, until they end; each is in the file before the next one
// happens to be there. The first error ends the writing, not the run.
func writeEvents(w io.Writer, events <-chan view.Event) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	var failed error
	for ev := range events {
		if failed == nil {
			failed = enc.Encode(ev)
		}
		if failed == nil && len(events) == 0 {
			failed = out.Flush()
		}
	}
	return failed
}
