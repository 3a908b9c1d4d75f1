package programs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
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

// outcome is where everything that can be seen of a run was kept: 50 MB of output are not for memory.
type outcome struct {
	steps []stepOutcome
	tree  string // the directory that the steps worked in
}

type stepOutcome struct{ stdout, stderr, status string } // files, files, and text

// testEnv is the environment of every run: nothing that differs between machines or runs, and no debuginfod.
var testEnv = []string{
	"PATH=/usr/local/bin:/usr/local/go/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/nonexistent", "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
	"TZ=UTC", "TERM=xterm", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PERL_HASH_SEED=0", "DEBUGINFOD_URLS=",
}

// compare runs a job both ways in a directory of the same name, and fails with the first difference.
func compare(t *testing.T, j job) {
	t.Helper()
	base := workDir(t)
	native := j.do(t, base, "native", nil)
	for i, s := range native.steps {
		if s.status == "exit status 99" { // a guest's check failed
			t.Fatalf("%v is broken natively: see %s", j.steps[i], s.stdout)
		}
	}
	j.under(t, base, "kmv", native)
	if twice {
		if err := os.RemoveAll(filepath.Join(base, "work")); err != nil {
			t.Fatal(err)
		}
		j.under(t, base, "kmv-again", native)
	}
}

// under runs a job under kmv and compares it with the native run.
func (j *job) under(t *testing.T, base, kind string, native outcome) {
	t.Helper()
	kmv := j.do(t, base, kind, j.command(base))
	for i := range j.steps {
		n, k := native.steps[i], kmv.steps[i]
		where := fmt.Sprintf("%s (%s)\n  again: %s", strings.Join(j.steps[i], " "), kind, j.again(base, i))
		different(t, where, "status", n.status, k.status)
		differentFiles(t, where, "standard output", n.stdout, k.stdout)
		differentFiles(t, where, "standard error", n.stderr, k.stderr)
		j.checkReport(t, where, reportFile(base, i))
	}
	differentTrees(t, native.tree, kmv.tree, j.ignore)
}

// command is the prefix that puts step i under kmv.
func (j *job) command(base string) func(i int) []string {
	return func(i int) []string {
		cmd := []string{kmvBinary, "run", verifyOption, "--report", reportFile(base, i)}
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

// do runs all steps in base/work, so that both runs see the same name; the native one's files are moved away after it.
func (j *job) do(t *testing.T, base, kind string, prefix func(int) []string) outcome {
	t.Helper()
	work := filepath.Join(base, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	if j.setup != "" {
		cmd := exec.Command("/bin/sh", "-e", "-c", j.setup)
		cmd.Dir, cmd.Env = work, append(os.Environ(), "LC_ALL=C.UTF-8") // the tools of whoever tests
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("setup: %v\n%s", err, out)
		}
	}
	o := outcome{tree: work}
	for i := range j.steps {
		argv := j.steps[i]
		if prefix != nil {
			argv = append(prefix(i), argv...)
		}
		out := stepOutcome{stdout: fmt.Sprintf("%s/%s.out%d", base, kind, i), stderr: fmt.Sprintf("%s/%s.err%d", base, kind, i)}
		j.step(t, work, argv, i, &out)
		o.steps = append(o.steps, out)
	}
	if prefix == nil {
		o.tree = filepath.Join(base, kind)
		if err := os.Rename(work, o.tree); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// step runs one command to its end. A hung one is killed with everything in its process group, and says so.
func (j *job) step(t *testing.T, work string, argv []string, i int, o *stepOutcome) {
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
	out, err1 := os.Create(o.stdout)
	errs, err2 := os.Create(o.stderr)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	err := cmd.Run()
	o.status = "exit status 0"
	switch {
	case ctx.Err() != nil:
		o.status = "still running after " + limit.String()
	case err != nil:
		o.status = strings.TrimSuffix(err.Error(), " (core dumped)") // kmv itself leaves no core file
	}
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

// differentTrees compares names, kinds, modes, links and contents of everything in two directories.
func differentTrees(t *testing.T, native, kmv string, ignore []string) {
	t.Helper()
	n, k := listTree(t, native), listTree(t, kmv)
	for _, name := range slices.Sorted(maps.Keys(n)) {
		if slices.Contains(ignore, name) {
			continue
		}
		where := "file " + name + " in " + kmv
		different(t, where, "kind", n[name], k[name])
		if strings.HasPrefix(n[name], "-") && n[name] == k[name] {
			differentFiles(t, where, "content", filepath.Join(native, name), filepath.Join(kmv, name))
		}
	}
	for name := range k {
		if _, ok := n[name]; !ok && !slices.Contains(ignore, name) {
			t.Errorf("file %s in %s is not there natively", name, kmv)
		}
	}
}

// listTree is everything under a directory: the mode, or the link's target.
func listTree(t *testing.T, dir string) map[string]string {
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
		files[name] = info.Mode().String()
		if d.Type()&fs.ModeSymlink != 0 {
			files[name], err = os.Readlink(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// differentFiles reports the first place where two files differ, reading no more of them than it must.
func differentFiles(t *testing.T, where, what, native, kmv string) {
	t.Helper()
	n, err1 := os.Open(native)
	k, err2 := os.Open(kmv)
	if err := errors.Join(err1, err2); err != nil {
		t.Errorf("%s\n  %s: %v", where, what, err)
		return
	}
	defer n.Close()
	defer k.Close()
	const piece = 1 << 20
	a, b := make([]byte, piece), make([]byte, piece)
	for at := 0; ; at += piece {
		na, _ := io.ReadFull(n, a)
		nb, _ := io.ReadFull(k, b)
		if !bytes.Equal(a[:na], b[:nb]) {
			different(t, where, fmt.Sprintf("%s (from byte %d on)", what, at), string(a[:na]), string(b[:nb]))
			return
		}
		if na < piece {
			return
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
