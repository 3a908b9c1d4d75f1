package engine

import (
	"context"
	"os"
	"testing"
)

// TestTriggers: one that counts system calls is pulled in front of the next call, and only until then do all of them stop.
func TestTriggers(t *testing.T) {
	out, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var calls, stops, attempts []uint64
	r, err := Run(context.Background(), Options{
		Path: "/bin/sh", Argv: []string{"sh", "-c", "i=0; while [ $i -lt 500 ]; do echo $i; i=$((i+1)); done"}, Env: os.Environ(),
		Files: []*os.File{out, nullForWriting(t), os.Stderr},
		Triggers: []Trigger{
			{Syscalls: 300, Do: func(s *Site) bool {
				calls = append(calls, s.e.syscallStats().Total)
				return true
			}},
			{Stops: 250, Do: func(s *Site) bool {
				stops = append(stops, s.e.triggers.stops)
				return true
			}},
			{Do: func(s *Site) bool {
				attempts = append(attempts, s.e.triggers.stops)
				return len(attempts) == 6
			}},
		},
	})
	if err != nil || r.Exit.Code == nil || *r.Exit.Code != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	if len(calls) != 1 || calls[0] != 300 {
		t.Errorf("pulled behind %v system calls, want 300", calls)
	}
	if len(stops) != 1 || stops[0] < 250 || stops[0] > 260 {
		t.Errorf("pulled at stop %v, want 250 or soon after", stops)
	}
	if len(attempts) != 6 || attempts[5]-attempts[0] > 200 {
		t.Errorf("tried at stops %v, want six times in a short while", attempts)
	}
	if r.Syscalls.Stopped < 300 || r.Syscalls.InTarget < 200 {
		t.Errorf("%d system calls stopped, %d did not: want at least 300 and 200", r.Syscalls.Stopped, r.Syscalls.InTarget)
	}
}

func nullForWriting(t *testing.T) *os.File {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
