package ptrace

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// TestTyped runs itself on a terminal, and tells what is typed there from what is sent.
func TestTyped(t *testing.T) {
	if os.Getenv("KMV_TYPED") != "" {
		tellOrigins()
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
		tty.WriteString("\x03")
		until("interrupt 1 typed 0 sent\r\n")
		cmd.Process.Signal(unix.SIGINT)
		until("interrupt 0 typed 1 sent\r\n")
		tty.WriteString("\x1c")
		until("quit 1 typed 0 sent\r\n")
		cmd.Process.Signal(unix.SIGQUIT)
		until("quit 0 typed 1 sent\r\n")
	}
	cmd.Process.Kill()
	cmd.Wait()
}

func tellOrigins() {
	got := make(chan os.Signal, 100)
	signal.Notify(got, unix.SIGINT, unix.SIGQUIT)
	if err := CountOrigins(unix.SIGINT, unix.SIGQUIT); err != nil {
		panic(err)
	}
	println("ready")
	for s := range got {
		typed, sent := Origins(s.(unix.Signal))
		println(s.String(), typed, "typed", sent, "sent")
	}
}
