package sessions

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"kmv/engine"
	"kmv/engine/view"
)

// start runs a real program, paused at its start, its output thrown away.
func start(t *testing.T, argv ...string) *engine.Live {
	t.Helper()
	path, err := exec.LookPath(argv[0])
	if err != nil {
		t.Skip(err)
	}
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	l, err := engine.Start(context.Background(), engine.Options{
		Path: path, Argv: argv, Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, Watched: true, Paused: true, Files: []*os.File{null, null, os.Stderr},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// everything is a query for all that a stop shows.
var everything = view.Query{Registers: true, Vectors: true, Stack: true, Code: &view.CodeQuery{Before: 5, After: 20},
	Memory: []view.MemoryQuery{{Text: "$rsp", Size: 256}}}

// TestLiveRun steps through a real program, and holds each recorded stop against what the live run showed there.
func TestLiveRun(t *testing.T) {
	for _, argv := range [][]string{{"sqlite3", ":memory:", "select 6*7"}, {"/usr/bin/python3", "-S", "-c", "print(6*7)"}, {"true"}} {
		t.Run(filepath.Base(argv[0]), func(t *testing.T) {
			live := start(t, argv...)
			file := filepath.Join(t.TempDir(), "r.kmv")
			r, err := NewRecorder(create(t, file), live, Options{Version: "test", Say: func(s string) { t.Error(s) }})
			if err != nil {
				t.Fatal(err)
			}
			shown := walk(t, r)
			do(t, r, view.Command{Op: view.Kill})
			for range r.Events() {
			}
			p, err := Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if len(p.Recording.Damage) > 0 || !p.Recording.Ended {
				t.Fatalf("damage %v, ended %v", p.Recording.Damage, p.Recording.Ended)
			}
			poor := r.Status().Dropped.Pulls // a loaded machine: less is read of some
			for _, want := range shown {
				if missing := same(t, p, want); missing {
					poor--
				}
			}
			if poor < 0 {
				t.Errorf("%d more stops are poor than were said to be", -poor)
			}
		})
	}
}

// walk gives commands of all kinds, and keeps what the run shows after each.
func walk(t *testing.T, r *Recorder) (shown []*view.Snapshot) {
	t.Helper()
	look := func() {
		s, err := r.Look(t.Context(), everything)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, s)
	}
	look()
	for i := range 120 {
		op := []view.Op{view.StepInst, view.StepInst, view.NextInst, view.ToStore, view.Block}[i%5]
		do(t, r, view.Command{Op: op})
		look()
	}
	return shown
}

// same holds the moment of a stop against what was shown there. It is true if not all of it was recorded.
func same(t *testing.T, p *Player, want *view.Snapshot) (missing bool) {
	t.Helper()
	found := -1
	for i := range p.film.moments {
		if m := &p.film.moments[i]; m.stop && m.pull.Seq == want.Seq {
			found = i
		}
	}
	if found < 0 {
		return true
	}
	if _, err := p.Do(t.Context(), view.Command{Op: view.Seek, Count: found + 1}); err != nil {
		t.Fatal(err)
	}
	got, err := p.Look(t.Context(), everything)
	if err != nil {
		t.Fatalf("moment %d, stop %d: %v", found+1, want.Seq, err)
	}
	if !reflect.DeepEqual(got.Registers.Values, want.Registers.Values) || got.Reason != want.Reason {
		t.Errorf("stop %d: %q %x, want %q %x", want.Seq, got.Reason, got.Registers.Values, want.Reason, want.Registers.Values)
	}
	pc, _ := register(want.Registers, "rip")
	if len(got.Code) == 0 || !holds(got.Code, pc) {
		t.Errorf("stop %d: no code at %#x", want.Seq, pc)
	}
	if len(got.Missing) > 0 {
		return true
	}
	if g, w := got.Memory[0], want.Memory[0]; !reflect.DeepEqual(g.Native, w.Native) || !reflect.DeepEqual(g.Mirror, w.Mirror) || g.Addr != w.Addr || g.State != w.State {
		t.Errorf("stop %d: memory at %#x differs:\n%x\n%x", want.Seq, w.Addr, g.Native, w.Native)
	}
	if !reflect.DeepEqual(got.Registers.Vectors, want.Registers.Vectors) || got.Registers.MXCSR != want.Registers.MXCSR {
		t.Errorf("stop %d: vectors %x, want %x", want.Seq, got.Registers.Vectors, want.Registers.Vectors)
	}
	if !reflect.DeepEqual(got.Stack, want.Stack) {
		t.Errorf("stop %d: calls %+v, want %+v", want.Seq, got.Stack, want.Stack)
	}
	return false
}

func holds(lines []view.CodeLine, pc uint64) bool {
	for _, l := range lines {
		if l.Addr == pc {
			return true
		}
	}
	return false
}
