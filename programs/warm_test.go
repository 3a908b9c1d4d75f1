package programs

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kmv/engine"
)

// warmRun is one run of a program with a directory of translations.
type warmRun struct {
	out, log string
	report   engine.Report
}

func runWarm(t *testing.T, cache string, argv ...string) warmRun {
	t.Helper()
	var r warmRun
	file := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.Command(kmvBinary, append([]string{"run", "-v", "--verify", "--cache", cache, "--report", file, "--"}, argv...)...)
	cmd.Env = testEnv
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	r.out, r.log = out.String(), log.String()
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, r.log)
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &r.report)
	}
	if err != nil {
		t.Fatal(err)
	}
	if r.report.Verify.Runs == 0 || r.report.Verify.DivergentBytes != 0 {
		t.Errorf("%v: %d bytes differ in %d verifications", argv, r.report.Verify.DivergentBytes, r.report.Verify.Runs)
	}
	return r
}

// The second run of a program translates next to nothing: it has hardly a stop for a miss or a link.
func TestWarm(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"}, need{"/usr/bin/python3", "python3"})
	for _, argv := range [][]string{
		{"sqlite3", ":memory:", "with recursive n(i) as (select 1 union all select i+1 from n where i<999) select sum(i*i) from n"},
		{"/usr/bin/python3", "-c", "import json; print(json.dumps({'a': [1, 2.5, None]}))"},
		{"/bin/sh", "-c", "echo $(printf %s-%s a b); exec true"},
	} {
		t.Run(filepath.Base(argv[0]), func(t *testing.T) {
			cache := filepath.Join(t.TempDir(), "code")
			cold, warm := runWarm(t, cache, argv...), runWarm(t, cache, argv...)
			if warm.out != cold.out {
				t.Errorf("cold %q, warm %q", cold.out, warm.out)
			}
			c, w := cold.report.Translation, warm.report.Translation
			if w.LoadedBlocks < w.Blocks*99/100 || c.LoadedBlocks > c.Blocks/2 {
				t.Errorf("of %d blocks %d are loaded in the first run, of %d %d in the second", c.Blocks, c.LoadedBlocks, w.Blocks, w.LoadedBlocks)
			}
			stops := func(s map[string]int) int { return s["miss"] + s["link"] }
			if stops(w.Stops)*10 > stops(c.Stops) {
				t.Errorf("cold %v, warm %v", c.Stops, w.Stops)
			}
		})
	}
}

// Children that execute the same files are warm in the first run already, and with nothing kept on disk.
func TestWarmChildren(t *testing.T) {
	one, ten := runWarm(t, "off", "/bin/sh", "-c", "/bin/true; :"), runWarm(t, "off", "/bin/sh", "-c", strings.Repeat("/bin/true; ", 10)+":")
	o, n := one.report.Translation, ten.report.Translation
	if more := n.Blocks - n.LoadedBlocks - (o.Blocks - o.LoadedBlocks); more > o.Blocks/4 {
		t.Errorf("9 more children made %d more translations than the %d of the first", more, o.Blocks-o.LoadedBlocks)
	}
}

// A library that was rewritten in place, with the same size and times, is not run from its old translations.
func TestWarmChangedLibrary(t *testing.T) {
	require(t, need{"gcc", "gcc"})
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	gcc := func(args ...string) {
		cmd := exec.Command("gcc", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("gcc %v: %v\n%s", args, err, out)
		}
	}
	write("main.c", `#include <stdio.h>
int answer(int); int main(void) { printf("%d\n", answer(3)); return 0; }`)
	write("one.c", `int answer(int x) { return x * 5 + 11; }`)
	write("two.c", `int answer(int x) { return x * 9 + 22; }`)
	gcc("-shared", "-fPIC", "-O1", "-Wl,--build-id=none", "-o", "libone.so", "one.c")
	gcc("-shared", "-fPIC", "-O1", "-Wl,--build-id=none", "-o", "libtwo.so", "two.c")
	lib, program := filepath.Join(dir, "libanswer.so"), filepath.Join(dir, "main")
	long := time.Now().Add(-time.Hour)
	install := func(from string) { // in the same inode
		text, err := os.ReadFile(filepath.Join(dir, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(lib, text, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(lib, long, long); err != nil {
			t.Fatal(err)
		}
	}
	install("libone.so")
	gcc("-o", "main", "main.c", lib)
	cache := filepath.Join(dir, "code")
	for i, row := range []struct{ lib, want string }{{"libone.so", "26\n"}, {"libone.so", "26\n"}, {"libtwo.so", "49\n"}, {"libtwo.so", "49\n"}, {"libone.so", "26\n"}} {
		install(row.lib)
		r := runWarm(t, cache, program)
		if r.out != row.want {
			t.Errorf("run %d, with %s: %q, want %q", i, row.lib, r.out, row.want)
		}
		if tr := r.report.Translation; i%2 == 1 && tr.LoadedBlocks != tr.Blocks {
			t.Errorf("with the library as it was, %d of %d blocks are loaded", tr.LoadedBlocks, tr.Blocks)
		}
	}
}

// Damaged files are not run, but replaced.
func TestWarmDamaged(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "code")
	argv := []string{"/bin/echo", "whole"}
	runWarm(t, cache, argv...)
	files, _ := filepath.Glob(filepath.Join(cache, "*.code"))
	if len(files) == 0 {
		t.Fatal("nothing was saved")
	}
	for i, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for at := i + 100; at < len(text); at += 4096 {
			text[at] ^= 0xff
		}
		if err := os.WriteFile(f, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := runWarm(t, cache, argv...)
	if r.out != "whole\n" || r.report.Translation.LoadedBlocks != 0 || strings.Count(r.log, "ignored") != len(files) {
		t.Errorf("%q, %d blocks loaded\n%s", r.out, r.report.Translation.LoadedBlocks, r.log)
	}
	if r = runWarm(t, cache, argv...); r.report.Translation.LoadedBlocks == 0 || strings.Contains(r.log, "ignored") {
		t.Errorf("%d blocks loaded\n%s", r.report.Translation.LoadedBlocks, r.log)
	}
}

// Several at once use and write the same directory.
func TestWarmTogether(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "code")
	for range 2 {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				cmd := exec.Command(kmvBinary, "run", "--verify", "--strict", "--cache", cache, "--", "/bin/sh", "-c", "echo $(expr 6 '*' 7)")
				cmd.Env = testEnv
				if out, err := cmd.CombinedOutput(); err != nil || string(out) != "42\n" {
					t.Errorf("%v: %q", err, out)
				}
			})
		}
		all.Wait()
	}
	if left, _ := filepath.Glob(filepath.Join(cache, ".new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if r := runWarm(t, cache, "/bin/sh", "-c", "echo $(expr 6 '*' 7)"); r.report.Translation.LoadedBlocks == 0 {
		t.Error("nothing of it can be used")
	}
}

// Where nothing can be kept the program runs as before; only a directory that was asked for must be there.
func TestWarmWithoutDirectory(t *testing.T) {
	cmd := exec.Command(kmvBinary, "run", "-v", "--", "/bin/echo", "here")
	cmd.Env = append(slices.Clone(testEnv), "KMV_CACHE=/dev/null/code")
	var log bytes.Buffer
	cmd.Stderr = &log
	if out, err := cmd.Output(); err != nil || string(out) != "here\n" || !strings.Contains(log.String(), "not saved") {
		t.Errorf("%v: %q\n%s", err, out, &log)
	}
	if out, err := exec.Command(kmvBinary, "run", "--cache", "/dev/null/code", "--", "/bin/echo").CombinedOutput(); err == nil || !strings.Contains(string(out), "--cache needs a directory") {
		t.Errorf("%v: %s", err, out)
	}
}
