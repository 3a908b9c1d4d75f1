package programs

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kmv/engine"
)

// TestProcessReports compares the parts of a tree with the whole.
func TestProcessReports(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.Command(kmvBinary, "run", "--cache", "off", "--verify", "--report", file, "--", "/bin/sh", "-c", "/bin/true; echo x | /bin/cat; /bin/false; exit 3")
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 3 || string(out) != "x\n" {
		t.Fatalf("%v, %q", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r engine.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	var calls, compared uint64
	var blocks, stops, all, threads, runs int
	status := map[string]int{}
	for i, p := range r.Processes {
		if (i == 0) != (p.Parent == 0) || i > 0 && p.Parent < r.Processes[0].Pid || p.Exit.Code == nil || p.WallSeconds <= 0 || p.Gaps == nil {
			t.Fatalf("process %d: %+v", i, p)
		}
		status[filepath.Base(p.Program)] = *p.Exit.Code
		calls, compared, blocks = calls+p.Syscalls.Total, compared+p.Verify.BytesCompared, blocks+p.Translation.Blocks
		threads, runs = threads+p.Threads, runs+p.Verify.Runs
		for _, n := range p.Translation.Stops {
			stops += n
		}
	}
	for _, n := range r.Translation.Stops {
		all += n
	}
	if calls != r.Syscalls.Total || compared != r.Verify.BytesCompared || blocks != r.Translation.Blocks || stops != all ||
		threads != r.Threads || runs != r.Verify.Runs {
		t.Errorf("the processes do not add up to the tree: %s", data)
	}
	if status["true"] != 0 || status["false"] != 1 || status["cat"] != 0 || len(r.Processes) < 4 {
		t.Errorf("%v of %d processes", status, len(r.Processes))
	}
}

// TestSummary asks a run for its processes with SIGUSR1.
func TestSummary(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(kmvBinary, "run", "--", "/bin/sh", "-c", "echo ready; cat; echo done")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := cmd.StdoutPipe()
	said, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(said)
	text := ""
	for !strings.Contains(text, "processes live") {
		line, err := lines.ReadString('\n')
		if text += line; err != nil {
			t.Fatalf("%q %v", text, err)
		}
	}
	if !strings.Contains(text, "PID") || !strings.Contains(text, "/usr/bin/dash") && !strings.Contains(text, "/bin/sh") {
		t.Errorf("%q", text)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
