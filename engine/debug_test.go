package engine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

// register is a register of the thread that stopped last.
func (s *steered) register(name string) uint64 {
	s.t.Helper()
	r := look(s.t, s.Live, view.Query{Registers: true}).Registers
	i := slices.Index(r.Names, name)
	if i < 0 {
		s.t.Fatal("no register ", name)
	}
	return r.Values[i]
}

// finish lets the program run to its end, which must be a good one, with equal halves.
func (s *steered) finish() {
	s.t.Helper()
	do(s.t, s.Live, view.Command{Op: view.Delete})
	do(s.t, s.Live, view.Command{Op: view.Continue})
	for range s.Events() {
	}
	r, err := s.Wait()
	if err != nil || r.Exit.Code == nil || *r.Exit.Code != 0 || r.Verify.DivergentBytes != 0 || r.Verify.BytesCompared == 0 {
		s.t.Fatalf("%+v, %v", r, err)
	}
}

// guest builds a program of testdata/guests/debug, with more flags than it asks for itself.
func guest(t *testing.T, name string, more ...string) string {
	t.Helper()
	source := "../testdata/guests/debug/" + name
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "cflags: ")
	flags, _, _ := strings.Cut(rest, "\n")
	out := filepath.Join(t.TempDir(), strings.TrimSuffix(name, filepath.Ext(name)))
	compiler := "gcc"
	if strings.HasSuffix(name, ".cc") {
		compiler = "g++"
	}
	if _, err := exec.LookPath(compiler); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(compiler, append(append(strings.Fields(flags), more...), "-o", out, source)...)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return out
}

// gdb runs a program under gdb with commands, and gives what it prints.
func gdb(t *testing.T, program string, commands ...string) string {
	t.Helper()
	args := []string{"-q", "-nx", "-batch", "-ex", "set width 0", "-ex", "set style enabled off", "-ex", "set print thread-events off"}
	for _, c := range commands {
		args = append(args, "-ex", c)
	}
	cmd := exec.Command("gdb", append(args, program)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("gdb: %v: %s", err, complaints.String())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("gdb said, and complained:\n%s\n%s", out, complaints.String())
		}
	})
	return string(out)
}
