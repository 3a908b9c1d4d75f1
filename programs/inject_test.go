package programs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"kmv/engine"
	"kmv/engine/view"
)

// injectedSQL works in its heap for a while.
const injectedSQL = `create table t(a, b);
with recursive c(i) as (select 1 union all select i+1 from c where i < 20000) insert into t select i, 'row '||i from c;
create index x on t(b); select sum(a), count(distinct b) from t; select * from t where b = 'row 777';`

const injectedResult = "200010000|20000\n777|row 777\n"

// runInjected runs sqlite3 with memory errors.
func runInjected(t *testing.T, args ...string) (out string, r engine.Report, err error) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report")
	args = append([]string{"run", "--cache", "off", "--verify", "--report", report}, args...)
	cmd := exec.Command(kmvBinary, append(args, "--", "sqlite3", ":memory:")...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(injectedSQL), &stdout, &stderr
	err = cmd.Run()
	data, readErr := os.ReadFile(report)
	if readErr != nil {
		t.Fatalf("%v %v %s", err, readErr, &stderr)
	}
	if jsonErr := json.Unmarshal(data, &r); jsonErr != nil {
		t.Fatalf("%v: %s %s", jsonErr, data, &stderr)
	}
	return stdout.String(), r, err
}

// TestLostPages: whichever page is lost, in whichever half and whenever, the program prints what it prints on healthy memory.
func TestLostPages(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"})
	for i, spec := range []string{
		"page@heap", "page@stack,when=60syscalls", "page@data,half=mirror", "page@anon,when=900stops", "page@all,every=3ms",
		"page@file:*/libc.so*,when=50syscalls", "page@stack,half=mirror,when=30ms",
	} {
		t.Run(spec, func(t *testing.T) {
			out, r, err := runInjected(t, "--inject", fmt.Sprintf("%s,seed=%d", spec, i))
			f := r.Failures
			if err != nil || out != injectedResult || r.Verify.DivergentBytes > 0 {
				t.Errorf("%v; printed %q; %d bytes differ", err, out, r.Verify.DivergentBytes)
			}
			if f.Injected == 0 || f.Recovered+f.Masked != f.Injected || f.Unrecovered > 0 {
				t.Errorf("%d injected, %d recovered, %d masked, %d unrecovered", f.Injected, f.Recovered, f.Masked, f.Unrecovered)
			}
			if first := f.Events[0]; first.Kind != view.EventInjected || first.Failure.Mechanism == "" || first.Range == "" || first.Failure.Seed != uint64(i) {
				t.Errorf("first event %+v %+v", first, first.Failure)
			}
		})
	}
}

// TestSeededErrors: the same SPEC breaks the same bits again; another seed breaks others.
func TestSeededErrors(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"})
	where := func(spec string) (at []uint64, broken [][]byte) {
		_, r, err := runInjected(t, "--inject", spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range r.Failures.Events {
			if ev.Kind == view.EventInjected {
				at, broken = append(at, ev.Addr), append(broken, ev.Failure.Broken)
			}
		}
		return at, broken
	}
	const spec = "row@heap,when=60syscalls,half=mirror,seed="
	at, broken := where(spec + "4")
	if again, same := where(spec + "4"); len(at) == 0 || !reflect.DeepEqual(at, again) || !reflect.DeepEqual(broken, same) {
		t.Errorf("one seed broke\n%x\n%x, and then\n%x\n%x", at, broken, again, same)
	}
	if other, _ := where(spec + "5"); reflect.DeepEqual(at, other) {
		t.Errorf("two seeds broke %x", at)
	}
}

// TestNothingToBreak: an error that was never made is said.
func TestNothingToBreak(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"})
	out, err := exec.Command(kmvBinary, "run", "--inject", "page@sym:no_such", "--", "sqlite3", ":memory:", "select 1").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "1\nkmv: --inject page@sym:no_such: no memory error was made") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestInjectIntoARun breaks memory of a program that waits at its prompt.
func TestInjectIntoARun(t *testing.T) {
	require(t, need{"sqlite3", "sqlite3"})
	events := filepath.Join(t.TempDir(), "events")
	cmd, c, path := startControlled(t, "--pty", "--verify", "--strict", "--events", events, "--", "sqlite3")
	defer c.Close()
	await(t, c, "sqlite> ")
	typeIn(t, c, "create table t(x); insert into t values(6*7);\r")
	typeIn(t, c, "select 'table ' || 'made';\r")
	await(t, c, "table made\r\n")
	out, err := exec.Command(kmvBinary, "inject", path, "page@heap", "page@stack,half=mirror", "page@data,when=3syscalls").CombinedOutput()
	if err != nil || !regexp.MustCompile(`^error 1: page at 0x[0-9a-f]+, native half, by (hwpoison|uffd-poison|protection)\nerror 2: page at 0x[0-9a-f]+, mirror half, by .*\nwaiting for the moment of page@data,when=3syscalls\n$`).Match(out) {
		t.Errorf("%v: %s", err, out)
	}
	typeIn(t, c, "select 'x is ' || x from t;\r")
	await(t, c, "x is 42\r\n")
	for _, bad := range []struct{ args, says string }{
		{"page@haep", "  page@haep\n       ^^^^ is not a range of memory"},
		{"page@sym:nothing", "has no variable nothing"},
	} {
		if out, err := exec.Command(kmvBinary, "inject", path, bad.args).CombinedOutput(); err == nil || !strings.Contains(string(out), bad.says) || !strings.Contains(string(out), "\nhint: ") {
			t.Errorf("%s: %v: %s", bad.args, err, out)
		}
	}
	typeIn(t, c, ".exit\r")
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, cmd.Stderr)
	}
	checkEvents(t, events)
}

// checkEvents reads the file of --events: numbered without holes, three errors made, and none of them lost both copies.
func checkEvents(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count := map[view.Kind]int{}
	dec := json.NewDecoder(f)
	for seq := uint64(1); dec.More(); seq++ {
		var ev view.Event
		if err := dec.Decode(&ev); err != nil || ev.Seq != seq {
			t.Fatalf("event %+v, %v: want number %d", ev, err, seq)
		}
		count[ev.Kind]++
	}
	if count[view.EventInjected] != 3 || count[view.EventRecovered]+count[view.EventMasked] != 3 || count[view.EventUnrecovered] != 0 || count[view.EventOutput] == 0 {
		t.Errorf("events %v", count)
	}
}

// TestMomentAtAFunction: the error is made when the function is entered, in memory that it has written before.
func TestMomentAtAFunction(t *testing.T) {
	require(t, need{"gcc", "gcc"})
	dir := t.TempDir()
	source, program, report := filepath.Join(dir, "p.c"), filepath.Join(dir, "p"), filepath.Join(dir, "report")
	const text = `#include <stdio.h>
static int table[4096];
__attribute__((noinline)) int work(int n) { int s = 0; for (int i = 0; i < 4096; i++) { table[i] += i * n; s += table[i] % 7; } return s; }
int main(void) { int t = 0; for (int i = 0; i < 50; i++) t += work(i); printf("%d\n", t); return 0; }
`
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-O1", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := exec.Command(kmvBinary, "run", "--verify", "--strict", "--report", report, "--inject", "page@sym:table,when=work", "--inject", "page@stack,when=main", "--", program).Output()
	if err != nil || string(got) != string(want) {
		t.Errorf("%v: printed %q, want %q", err, got, want)
	}
	data, err := os.ReadFile(report)
	var r engine.Report
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	var where []string
	for _, ev := range r.Failures.Events {
		if ev.Kind == view.EventInjected {
			kind, _, _ := strings.Cut(ev.Range, " ")
			where = append(where, kind)
		}
	}
	if f := r.Failures; f.Injected != 2 || f.Recovered+f.Masked != 2 || strings.Join(where, " ") != "stack data" {
		t.Errorf("errors in %q: %+v", where, f)
	}
}
