package ptrace

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// TestTyped runs itself on a terminal: of what is typed there only what is wanted arrives, of what is sent everything.
func TestTyped(t *testing.T) {
	if os.Getenv("KMV_TYPED") != "" {
		hearTypedKeys()
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "TestTyped$")
	cmd.Env = append(os.Environ(), "KMV_TYPED=1")
	tty, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	defer time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }).Stop()
	seen := ""
	until := func(text string) {
		t.Helper()
		buf := make([]byte, 1000)
		for !strings.Contains(seen, text) {
			n, err := tty.Read(buf)
			if seen += string(buf[:n]); err != nil {
				t.Fatalf("never %q: %v\n%s", text, err, seen)
			}
		}
		seen = ""
	}
	until("ready")
	for range 20 {
		tty.WriteString("\x03\x1c")
		until("^\\")
		for it := (&Bell{cmd.Process.Pid}); it.Holds(unix.SIGINT) || it.Holds(unix.SIGQUIT); { // two that wait are one
			runtime.Gosched()
		}
		cmd.Process.Signal(unix.SIGINT)
		until("interrupt 1\r\n")
		cmd.Process.Signal(unix.SIGQUIT)
		until("quit 1\r\n")
	}
	cmd.Process.Signal(unix.SIGUSR1)
	until("hear")
	tty.WriteString("\x03")
	until("interrupt 1\r\n")
	cmd.Process.Kill()
	cmd.Wait()
}

func hearTypedKeys() {
	got := make(chan os.Signal, 100)
	signal.Notify(got, unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1)
	if err := DropTyped(unix.SIGINT, unix.SIGQUIT); err != nil {
		panic(err)
	}
	println("ready")
	for s := range got {
		if s == unix.SIGUSR1 {
			HearTyped(true)
			println("hear")
			continue
		}
		println(s.String(), 1+len(got))
	}
}
