package ui

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// again: what finish leads to depends on where the program was paused.
const again = "(finished, or on its way)"

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
	header := func(want string) {
		t.Helper()
		limit := time.Now().Add(60 * time.Second)
		screen := ""
		for time.Now().Before(limit) {
			screen = tmux("capture-pane", "-p")
			first, _, _ := strings.Cut(screen, "\n")
			if strings.Contains(first, want) || want == again && (strings.Contains(first, "finished") || strings.Contains(first, " running ")) || strings.HasSuffix(want, "?") && strings.Contains(screen, want) {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("never: %s\n%s", want, screen)
	}
	header(" paused ")
	for _, k := range []struct{ key, want string }{
		{"F11", "step"}, {"F10", "step"}, {"F5", " running "}, {"F6", "paused  paused"}, {"S-F11", again},
		{"C-S-F5", "kill the program and start it again?"}, {"y", " paused "}, {"S-F5", "kill the program?"}, {"y", "SIGKILL"},
		{"C-S-F5", " paused "}, {"q", "leave sh?"},
	} {
		tmux("send-keys", k.key)
		header(k.want)
	}
	tmux("send-keys", "k")
}
