package engine

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"kmv/engine/view"
)

// steered is a run that a test steers: it starts paused, and its stops are waited for.
type steered struct {
	*Live
	t      *testing.T
	events []view.Event
}

func steer(t *testing.T, o Options, argv ...string) *steered {
	t.Helper()
	path, err := exec.LookPath(argv[0])
	if err != nil {
		t.Skip(err)
	}
	o.Path, o.Argv, o.Env, o.Watched, o.Paused = path, argv, []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, true, true
	if o.Files == nil {
		null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { null.Close() })
		o.Files = []*os.File{null, null, os.Stderr}
	}
	l, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	s := &steered{Live: l, t: t}
	t.Cleanup(func() {
		_, _ = l.Do(context.Background(), view.Command{Op: view.Kill})
		for range l.Events() {
		}
	})
	return s
}

// until waits for an event of a kind and returns it; the run's end is a failure.
func (s *steered) until(kind view.Kind) view.Event {
	s.t.Helper()
	for ev := range s.Events() {
		s.events = append(s.events, ev)
		if ev.Kind == kind {
			return ev
		}
	}
	_, err := s.Wait()
	s.t.Fatalf("the run ended before an event %q: %v", kind, err)
	return view.Event{}
}

// run carries out a command that resumes the program, and waits for the stop behind it.
func (s *steered) run(c view.Command) view.Event {
	s.t.Helper()
	do(s.t, s.Live, c)
	s.until(view.EventResume)
	return s.until(view.EventStop)
}

func (s *steered) pc() uint64 {
	s.t.Helper()
	r := look(s.t, s.Live, view.Query{Registers: true}).Registers
	for i, n := range r.Names {
		if n == "rip" {
			return r.Values[i]
		}
	}
	return 0
}

func TestTry4(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, "sqlite3", ":memory:", "create table t(a,b); with recursive c(x) as (select 1 union all select x+1 from c where x<200000) insert into t select x, hex(randomblob(20)) from c; select count(*), sum(length(b)) from t; create index i on t(b); select count(*) from t where b>'8';")
	go func() {
		for ev := range s.Events() {
			if ev.Kind != "map" {
				t.Logf("%s %s", ev.Kind, ev.Text)
			}
		}
	}()
	do(t, s.Live, view.Command{Op: view.Continue})
	for i := 0; ; i++ {
		for _, spec := range []string{"heap", "stack", "all", "data", "anon", "file:*libc*"} {
			for _, on := range []bool{false, true} {
				r, err := s.Do(context.Background(), view.Command{Op: view.Mirror, Text: spec, On: on})
				if err != nil {
					t.Log(i, spec, on, err)
					goto end
				}
				_ = r
				v, err := s.Do(context.Background(), view.Command{Op: view.Verify})
				if err != nil {
					goto end
				}
				if len(v.Divergent) > 0 {
					t.Errorf("%d %s %v: %+v", i, spec, on, v)
				}
				t.Log(spec, on, r.Value, v.Compared)
			}
		}
	}
end:
	rr, err := s.Wait()
	t.Logf("%+v %v", *rr.Exit.Code, err)
	t.Logf("%+v", rr.Verify)
}
