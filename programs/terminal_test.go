package programs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestVim edits a file in a terminal.
func TestVim(t *testing.T) {
	require(t, need{"vim", "vim"})
	t.Parallel()
	bothWays(t, func(t *testing.T, kmv bool, dir string) string {
		var text strings.Builder
		for i := range 2000 {
			text.WriteString("line " + itoa(i) + " foo bar\n")
		}
		if err := os.WriteFile(filepath.Join(dir, "text"), []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		vim := start(t, kmv, dir, true, "vim", "-u", "NONE", "-i", "NONE", "-n", "-N", "text")
		vim.expect("line 0 foo")
		vim.typed(":%s/foo/replaced/g\r")
		vim.expect("2000 substitutions")
		vim.typed("Goappended by hand\x1b")
		vim.expect("appended by hand")
		vim.typed("ggdd5Jyyp:set undolevels?\r")
		vim.expect("undolevels")
		vim.typed(":g/9$/m0\ru:sort! n\r:3,9>\r:w! out\r")
		vim.expect("written")
		vim.typed(":syntax on\r:echo 6*7\r")
		vim.expect("42")
		vim.typed(":q!\r")
		said := vim.status()
		vim.check()
		out, err := os.ReadFile(filepath.Join(dir, "out"))
		if err != nil {
			t.Error(err)
		}
		return said + "\n" + string(out)
	})
}

// TestJobControl stops a program with ^Z in a shell, continues it with fg, and ends it with ^C.
func TestJobControl(t *testing.T) {
	t.Parallel()
	command := map[bool]string{false: "cat", true: kmvBinary + " run --verify --report report.json -- cat"}
	for _, kmv := range []bool{false, true} {
		dir := t.TempDir()
		shell := start(t, false, dir, true, "bash", "--norc", "-i")
		shell.typed("PS1='ready'\\>\r")
		shell.expect("ready>")
		shell.typed(command[kmv] + "\r")
		shell.expect("\n")
		shell.typed("first\r")
		shell.expect("first\r\nfirst")
		shell.typed("\x1a")
		shell.expect("Stopped")
		shell.expect("ready>")
		shell.typed("jobs\r")
		shell.expect("Stopped")
		shell.typed("fg\r")
		shell.expect("cat\r\n")
		shell.insist("second\r", "second\r\nsecond") // the shell gives the terminal away after its message
		shell.typed("\x03")
		shell.expect("ready>")
		shell.typed("echo status=$?\r")
		shell.expect("status=130")
		shell.typed("exit 0\r")
		if s := shell.status(); s != "exit status 0" {
			t.Errorf("the shell ended with %s", s)
		}
	}
}

// TestInterruptKmv presses ^C, which kmv and its program both get, and interrupts kmv alone, which hands it on: the program sees each
// exactly once.
func TestInterruptKmv(t *testing.T) {
	t.Parallel()
	require(t, python)
	script := `
import os, select, signal
n = 0
def caught(sig, frame):
    global n
    n += 1
    os.write(1, b"int %d\n" % n)
r, w = os.pipe() # else a signal just before read is handled after it
os.set_blocking(w, False)
signal.set_wakeup_fd(w)
signal.signal(signal.SIGINT, caught)
os.write(1, b"ready\n")
while True:
    ready, _, _ = select.select([0, r], [], [])
    if r in ready:
        os.read(r, 1)
    if 0 in ready:
        line = os.read(0, 1000)
        if not line:
            break
        os.write(1, b"got %s %d\n" % (line.strip(), n))
`
	p := start(t, true, t.TempDir(), true, "/usr/bin/python3", "-c", script)
	p.expect("ready")
	for i := 1; i <= 6; i++ {
		if i%3 == 0 {
			p.cmd.Process.Signal(syscall.SIGINT)
		} else {
			p.typed("\x03")
		}
		p.expect(fmt.Sprintf("int %d", i))
		p.typed(fmt.Sprintf("line%d\r", i))
		p.expect(fmt.Sprintf("got line%d %d", i, i))
	}
	p.typed("\x04")
	if s := p.status(); s != "exit status 0" {
		t.Errorf("the program ended with %s", s)
	}
}

// TestNoOrphan kills kmv in ways that it cannot prepare for; its program must not stay behind.
func TestNoOrphan(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP} {
		p := start(t, true, t.TempDir(), true, "cat")
		p.typed("here\r")
		p.expect("here\r\nhere")
		child := 0
		eventually(t, "kmv has a child", func() bool {
			child = childOf(p.cmd.Process.Pid)
			return child != 0
		}, func() string { return "none" })
		p.cmd.Process.Signal(sig)
		p.status()
		eventually(t, "the program is gone after "+sig.String(), func() bool { return !alive(child) }, func() string { return "it is alive" })
	}
}

// childOf is a child process of pid, or 0.
func childOf(pid int) int {
	files, _ := filepath.Glob("/proc/" + itoa(pid) + "/task/*/children")
	for _, f := range files {
		data, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(data)) {
			n, _ := strconv.Atoi(word)
			return n
		}
	}
	return 0
}
