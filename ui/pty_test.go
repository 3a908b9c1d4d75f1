package ui

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// kmvBinary is kmv: KMV_BINARY, or built for the tests.
var kmvBinary = sync.OnceValues(func() (string, error) {
	if b := os.Getenv("KMV_BINARY"); b != "" {
		return b, nil
	}
	dir, err := os.MkdirTemp("", "kmv-ui-test-")
	if err != nil {
		return "", err
	}
	b := filepath.Join(dir, "kmv")
	build := exec.Command("go", "build", "-o", b, "kmv")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return b, nil
})

// seat is a person at a terminal with kmv in it.
type seat struct {
	t    *testing.T
	cmd  *exec.Cmd
	tty  *os.File
	w, h int
	mu   sync.Mutex
	emu  *vt.Emulator
	raw  []byte // all output
	news chan struct{}
	gone chan struct{} // closed when kmv has left and all that it wrote was read
	over chan struct{} // closed when nothing reads the terminal any more
	code int           // kmv's exit status, once it is gone
}

// sit starts kmv with arguments in a terminal.
func sit(t *testing.T, w, h int, args ...string) *seat {
	t.Helper()
	kmv, err := kmvBinary()
	if err != nil {
		t.Fatal(err)
	}
	s := &seat{t: t, w: w, h: h, emu: vt.NewEmulator(w, h), news: make(chan struct{}, 1), gone: make(chan struct{}), over: make(chan struct{})}
	// A terminal whose first process ends is hung up, and may lose what was written last: so that is a shell, as at home.
	s.cmd = exec.Command("sh", append([]string{"-c", `"$@"; printf '\033]777;left %d\007' $?; read x`, "sh", kmv}, args...)...)
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor", "XDG_CONFIG_HOME="+t.TempDir())
	s.tty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Cols: uint16(w), Rows: uint16(h)})
	if err != nil {
		t.Fatal(err)
	}
	go s.read()
	go io.Copy(s.tty, s.emu) // a terminal answers questions
	t.Cleanup(func() {
		for _, kmv := range children(s.cmd.Process.Pid) {
			for _, run := range children(kmv.Pid) { // a run outlives its screen, but not its test
				defer run.Kill()
			}
			kmv.Kill()
		}
		s.cmd.Process.Kill()
		s.tty.Close()
		<-s.over
		s.emu.Close()
	})
	return s
}

// children are the processes that a process has started (proc(5), children).
func children(pid int) (out []*os.Process) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		data, _ := os.ReadFile(file)
		for _, f := range strings.Fields(string(data)) {
			if n, err := strconv.Atoi(f); err == nil {
				if p, err := os.FindProcess(n); err == nil {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

var goodbye = regexp.MustCompile("\x1b\\]777;left ([0-9]+)\x07")

func (s *seat) read() {
	defer close(s.over)
	left := sync.OnceFunc(func() { close(s.gone) })
	defer left()
	buf := make([]byte, 64<<10)
	for {
		n, err := s.tty.Read(buf)
		s.mu.Lock()
		s.emu.Write(buf[:n])
		s.raw = append(s.raw, buf[:n]...)
		if m := goodbye.FindSubmatch(s.raw[max(len(s.raw)-n-32, 0):]); m != nil {
			s.code, _ = strconv.Atoi(string(m[1]))
			left()
		}
		s.mu.Unlock()
		notify(s.news)
		if err != nil {
			s.cmd.Wait()
			return
		}
	}
}

// screen is what can be read.
func (s *seat) screen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for y := range s.h {
		var line strings.Builder
		for x := range s.w {
			if c := s.emu.CellAt(x, y); c != nil && c.Content != "" {
				line.WriteString(c.Content)
			} else if c == nil || c.Width > 0 {
				line.WriteByte(' ')
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// until waits until the screen is as it should be.
func (s *seat) until(what string, ok func(screen string) bool) {
	s.t.Helper()
	limit := time.After(60 * time.Second)
	for !ok(s.screen()) {
		select {
		case <-s.news:
		case <-limit:
			s.t.Fatalf("never: %s\n%s", what, s.screen())
		case <-s.gone:
			if ok(s.screen()) {
				return
			}
			s.t.Fatalf("kmv left before: %s\n%s", what, s.screen())
		}
	}
}

// sees waits for texts.
func (s *seat) sees(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.until(text, func(screen string) bool { return strings.Contains(screen, text) })
	}
}

// says waits for texts in the first line.
func (s *seat) says(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.until("in the header: "+text, func(screen string) bool {
			line, _, _ := strings.Cut(screen, "\n")
			return strings.Contains(line, text)
		})
	}
}

func (s *seat) keys(text string) {
	s.t.Helper()
	if _, err := s.tty.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *seat) resize(w, h int) {
	s.mu.Lock()
	s.w, s.h = w, h
	s.emu.Resize(w, h)
	s.mu.Unlock()
	pty.Setsize(s.tty, &pty.Winsize{Cols: uint16(w), Rows: uint16(h)})
}

// leaves waits until kmv has ended, and wants its terminal as it was.
func (s *seat) leaves() string {
	s.t.Helper()
	select {
	case <-s.gone:
	case <-time.After(30 * time.Second):
		s.t.Fatalf("kmv does not end\n%s", s.screen())
	}
	s.mu.Lock()
	alt := s.emu.IsAltScreen()
	s.mu.Unlock()
	if alt {
		s.t.Error("the terminal is left in the alternate screen")
	}
	return s.screen()
}

// goesOn lets the program run; stops that other threads had made before are gone through.
func (s *seat) goesOn() {
	s.t.Helper()
	last := ""
	s.until("it runs", func(screen string) bool {
		header, _, _ := strings.Cut(screen, "\n")
		if strings.Contains(header, " paused ") && header != last {
			last = header
			s.keys("c")
		}
		return strings.Contains(header, " running ")
	})
}

// closes closes a window.
func (s *seat) closes() {
	s.t.Helper()
	s.sees("(Esc closes)")
	s.keys(escape)
	s.until("the window is closed", func(screen string) bool { return !strings.Contains(screen, "(Esc closes)") })
}

// kills quits and kills the program.
func (s *seat) kills() {
	s.t.Helper()
	s.keys("q")
	s.sees("kill the program, with its children")
	s.keys("k")
	s.leaves()
	if code := s.code; code != 0 {
		s.t.Errorf("status %d\n%s", code, s.screen())
	}
}

func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skip(program + " is not installed")
	}
	return path
}

const (
	ctrlC, ctrlBracket, enter, escape = "\x03", "\x1d", "\r", "\x1b"
	f5, f6, f9, f10, f11              = "\x1b[15~", "\x1b[17~", "\x1b[20~", "\x1b[21~", "\x1b[23~"
	shiftF5, ctrlShiftF5, shiftF11    = "\x1b[15;2~", "\x1b[15;6~", "\x1b[23;2~"
)

func TestSqlite(t *testing.T) {
	t.Parallel()
	s := sit(t, 200, 60, "tui", "--", need(t, "sqlite3"), ":memory:")
	s.says("paused", "sqlite3")
	s.keys("s")
	s.says("step")
	s.keys("iiiobm}{")
	s.says("store of")
	s.keys("c")
	s.says("running")
	s.sees("sqlite>")
	s.keys(ctrlBracket + "create table t(a); insert into t values(6),(7); select sum(a)*1000+1 from t;" + enter)
	s.sees("13001")
	s.keys(ctrlBracket + ctrlC)
	s.says("paused")
	s.keys("=")
	s.sees("every byte equals its copy")
	s.keys(":p/x 6*7" + enter)
	s.sees("6*7 = 0x2a")
	s.keys(":info ranges" + enter)
	s.sees("mirrored")
	s.closes()
	s.keys("?")
	s.sees("what works now")
	s.closes()
	s.kills()
}

func TestPython(t *testing.T) {
	t.Parallel()
	script := t.TempDir() + "/flood.py"
	write(t, script, "import sys\nfor i in range(60000):\n    sys.stdout.write('\\x1b[%dm%d\\x1b[%d;%dH line %d\\n' % (31 + i % 7, i, i % 40, i % 90, i))\nprint('\\x1b[0m\\x1b[2J\\x1b[Hthe flood is over')\n")
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		python = need(t, "python3")
	}
	s := sit(t, 180, 50, "tui", "--", python, script)
	s.says("paused")
	s.keys("c")
	s.sees(" line ") // in the midst of it, the screen still works:
	s.keys("?")
	s.sees("what works now")
	s.closes()
	s.sees("the flood is over")
	s.says("ended")
	s.until("whole frames", func(screen string) bool { return corners(screen) == 22 })
	s.keys("q")
	s.leaves()
}

// corners counts the upper left corners of frames: two for a broken or doubled one.
func corners(screen string) int { return strings.Count(screen, "┌") + strings.Count(screen, "┘") }

func TestThreads(t *testing.T) {
	t.Parallel()
	need(t, "g++")
	dir := t.TempDir()
	write(t, dir+"/t.cc", `#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>
std::atomic<long> sum; volatile bool go = true;
__attribute__((noinline)) void work(int id) {
	while (go) {
		sum += id;
		try {
			if (sum % 7 == 0)
				throw std::runtime_error("seven");
		} catch (std::exception &) {
		}
	}
}
int main() { std::vector<std::thread> all; for (int i = 1; i <= 4; i++) all.emplace_back(work, i); getchar(); go = false; for (auto &t : all) t.join(); puts("joined"); }
`)
	if out, err := exec.Command("g++", "-g", "-O1", "-o", dir+"/t", dir+"/t.cc", "-pthread").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	s := sit(t, 200, 60, "tui", "--", dir+"/t")
	s.says("paused")
	s.keys(":break work" + enter)
	s.sees("breakpoint 1 at")
	s.keys("c")
	s.says("paused  breakpoint 1")
	s.sees("work(int)")
	s.keys(":delete all" + enter)
	s.sees("deleted")
	s.goesOn()
	s.sees("5 threads")
	s.keys(f6)
	s.says("paused")
	s.keys("n")
	s.says("paused  step")
	s.keys("=")
	s.sees("every byte equals its copy")
	s.keys("6jj" + enter + ":info stack" + enter)
	s.until("a call stack to its end", func(screen string) bool {
		return strings.Contains(screen, "clone3") || strings.Contains(screen, "main")
	})
	s.closes()
	s.keys("c" + ctrlBracket + enter)
	s.sees("joined")
	s.says("ended")
	s.keys(ctrlBracket + "q")
	s.leaves()
}

// TestRestartKeepsBreaks: a breakpoint is there in the next run too, and gaps of a run that has ended can be seen and exported.
func TestRestartKeepsBreaks(t *testing.T) {
	t.Parallel()
	s := sit(t, 200, 60, "tui", "--", need(t, "strace"), "-o", "/dev/null", "true") // ptrace is refused, which is a gap
	s.says("paused  start")
	s.keys(":break *_start" + enter)
	s.sees("breakpoint 1 ")
	s.keys(":watch *(int*)($rsp-256)" + enter)
	s.sees("watchpoint 2 ")
	for range 2 {
		s.keys(":delete 2" + enter + "c")
		s.says("ended")
		s.sees("ptrace")
		file := t.TempDir() + "/gaps.json"
		s.keys(":export gaps " + file + enter)
		s.sees("gaps written to " + file)
		if !strings.Contains(read(t, file), "ptrace") {
			t.Error("the export has no gaps")
		}
		s.keys(":restart" + enter)
		s.says("paused  start")
		s.until("the breakpoint", func(screen string) bool { return strings.Contains(screen, "*1  break") })
	}
	s.kills()
}

func TestEndings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ script, want string }{
		{"kill -SEGV $$", "SIGSEGV"},
		{"exit 7", "7"},
		{"(exit 3) & wait; echo the children are home; exit 5", "5"},
	} {
		s := sit(t, 160, 45, "tui", "--", need(t, "sh"), "-c", c.script)
		s.says("paused")
		s.keys("c")
		s.says("ended")
		s.sees(c.want)
		if strings.Contains(c.script, "children") {
			s.sees("the children are home", "forked")
		}
		s.keys(ctrlShiftF5)
		s.says("paused")
		s.kills()
	}
}

// TestScreenDies: when the screen is killed the program runs on, and another screen finds it.
func TestScreenDies(t *testing.T) {
	t.Parallel()
	s := sit(t, 120, 40, "tui", "--", need(t, "sh"), "-c", "echo ready; read x; echo got $x")
	s.says("paused")
	s.keys("c")
	s.sees("ready")
	s.keys("q")
	s.sees("detach")
	s.keys("d")
	after := s.leaves()
	_, pid, ok := strings.Cut(after, "--connect ")
	if !ok {
		t.Fatalf("nothing says how to come back:\n%s", after)
	}
	pid = strings.Fields(pid)[0]
	if n, err := strconv.Atoi(pid); err == nil {
		if run, err := os.FindProcess(n); err == nil {
			t.Cleanup(func() { run.Kill() })
		}
	}
	s = sit(t, 120, 40, "tui", "--connect", pid)
	s.says("running")
	for _, kmv := range children(s.cmd.Process.Pid) {
		kmv.Kill()
	}
	<-s.gone
	s = sit(t, 100, 30, "tui", "--connect", pid)
	s.says("running")
	s.sees("ready") // what the program printed before is not lost
	s.keys("0apples" + enter)
	s.sees("got apples")
	s.says("ended")
	s.keys(ctrlBracket + "q")
	s.leaves()
}

func TestResizeStorm(t *testing.T) {
	t.Parallel()
	s := sit(t, 200, 60, "tui", "--", need(t, "sh"), "-c", "while :; do echo busy; done")
	s.says("paused")
	s.keys("c")
	s.says(" running ")
	for i := range 60 {
		s.resize(40+(i*37)%200, 10+(i*23)%60)
		s.keys("\t")
	}
	s.resize(50, 12)
	s.sees("kmv needs 60x15, this is 50x12")
	s.resize(160, 48)
	s.says("running")
	s.keys(ctrlC)
	s.says("paused")
	s.until("whole frames", func(screen string) bool { return corners(screen) == 22 })
	s.kills()
}

// TestEveryKey presses all keys of the table on a real run: whatever state they meet, the screen stays.
func TestEveryKey(t *testing.T) {
	t.Parallel()
	s := sit(t, 200, 60, "tui", "--", need(t, "sh"), "-c", "while :; do echo busy; done")
	s.says("paused")
	codes := map[string]string{"space": " ", "enter": enter, "esc": escape, "tab": "\t", "shift+tab": "\x1b[Z", "up": "\x1b[A", "down": "\x1b[B", "left": "\x1b[D", "right": "\x1b[C",
		"pgup": "\x1b[5~", "pgdown": "\x1b[6~", "home": "\x1b[H", "end": "\x1b[F", "delete": "\x1b[3~", "f1": "\x1bOP", "f5": f5, "f6": f6, "f9": f9, "f10": f10, "f11": f11,
		"shift+f5": shiftF5, "ctrl+shift+f5": ctrlShiftF5, "shift+f11": shiftF11, "g g": "gg"}
	for _, a := range Table {
		for _, k := range a.Keys {
			if k == "0" || k == "ctrl+]" {
				continue // they give the keys to the program; TestSqlite and TestScreenDies press them
			}
			code, ok := codes[k]
			if c, ctrl := strings.CutPrefix(k, "ctrl+"); !ok && ctrl {
				code, ok = string(c[0]&0x1f), true
			}
			if !ok {
				code = k
			}
			for _, id := range []string{"1", "3"} { // a pair, and a list
				s.keys(id + code)
				s.until(k+" is answered", func(screen string) bool { return strings.Contains(screen, "kmv sh") && corners(screen) >= 2 })
				s.keys(ctrlC) // closes whatever was opened
			}
		}
	}
	s.keys(ctrlC + ctrlC + f6)
	s.keys("_:palette-is-no-command" + enter)
	s.sees("is not a command")
	// Answers come in their order: once this one is there, no window of an earlier one opens and takes a key.
	for !strings.Contains(s.screen(), "9999") {
		s.keys(ctrlC + ":p 1111*9" + enter)
		s.until("an answer", func(screen string) bool {
			return strings.Contains(screen, "9999") || strings.Contains(screen, "(Esc closes)")
		})
	}
	s.keys(ctrlC)
	s.kills()
}
