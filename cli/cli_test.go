package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kmv/engine"
	"kmv/shadowmem"
)

// run runs a command line with a stand-in for the engine and gives what came out.
func run(t *testing.T, engineRun Runner, args ...string) (a *app, status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	a = &app{run: engineRun, out: &o, err: &e}
	status = a.main(t.Context(), args)
	return a, status, o.String(), e.String()
}

// ends is an engine whose program ends like this; what it was asked for is kept.
func ends(report engine.Report, asked *engine.Options) Runner {
	return func(_ context.Context, o engine.Options) (*engine.Report, error) {
		if asked != nil {
			*asked = o
		}
		return &report, nil
	}
}

func exited(code int) engine.Report { return engine.Report{Exit: engine.Exit{Code: &code}} }

func TestStatus(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	fails := func(err error) Runner {
		return func(context.Context, engine.Options) (*engine.Report, error) { return nil, err }
	}
	differs := exited(0)
	differs.Verify.DivergentBytes = 3
	gap := exited(0)
	gap.Gaps = []engine.Gap{{Kind: "syscall", Name: "io_uring_setup"}, {Kind: "syscall", Name: "vmsplice", Unmirrored: true}}
	refused := exited(7)
	refused.Gaps = gap.Gaps[:1]
	for _, c := range []struct {
		name   string
		run    Runner
		args   []string
		status int
		says   string // on standard error
	}{
		{"the program's status", ends(exited(42), nil), []string{"run", "true"}, 42, ""},
		{"status 255", ends(exited(255), nil), []string{"run", "--", "true"}, 255, ""},
		{"no program", nil, []string{"run"}, 125, "kmv: no program given\nhint: kmv run [flags] [--] PROG [ARG...]\n"},
		{"no such program", nil, []string{"run", "no-such-program"}, 127, "kmv: no-such-program: no such file or directory\nhint: "},
		{"no such path", nil, []string{"run", "./none"}, 127, "kmv: ./none: no such file"},
		{"not executable", nil, []string{"run", plain}, 126, "permission denied\nhint: "},
		{"a directory", nil, []string{"run", dir}, 126, "permission denied\nhint: "},
		{"through a file", nil, []string{"run", plain + "/x"}, 126, "not a directory\nhint: "},
		{"no format", fails(&engine.StartError{Path: "x", Err: syscall.ENOEXEC}), []string{"run", "true"}, 126, "hint: kmv runs x86-64 ELF"},
		{"kmv fails", fails(errors.New("ptrace: operation not permitted")), []string{"run", "true"}, 125, "kmv: ptrace: operation not permitted\nhint: "},
		{"unknown flag", nil, []string{"run", "--nonsense", "true"}, 125, "kmv: unknown flag: --nonsense\nhint: see kmv run --help\n"},
		{"unknown command", nil, []string{"walk"}, 125, "kmv: unknown command"},
		{"wrong SPEC", nil, []string{"run", "--mirror", "haep", "true"}, 125, "^^^^ is not a range of memory"},
		{"wrong duration", nil, []string{"run", "--verify=often", "true"}, 125, "neither exit nor a duration"},
		{"unwritable report", nil, []string{"run", "--report", dir + "/none/r.json", "true"}, 125, "hint: --report needs a file"},
		{"paused for ever", nil, []string{"run", "--paused", "true"}, 125, "hint: add --control auto"},
		{"an unseen terminal", nil, []string{"run", "--pty", "true"}, 125, "hint: add --control auto"},
		{"an unwritable recording", nil, []string{"run", "--record", dir + "/none/r.kmv", "true"}, 125, "hint: --record needs a file that can be written"},
		{"a recording of nothing", nil, []string{"run", "--record", dir + "/r.kmv", "no-such-program"}, 127, "no such file"},
		{"no recordings", nil, []string{"sessions", "ls", dir}, 125, "hint: kmv run --record"},
		{"no recording", nil, []string{"sessions", "show", plain}, 125, "not a recording of kmv\nhint: "},
		{"no such recording", nil, []string{"sessions", "verify", dir + "/none.kmv"}, 125, "no such file or directory\nhint: "},
		{"which export", nil, []string{"sessions", "export", plain}, 125, "at least one of the flags"},
		{"a socket that cannot be", nil, []string{"run", "--control", plain, "true"}, 125, "it is not a socket\nhint: choose another path"},
		{"strict, different", ends(differs, nil), []string{"run", "--strict", "true"}, 120, "3 mirrored bytes differ"},
		{"strict, a gap", ends(gap, nil), []string{"run", "--strict", "true"}, 120, "1 kind of writes were not mirrored, first syscall vmsplice"},
		{"strict, a refusal", ends(refused, nil), []string{"run", "--strict", "true"}, 7, ""},
		{"strict, nothing wrong", ends(exited(7), nil), []string{"run", "--strict", "true"}, 7, ""},
		{"not strict", ends(differs, nil), []string{"run", "true"}, 0, ""},
		{"no such function", nil, []string{"translate", "/bin/sh", "--func", "nonsense"}, 125, "no function"},
		{"wrong bytes", nil, []string{"translate", "--bytes", "xy"}, 125, "hint: pairs of hexadecimal digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, status, _, errs := run(t, c.run, c.args...)
			if status != c.status || !strings.Contains(errs, c.says) || c.says == "" && errs != "" {
				t.Errorf("status %d, want %d; said %q, want %q", status, c.status, errs, c.says)
			}
		})
	}
}

func TestKilled(t *testing.T) {
	a, status, _, _ := run(t, ends(engine.Report{Exit: engine.Exit{Signal: int(syscall.SIGSEGV)}}, nil), "run", "true")
	if a.killed != syscall.SIGSEGV || status != 0 {
		t.Errorf("kmv would die of %v, status %d", a.killed, status)
	}
}

func TestOptions(t *testing.T) {
	var o engine.Options
	_, _, _, errs := run(t, ends(exited(0), &o), "run", "--mirror", "none", "--no-mirror=stack", "--mirror", "heap=fenced", "-v", "--verify=100ms", "sh", "--mirror", "-v", "x")
	if errs != "" {
		t.Fatal(errs)
	}
	if o.Path != "/bin/sh" && o.Path != "/usr/bin/sh" || strings.Join(o.Argv, " ") != "sh --mirror -v x" {
		t.Errorf("path %q, arguments %q: flags end at the program", o.Path, o.Argv)
	}
	if o.VerifyEvery != 100*time.Millisecond || !o.VerifyAtExit || o.Log == nil {
		t.Errorf("options %+v", o)
	}
	var rules []string
	for _, r := range o.Policy.Rules {
		rules = append(rules, r.Spec.Text)
	}
	if strings.Join(rules, " ") != "none stack heap=fenced" || o.Policy.Rules[1].State != shadowmem.Off || o.Policy.Rules[2].State != shadowmem.Fenced {
		t.Errorf("the rules are %+v: the order of the command line counts", o.Policy.Rules)
	}
	if _, _, _, errs := run(t, ends(exited(0), &o), "run", "--verify", "true"); errs != "" || !o.VerifyAtExit || o.VerifyEvery != 0 || o.Argv[0] != "true" {
		t.Errorf("--verify without a value: %+v %s", o, errs)
	}
}

func TestReport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	if _, _, out, errs := run(t, ends(exited(3), nil), "run", "--report", file, "true"); out != "" || errs != "" {
		t.Errorf("a report in a file is silent: %q %q", out, errs)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, errs := run(t, ends(exited(3), nil), "run", "--report", "-", "true")
	for _, text := range []string{string(data), errs} {
		var r map[string]any
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		if r["version"] != Version || r["exit"].(map[string]any)["code"] != 3.0 {
			t.Errorf("report %s", text)
		}
		for _, key := range []string{"program", "argv", "wall_s", "mirror", "translation", "syscalls", "verify", "gaps", "threads"} {
			if _, ok := r[key]; !ok {
				t.Errorf("the report has no %q", key)
			}
		}
	}
}

func TestStats(t *testing.T) {
	r := exited(0)
	r.Translation = engine.TranslationStats{Blocks: 12, Stores: 1, StoresMirrored: 1, Stops: map[string]int{"miss": 5, "link": 7}}
	r.Verify = engine.VerifyStats{Runs: 2, BytesCompared: 3 << 20}
	r.Gaps = []engine.Gap{{Kind: "process", Name: "fork", Where: "0x1234", Count: 2}, {Kind: "mapping", Name: "ring", Where: "0x5000", Count: 3, Unmirrored: true}}
	_, _, _, errs := run(t, ends(r, nil), "run", "--stats", "true")
	for _, want := range []string{"12 blocks", "1 store, 1 mirrored", "12, link 7, miss 5", "3.0 MiB in 2 runs: every byte equals its copy", "limit       process fork at 0x1234, 2 times", "gap         mapping ring at 0x5000, 3 times"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
}

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"a", "b", "a/dir"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"a/plain": 0o644, "b/plain": 0o755, "a/only": 0o644, "b/dir": 0o755} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	path := dir + "/a:" + dir + "/b"
	for _, c := range []struct {
		name, found string
		err         error
	}{
		{"plain", dir + "/b/plain", nil}, // past the one that may not be executed
		{"only", "", syscall.EACCES},
		{"dir", dir + "/b/dir", nil}, // past the directory
		{"none", "", syscall.ENOENT},
		{"", "", syscall.ENOENT},
		{dir + "/b/plain", dir + "/b/plain", nil},
		{dir + "/a/plain", "", syscall.EACCES},
		{dir + "/c/plain", "", syscall.ENOENT},
	} {
		found, err := lookup(c.name, path)
		if found != c.found || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%q: %q, %v; want %q, %v", c.name, found, err, c.found, c.err)
		}
	}
}

func TestTranslate(t *testing.T) {
	_, status, out, errs := run(t, nil, "translate", "--bytes", "55 48 89 44 24 08 0f05")
	if status != 0 || errs != "" {
		t.Fatal(status, errs)
	}
	for _, want := range []string{
		"0x401000: 3 instructions in 8 bytes, 2 stores, 2 mirrored",
		"401000  push %rbp ", "|   push %rbp\n", "| = mov %rbp,%gs:",
		"401001  mov %rax,0x8(%rsp) ", "|   mov %rax,0x8(%rsp)\n", "| = mov %rax,%gs:0x8(%rsp)\n",
		"the system call routine, then 0x401008",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if _, status, out, errs := run(t, nil, "translate", "sh"); status != 0 || !strings.Contains(out, "mirrored") {
		t.Errorf("the entry point of sh: %d %s%s", status, out, errs)
	}
}

// Translations are kept where the flag says, else where the environment says, else in the user's cache; a home that is not
// there is not made.
func TestCacheDirectory(t *testing.T) {
	home := t.TempDir()
	for _, row := range []struct{ flag, env, home, want string }{
		{"", "", home, home + "/.cache/kmv/code"},
		{"", "", home + "/none", ""},
		{"", "/b", home, "/b"},
		{"", "off", home, ""},
		{"/a", "/b", home, "/a"},
		{"/a", "off", home, "/a"},
		{"off", "/b", home, ""},
	} {
		t.Setenv("KMV_CACHE", row.env)
		t.Setenv("XDG_CACHE_HOME", "")
		t.Setenv("HOME", row.home)
		if got := cacheDirectory(row.flag); got != row.want {
			t.Errorf("--cache %q, KMV_CACHE %q, HOME %s: %q, want %q", row.flag, row.env, row.home, got, row.want)
		}
	}
}
