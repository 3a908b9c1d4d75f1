package programs

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"kmv/engine"
)

// patience is how long a test waits for something that comes at once natively.
const patience = 60 * time.Second

// partner is a program that a test talks to: natively, or under kmv.
type partner struct {
	t      *testing.T
	cmd    *exec.Cmd
	report string // "" natively
	tty    *os.File
	done   chan struct{} // closed when it has ended

	mu   sync.Mutex
	seen bytes.Buffer // what came from the terminal
}

// start runs a program in dir; with a terminal of 80x24 if asked for.
func start(t *testing.T, kmv bool, dir string, terminal bool, argv ...string) *partner {
	t.Helper()
	p := &partner{t: t, done: make(chan struct{})}
	argv[0] = lookPath(argv[0])
	if kmv {
		p.report = filepath.Join(dir, "report.json")
		argv = append([]string{kmvBinary, "run", "--verify", "--report", p.report, "--"}, argv...)
	}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Dir, p.cmd.Env = dir, append(slices.Clone(testEnv), "TMUX_TMPDIR="+dir)
	if terminal {
		tty, err := pty.StartWithSize(p.cmd, &pty.Winsize{Rows: 24, Cols: 80})
		if err != nil {
			t.Fatal(err)
		}
		p.tty = tty
		go p.listen()
	} else if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.end)
	return p
}

// end makes sure that nothing is left running.
func (p *partner) end() {
	select {
	case <-p.done:
	default:
		p.cmd.Process.Kill()
		<-p.done
	}
	if p.tty != nil {
		p.tty.Close()
	}
}

func (p *partner) listen() {
	buf := make([]byte, 4096)
	for {
		n, err := p.tty.Read(buf)
		p.mu.Lock()
		p.seen.Write(buf[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// typed sends keys to the terminal.
func (p *partner) typed(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.tty, keys); err != nil {
		p.t.Fatal(err)
	}
}

// insist types until the terminal has shown a text.
func (p *partner) insist(keys, text string) {
	p.t.Helper()
	var last time.Time
	eventually(p.t, "the terminal shows "+text, func() bool {
		if time.Since(last) > time.Second/2 {
			p.typed(keys)
			last = time.Now()
		}
		return p.shows(text)
	}, p.screen)
}

// expect waits until the terminal has shown a text.
func (p *partner) expect(text string) {
	p.t.Helper()
	eventually(p.t, "the terminal shows "+text, func() bool { return p.shows(text) }, p.screen)
}

// shows says whether a text has come, and forgets everything up to it.
func (p *partner) shows(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := bytes.Index(p.seen.Bytes(), []byte(text))
	if at >= 0 {
		p.seen.Next(at + len(text))
	}
	return at >= 0
}

// screen is what has come and was not waited for.
func (p *partner) screen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.String()
}

// status waits for the end.
func (p *partner) status() string {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.String()
	case <-time.After(patience):
		p.t.Fatalf("%v still runs\n%s", p.cmd.Args, p.stacks())
		return ""
	}
}

// stacks ends what hangs, and is what it then says of itself: a Go program shows its goroutines.
func (p *partner) stacks() string {
	p.cmd.Process.Signal(syscall.SIGABRT)
	<-p.done
	return p.screen()
}

// check holds the report of a run under kmv to its promises.
func (p *partner) check(gaps ...string) {
	p.t.Helper()
	if p.report == "" {
		return
	}
	data, err := os.ReadFile(p.report)
	if err != nil {
		p.t.Fatal(err)
	}
	var r engine.Report
	if err := json.Unmarshal(data, &r); err != nil {
		p.t.Fatal(err)
	}
	checkReport(p.t, strings.Join(p.cmd.Args, " "), &r, gaps, nil)
}

// eventually polls; the explanation says what was there instead.
func eventually(t *testing.T, what string, ok func() bool, instead func() string) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited %v until %s; instead: %q", patience, what, instead())
		}
	}
}

// output runs a helper program natively to its end.
func output(t *testing.T, dir string, argv ...string) string {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(slices.Clone(testEnv), "TMUX_TMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out) + err.Error() + "\n"
	}
	return string(out)
}

// bothWays runs a conversation natively and under kmv; what it returns must be equal.
func bothWays(t *testing.T, talk func(t *testing.T, kmv bool, dir string) string) {
	t.Helper()
	native := talk(t, false, t.TempDir())
	kmv := talk(t, true, t.TempDir())
	different(t, "the conversation", "what was said", native, kmv)
}

// alive says whether a process exists and is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && syscall.Kill(pid, 0) == nil
}
