package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"kmv/engine/view"
)

// startEcho runs a shell between two pipes that gives back each line, until its input ends.
func startEcho(t *testing.T, o Options) (l *Live, in, out *os.File) {
	o.Path, o.Argv, o.Env = "/bin/sh", []string{"sh", "-c", "while read l; do echo $l; done"}, os.Environ()
	stdin, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	o.Files = []*os.File{stdin, stdout, os.Stderr}
	if l, err = Start(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	stdin.Close()
	stdout.Close()
	return l, in, out
}

func do(t *testing.T, l *Live, c view.Command) view.Reply {
	t.Helper()
	r, err := l.Do(context.Background(), c)
	if err != nil {
		t.Fatalf("%s: %v", c.Op, err)
	}
	return r
}

func look(t *testing.T, l *Live, q view.Query) *view.Snapshot {
	t.Helper()
	s, err := l.Look(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLivePauseAndContinue(t *testing.T) {
	l, in, out := startEcho(t, Options{Watched: true, Paused: true, VerifyAtExit: true})
	if s := look(t, l, view.Query{}); s.State != view.Paused || s.Reason != "start" {
		t.Fatalf("state %s, reason %q: want paused at start", s.State, s.Reason)
	}
	do(t, l, view.Command{Op: view.Continue})
	line := make([]byte, 3)
	for range 20 { // in the middle of things, wherever it is
		if _, err := in.WriteString("ab\n"); err != nil {
			t.Fatal(err)
		}
		do(t, l, view.Command{Op: view.Pause})
		if s := look(t, l, view.Query{}); s.State != view.Paused {
			t.Fatalf("state %s after pause", s.State)
		}
		if r := do(t, l, view.Command{Op: view.Verify}); r.Compared == 0 || len(r.Divergent) > 0 {
			t.Fatalf("verified while paused: %+v", r)
		}
		do(t, l, view.Command{Op: view.Continue})
		if _, err := io.ReadFull(out, line); err != nil || string(line) != "ab\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
	in.Close()
	r, err := l.Wait()
	if err != nil || r.Exit.Code == nil || *r.Exit.Code != 0 || r.Verify.DivergentBytes != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	var last uint64
	for ev := range l.Events() {
		if ev.Seq != last+1 {
			t.Fatalf("event %d follows %d", ev.Seq, last)
		}
		last = ev.Seq
	}
	if last < 41 {
		t.Fatalf("%d events for 20 pauses", last)
	}
	if _, err := l.Do(context.Background(), view.Command{Op: view.Pause}); !errors.Is(err, ErrEnded) {
		t.Fatalf("a command behind the end: %v", err)
	}
	s, err := l.Look(context.Background(), view.Query{Ranges: true})
	if err != nil || s.State != view.Ended || s.Reason != "exited with 0" || s.Seq != last || len(s.Ranges) == 0 || s.Counters.BytesMirrored == 0 || s.Gaps != nil {
		t.Fatalf("look behind the end: %+v, %v", s, err)
	}
}

func TestLiveKillWhilePaused(t *testing.T) {
	l, in, _ := startEcho(t, Options{Watched: true})
	defer in.Close()
	do(t, l, view.Command{Op: view.Pause})
	do(t, l, view.Command{Op: view.Kill})
	if r, err := l.Wait(); err != nil || r.Exit.Signal != 9 {
		t.Fatalf("%+v, %v", r, err)
	}
}
