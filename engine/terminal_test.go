package engine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"testing"

	"kmv/engine/view"
)

// onTerminal runs a shell script on a terminal of 100 columns and 30 rows.
func onTerminal(t *testing.T, script string) (l *Live, await func(string)) {
	t.Helper()
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt) // or the shell inherits that it is ignored, if this test runs behind a shell's &
	defer signal.Stop(ch)
	l, err := Start(context.Background(), Options{
		Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Env: os.Environ(),
		Terminal: &Terminal{Columns: 100, Rows: 30}, VerifyAtExit: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	return l, func(want string) {
		t.Helper()
		for {
			if at := strings.Index(seen.String(), want); at >= 0 {
				seen.Next(at + len(want))
				return
			}
			ev, ok := <-l.Events()
			if !ok {
				t.Fatalf("the program printed %q, not %q", &seen, want)
			}
			if ev.Kind == view.EventOutput {
				seen.Write(ev.Data)
			}
		}
	}
}

func TestTerminal(t *testing.T) {
	l, await := onTerminal(t, `stty size; echo mine >/dev/tty; read x; echo "<$x>"; stty size; echo ready; read y; echo not interrupted`)
	await("30 100\r\n")
	await("mine\r\n")
	do(t, l, view.Command{Op: view.Resize, Columns: 120, Rows: 40})
	do(t, l, view.Command{Op: view.Input, Data: []byte("typed\r")})
	await("typed\r\n<typed>\r\n")
	await("40 120\r\nready\r\n")
	do(t, l, view.Command{Op: view.Input, Data: []byte("\x03")})
	r, err := l.Wait()
	if err != nil || r.Exit.Signal != 2 {
		t.Fatalf("%+v, %v: want SIGINT", r, err)
	}
	for range l.Events() {
	}
	if _, err := l.Do(t.Context(), view.Command{Op: view.Input, Data: []byte("x")}); !errors.Is(err, ErrEnded) {
		t.Errorf("typing behind the end: %v", err)
	}
}

// TestTerminalOutputIsWhole ends the program with much in the terminal still to be read.
func TestTerminalOutputIsWhole(t *testing.T) {
	l, await := onTerminal(t, "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; printf last")
	await("line 2999\r\nlast")
	if r, err := l.Wait(); err != nil || *r.Exit.Code != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestTerminalNotRead(t *testing.T) {
	l, await := onTerminal(t, "stty raw; echo ready; exec sleep 1000")
	await("ready")
	_, err := l.Do(t.Context(), view.Command{Op: view.Input, Data: bytes.Repeat([]byte("x\n"), 100_000)})
	if err == nil || !strings.Contains(err.Error(), "does not read") {
		t.Errorf("typing at a program that sleeps: %v", err)
	}
	if _, err := l.Do(t.Context(), view.Command{Op: view.Resize, Columns: -1, Rows: 5}); err == nil {
		t.Error("-1 columns were accepted")
	}
	look(t, l, view.Query{}) // the engine answers still
	do(t, l, view.Command{Op: view.Kill})
	if r, err := l.Wait(); err != nil || r.Exit.Signal != 9 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestNoTerminal(t *testing.T) {
	l, in, _ := startEcho(t, Options{Watched: true})
	in.Close()
	var bad *view.CommandError
	if _, err := l.Do(t.Context(), view.Command{Op: view.Input}); !errors.As(err, &bad) || bad.Hint != "start it with --pty" {
		t.Errorf("typing without a terminal: %v", err)
	}
	if _, err := l.Wait(); err != nil {
		t.Fatal(err)
	}
}
