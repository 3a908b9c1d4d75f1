package ui

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestModifiedFunctionKeys: Shift+F5, Ctrl+Shift+F5 and Shift+F11 arrive through tmux, as a terminal of its own kind sends them.
func TestModifiedFunctionKeys(t *testing.T) {
	t.Parallel()
	need(t, "tmux")
	kmv, err := kmvBinary()
	if err != nil {
		t.Fatal(err)
	}
	socket := fmt.Sprintf("%s/tmux", t.TempDir())
	tmux := func(args ...string) string {
		t.Helper()
		c := exec.Command("tmux", append([]string{"-S", socket, "-f", "/dev/null"}, args...)...)
		c.Env = append(os.Environ(), "TERM=xterm-256color")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %s: %v %s", args, err, out)
		}
		return string(out)
	}
	config := t.TempDir() + "/none.toml"
	tmux("new-session", "-d", "-x", "160", "-y", "45", kmv, "tui", "--config", config, "--", need(t, "sh"), "-c", "echo once; read x; echo $x")
	defer exec.Command("tmux", "-S", socket, "kill-server").Run()
	sees := func(what string, ok func(header, screen string) bool) {
		t.Helper()
		limit := time.Now().Add(60 * time.Second)
		screen := ""
		for time.Now().Before(limit) {
			screen = tmux("capture-pane", "-p")
			if header, _, _ := strings.Cut(screen, "\n"); ok(header, screen) {
				return
			}
			time.Sleep(20 * time.Millisecond) // tmux has no way to wait for a picture
		}
		t.Fatalf("never: %s\n%s", what, screen)
	}
	header := func(want string) {
		t.Helper()
		sees(want, func(header, _ string) bool { return strings.Contains(header, want) })
	}
	press := func(key, what string, n int) { // n times what, somewhere
		t.Helper()
		tmux("send-keys", key)
		sees(key+": "+what, func(_, screen string) bool { return strings.Count(screen, what) == n })
	}
	header("paused  start")
	press("F11", "stopped: step", 1)
	press("F10", "stopped: step", 2)
	press("F5", "│once", 1)
	header(" running ")
	press("F6", "stopped: paused", 1)
	tmux("send-keys", "S-F11") // the end of read(2)
	header(" running ")
	press("C-S-F5", "kill the program and start it again?", 1)
	tmux("send-keys", "y")
	header("paused  start")
	press("S-F5", "kill the program?", 1)
	tmux("send-keys", "y")
	header("SIGKILL")
	tmux("send-keys", "C-S-F5")
	header("paused  start")
	press("q", "leave sh?", 1)
	tmux("send-keys", "k")
	for limit := time.Now().Add(30 * time.Second); exec.Command("tmux", "-S", socket, "has-session").Run() == nil; {
		if time.Now().After(limit) {
			t.Fatal("the screen does not leave")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
