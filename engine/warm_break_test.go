package engine

import (
	"strings"
	"testing"

	"kmv/engine/view"
)

// A breakpoint is hit in code that an earlier run has translated.
func TestBreakpointInKeptCode(t *testing.T) {
	o := Options{Cache: t.TempDir()}
	t.Run("cold", func(t *testing.T) {
		s := steer(t, o, "/bin/true")
		do(t, s.Live, view.Command{Op: view.Continue})
		for range s.Events() {
		}
		if r, err := s.Wait(); err != nil || r.Translation.Blocks == 0 {
			t.Fatal(r, err)
		}
	})
	t.Run("warm", func(t *testing.T) {
		s := steer(t, o, "/bin/true")
		do(t, s.Live, view.Command{Op: view.Break, Text: "__libc_start_main"})
		s.run(view.Command{Op: view.Continue})
		do(t, s.Live, view.Command{Op: view.Delete})
		do(t, s.Live, view.Command{Op: view.Break, Text: "exit"})
		if ev := s.run(view.Command{Op: view.Continue}); !strings.Contains(ev.Text, "exit") {
			t.Fatalf("stopped: %q", ev.Text)
		}
	})
}
