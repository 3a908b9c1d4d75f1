package engine

import (
	"context"
	"os"
	"strings"
	"testing"
)

// TestCause: a divergence names what may have made it.
func TestCause(t *testing.T) {
	binary := buildGuest(t, "differ")
	for _, c := range []struct{ arg, cause string }{
		{"race", "race: "}, {"gap", "gap: openat: direct I/O"}, {"nothing", "unknown: "},
	} {
		t.Run(c.arg, func(t *testing.T) {
			// The native half changes and nobody is told: what a store whose copy is missing leaves.
			behind := func(e *engine, th *thread, a [6]uint64) int64 {
				if err := th.p.mem.Write(a[0], []byte{byte(a[2])}); err != nil {
					t.Error(err)
				}
				return 0
			}
			r, err := Run(context.Background(), Options{Path: binary, Argv: []string{binary, c.arg}, Env: os.Environ(), VerifyAtExit: true, testCall: behind})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Verify.Divergent) != 1 {
				t.Fatalf("divergent: %+v", r.Verify.Divergent)
			}
			got := r.Verify.Divergent[0].Cause
			if !strings.HasPrefix(got, c.cause) {
				t.Errorf("cause %q, want %q", got, c.cause)
			}
			for _, function := range []string{"<main", "<store"} {
				if named := strings.Contains(got, function); named != (c.arg == "race" || c.arg == "nothing" && function == "<main") {
					t.Errorf("cause %q: %s named: %v", got, function, named)
				}
			}
			t.Log(got)
		})
	}
}
