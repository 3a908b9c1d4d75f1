package programs

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kmv/control"
	"kmv/engine/view"
)

// startControlled starts kmv run with a control socket, and connects to it.
func startControlled(t *testing.T, args ...string) (cmd *exec.Cmd, c *control.Client, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "control")
	cmd = exec.Command(kmvBinary, append([]string{"run", "--control", path}, args...)...)
	cmd.Stderr = new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, connect(t, path), path
}

// connect waits for the socket: kmv makes it before it starts the program.
func connect(t *testing.T, path string) *control.Client {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		c, err := control.Dial(path)
		if err == nil {
			return c
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// await reads the program's terminal up to a text.
func await(t *testing.T, c *control.Client, want string) {
	t.Helper()
	var seen strings.Builder
	for ev := range c.Events() {
		if ev.Kind != view.EventOutput {
			continue
		}
		if seen.Write(ev.Data); strings.Contains(seen.String(), want) {
			return
		}
	}
	t.Fatalf("the program printed %q, not %q (%v)", seen.String(), want, c.Err())
}

func tell(t *testing.T, c view.Controller, command view.Command) {
	t.Helper()
	if _, err := c.Do(context.Background(), command); err != nil {
		t.Fatalf("%s: %v", command.Op, err)
	}
}

func typeIn(t *testing.T, c view.Controller, text string) {
	t.Helper()
	tell(t, c, view.Command{Op: view.Input, Data: []byte(text)})
}

// TestSignalEndsPaused: a signal to kmv ends a paused run, with all of its program, although somebody is connected.
func TestSignalEndsPaused(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		cmd, c, _ := startControlled(t, "--paused", "--", "sleep", "1000")
		s, err := c.Look(t.Context(), view.Query{})
		if err != nil || s.State != view.Paused {
			t.Fatalf("%+v %v: want a paused program", s, err)
		}
		cmd.Process.Signal(sig)
		cmd.Wait()
		if alive(s.Pid) {
			t.Errorf("the program is alive after %v", sig)
		}
	}
}

// TestLinger: a paused run that nobody watches is ended after its time; while somebody is connected it stays.
func TestLinger(t *testing.T) {
	t.Parallel()
	cmd, c, path := startControlled(t, "--paused", "--linger", "300ms", "--", "sleep", "1000")
	pid := 0
	for range 40 { // for longer than it may stay alone
		s, err := c.Look(t.Context(), view.Query{})
		if err != nil || s.State != view.Paused {
			t.Fatalf("%+v %v: want a paused program", s, err)
		}
		pid = s.Pid
		time.Sleep(10 * time.Millisecond)
	}
	c.Close()
	cmd.Wait()
	if alive(pid) {
		t.Error("the program is alive")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is still there")
	}
}

// TestControlledTerminal drives sqlite3's prompt through screens that come and go; one is killed.
func TestControlledTerminal(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"})
	cmd, first, path := startControlled(t, "--paused", "--pty", "--verify", "--strict", "--", "sqlite3")
	if s, err := first.Look(t.Context(), view.Query{}); err != nil || s.State != view.Paused {
		t.Fatalf("%+v %v: want a paused program", s, err)
	}
	tell(t, first, view.Command{Op: view.Continue})
	await(t, first, "sqlite> ")
	typeIn(t, first, "create table t(x); insert into t values(6*7);\r")
	first.Close()

	second := connect(t, path)
	await(t, second, "values(6*7);") // from the beginning, the first one's typing too
	typeIn(t, second, "select 'x is ' || x from t;\r")
	await(t, second, "x is 42\r\n")
	for range 3 {
		tell(t, second, view.Command{Op: view.Pause})
		r, err := second.Do(t.Context(), view.Command{Op: view.Verify})
		if err != nil || r.Compared == 0 || len(r.Divergent) > 0 {
			t.Fatalf("verified while paused: %+v %v", r, err)
		}
		tell(t, second, view.Command{Op: view.Continue})
	}
	typeIn(t, second, ".exit 7\r")
	err := cmd.Wait()
	var status *exec.ExitError
	if !errors.As(err, &status) || status.ExitCode() != 7 {
		t.Errorf("kmv ended with %v, want status 7: %s", err, cmd.Stderr)
	}
	for range second.Events() { // what is left, and the end
	}
	if !errors.Is(second.Err(), view.ErrEnded) {
		t.Errorf("the events ended because of %v", second.Err())
	}
	second.Close()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestControlledEnds: a run ends with its program although a client never reads.
func TestControlledEnds(t *testing.T) {
	cmd, c, _ := startControlled(t, "--paused", "--", "true")
	defer c.Close()
	tell(t, c, view.Command{Op: view.Continue})
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, cmd.Stderr)
	}
}

// TestErrorThatVerificationFound: it is told once, and is over when the copy is made anew.
func TestErrorThatVerificationFound(t *testing.T) {
	t.Parallel()
	_, c, _ := startControlled(t, "--paused", "--scrub=off", "--", "sleep", "1000")
	for _, command := range []view.Command{
		{Op: view.Inject, Text: "flip@stack,half=mirror,seed=7"}, {Op: view.Verify}, {Op: view.Verify},
		{Op: view.Mirror, Text: "stack"}, {Op: view.Mirror, Text: "stack", On: true},
	} {
		tell(t, c, command)
	}
	s, err := c.Look(t.Context(), view.Query{Failures: true})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []view.Kind
	for _, e := range s.Failures {
		kinds = append(kinds, e.Kind)
	}
	if want := []view.Kind{view.EventInjected, view.EventDetected, view.EventMasked}; !slices.Equal(kinds, want) {
		t.Errorf("%v, not %v", kinds, want)
	}
}
