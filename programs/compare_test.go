package programs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kmv/engine"
)

// job is what is run twice: natively, and under kmv.
type job struct {
	steps   [][]string    // command lines, one after the other in one directory
	stdin   []string      // input file of each step, if any; else empty input
	setup   string        // shell script that fills the directory before, natively
	env     []string      // besides testEnv
	flags   []string      // of kmv run
	gaps    []string      // kinds of gaps that the report may have
	ignore  []string      // names of files that need not be equal
	timeout time.Duration // of each step under kmv
}

// outcome is everything that can be seen of a run.
type outcome struct {
	steps []stepOutcome
	files map[string]string
}

type stepOutcome struct{ stdout, stderr, status string }

// testEnv is the environment of every run: nothing that differs between machines or runs, and no debuginfod.
var testEnv = []string{
	"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/nonexistent", "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
	"TZ=UTC", "TERM=xterm", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PERL_HASH_SEED=0", "DEBUGINFOD_URLS=",
}

// compare runs a job both ways in a directory of the same name, and fails with the first difference.
func compare(t *testing.T, j job) {
	t.Helper()
	base := workDir(t)
	native := j.do(t, base, "native", nil)
	for i, s := range native.steps {
		if s.status == "exit status 99" || strings.Contains(s.stdout, "FAILED line") {
			t.Fatalf("%v is broken natively: %s\n%s", j.steps[i], s.status, s.stdout)
		}
	}
	kmv := j.do(t, base, "kmv", j.command(base))
	for i := range j.steps {
		n, k := native.steps[i], kmv.steps[i]
		where := fmt.Sprintf("%s\n  again: %s", strings.Join(j.steps[i], " "), j.again(base, i))
		different(t, where, "status", n.status, k.status)
		different(t, where, "standard output", n.stdout, k.stdout)
		different(t, where, "standard error", n.stderr, k.stderr)
		j.checkReport(t, where, reportFile(base, i))
	}
	for _, name := range slices.Sorted(mapKeys(native.files, kmv.files)) {
		if !slices.Contains(j.ignore, name) {
			different(t, "file "+name+" in "+base, "contents", native.files[name], kmv.files[name])
		}
	}
}

// command is the prefix that puts step i under kmv.
func (j *job) command(base string) func(i int) []string {
	return func(i int) []string {
		cmd := []string{kmvBinary, "run", "--verify", "--report", reportFile(base, i)}
		return append(append(cmd, j.flags...), "--")
	}
}

func reportFile(base string, i int) string {
	return filepath.Join(base, fmt.Sprintf("report%d.json", i))
}

// again is the shell command that repeats step i under kmv, in the directory that a failure leaves behind.
func (j *job) again(base string, i int) string {
	words := append([]string{"env", "-i"}, append(slices.Clone(testEnv), j.env...)...)
	words = append(words, "kmv", "run", "--verify", "--report", "-")
	words = append(append(append(words, j.flags...), "--"), j.steps[i]...)
	for k, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\n*?[]{}()<>|&;$`\"'\\#~") {
			words[k] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	input := "/dev/null"
	if i < len(j.stdin) && j.stdin[i] != "" {
		input = j.stdin[i]
	}
	return "cd " + base + "/work && " + strings.Join(words, " ") + " < " + input
}

// workDir is a directory that survives a failed test.
func workDir(t *testing.T) string {
	base, err := os.MkdirTemp("", "kmv-"+strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(base)
		}
	})
	return base
}

// do runs all steps in base/work, which is left as base/work for the kmv run and read back for both.
func (j *job) do(t *testing.T, base, kind string, prefix func(int) []string) outcome {
	t.Helper()
	work := filepath.Join(base, "work")
	if err := errors.Join(os.RemoveAll(work), os.Mkdir(work, 0o755)); err != nil {
		t.Fatal(err)
	}
	if j.setup != "" {
		cmd := exec.Command("/bin/sh", "-e", "-c", j.setup)
		cmd.Dir, cmd.Env = work, append(os.Environ(), "LC_ALL=C.UTF-8") // the tools of whoever tests
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("setup: %v\n%s", err, out)
		}
	}
	var o outcome
	for i := range j.steps {
		argv := j.steps[i]
		if prefix != nil {
			argv = append(prefix(i), argv...)
		}
		o.steps = append(o.steps, j.step(t, work, argv, i))
	}
	o.files = readTree(t, work)
	return o
}

// step runs one command to its end. A hung one is killed with everything in its process group, and says so.
func (j *job) step(t *testing.T, work string, argv []string, i int) stepOutcome {
	t.Helper()
	limit := j.timeout
	if limit == 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Path = lookPath(argv[0])
	cmd.Err = nil
	cmd.Dir, cmd.Env = work, append(slices.Clone(testEnv), j.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if i < len(j.stdin) && j.stdin[i] != "" {
		in, err := os.Open(filepath.Join(work, j.stdin[i]))
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		cmd.Stdin = in
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	status := "exit status 0"
	switch {
	case ctx.Err() != nil:
		status = "still running after " + limit.String()
	case err != nil:
		status = err.Error()
	}
	status = strings.TrimSuffix(status, " (core dumped)") // kmv itself leaves no core file
	return stepOutcome{out.String(), errs.String(), status}
}

// lookPath finds a program in testEnv's PATH, which is what it will itself see.
func lookPath(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	for _, dir := range strings.Split(strings.TrimPrefix(testEnv[0], "PATH="), ":") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return name
}

// readTree is every file under a directory: mode and contents, or the link's target.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			files[name] = "link to " + target
			return err
		case d.Type().IsRegular():
			data, err := os.ReadFile(path)
			files[name] = fmt.Sprintf("%v\n%s", info.Mode(), data)
			return err
		}
		files[name] = info.Mode().String()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func mapKeys(maps ...map[string]string) func(yield func(string) bool) {
	all := map[string]bool{}
	for _, m := range maps {
		for k := range m {
			all[k] = true
		}
	}
	return func(yield func(string) bool) {
		for k := range all {
			if !yield(k) {
				return
			}
		}
	}
}

// different reports the first place where two texts differ, with what stands around it.
func different(t *testing.T, where, what, native, kmv string) {
	t.Helper()
	if native == kmv {
		return
	}
	at := 0
	for at < len(native) && at < len(kmv) && native[at] == kmv[at] {
		at++
	}
	line := 1 + strings.Count(native[:at], "\n")
	t.Errorf("%s\n  %s differs at byte %d, line %d (%d and %d bytes)\n  native: %s\n  kmv:    %s",
		where, what, at, line, len(native), len(kmv), excerpt(native, at), excerpt(kmv, at))
}

func excerpt(s string, at int) string {
	from, to := max(at-60, 0), min(at+200, len(s))
	return fmt.Sprintf("%q", s[from:to])
}

// checkReport holds the report to what is promised: nothing differs, nothing is left out.
func (j *job) checkReport(t *testing.T, where, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil || len(data) == 0 {
		t.Errorf("%s\n  no report: %v", where, err)
		return
	}
	var r engine.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Errorf("%s\n  the report is no JSON: %v", where, err)
		return
	}
	checkReport(t, where, &r, j.gaps, j.flags)
}

func checkReport(t *testing.T, where string, r *engine.Report, gaps, flags []string) {
	t.Helper()
	for i, d := range r.Verify.Divergent {
		if i == 5 {
			break
		}
		t.Errorf("%s\n  divergent: %#x-%#x in %s, cause %s", where, d.Start, d.End, d.Range, d.Cause)
	}
	if r.Verify.DivergentBytes != 0 {
		t.Errorf("%s\n  %d bytes differ from their copies", where, r.Verify.DivergentBytes)
	}
	if r.Exit.Signal != int(syscall.SIGKILL) && !slices.Contains(flags, "none") && (r.Verify.Runs == 0 || r.Verify.BytesCompared == 0) {
		t.Errorf("%s\n  nothing was verified: %d runs, %d bytes", where, r.Verify.Runs, r.Verify.BytesCompared)
	}
	for _, g := range r.Gaps {
		if !slices.Contains(gaps, g.Kind) {
			t.Errorf("%s\n  gap: %s %s at %s, %d times", where, g.Kind, g.Name, g.Where, g.Count)
		}
	}
}
