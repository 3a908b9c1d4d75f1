package engine

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kmv/engine/view"
)

// What gdb says of the native program is what must be said of it under kmv.

func TestBreakpointsCountLikeGdbs(t *testing.T) {
	program := guest(t, "workers.c")
	out := gdb(t, program, "break work", "ignore 1 1000000", "break work if me == 2 && i % 7 == 3", "ignore 2 1000000",
		"break done", "run", "info breakpoints")
	hits := regexp.MustCompile(`already hit (\d+) time`).FindAllStringSubmatch(out, -1)
	if len(hits) != 3 {
		t.Fatalf("gdb says\n%s", out)
	}
	s := steer(t, Options{VerifyAtExit: true}, program)
	do(t, s.Live, view.Command{Op: view.Break, Text: "work", Count: 1000000})
	do(t, s.Live, view.Command{Op: view.Break, Text: "work", If: "$rdi == 2 && $rsi % 7 == 3", Count: 1000000})
	do(t, s.Live, view.Command{Op: view.Break, Text: "done"})
	if ev := s.run(view.Command{Op: view.Continue}); !strings.HasPrefix(ev.Text, "breakpoint 3 at done") {
		t.Fatalf("stopped for %q", ev.Text)
	}
	for i, b := range look(t, s.Live, view.Query{Breaks: true}).Breaks {
		if got := fmt.Sprint(b.Hits); got != hits[i][1] {
			t.Errorf("breakpoint %d was hit %s times, under gdb %s", b.ID, got, hits[i][1])
		}
	}
	s.finish()
}

// Each thread stops for itself, and is stepped over the breakpoint while the others run.
func TestBreakpointsStopEachThread(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "workers.c"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "work", If: "$rsi % 100 == 99"})
	threads := map[int]int{}
	for range 16 {
		ev := s.run(view.Command{Op: view.Continue})
		if !strings.HasPrefix(ev.Text, "breakpoint 1 at work") || s.register("rsi")%100 != 99 {
			t.Fatalf("stopped for %q with rsi %d", ev.Text, s.register("rsi"))
		}
		threads[ev.Thread]++
	}
	for id, n := range threads {
		if n != 4 {
			t.Errorf("thread %d stopped %d times", id, n)
		}
	}
	if len(threads) != 4 {
		t.Errorf("%d threads stopped", len(threads))
	}
	s.finish()
}

// frames are the frames of a stack as gdb finds them, without inlined and tail calls: file and place in its page.
const framesInPython = `python
f = gdb.newest_frame()
while f:
    if f.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
        print("FRAME %s %x" % ((gdb.solib_name(f.pc()) or "program").split("/")[-1], f.pc() & 4095))
    if f.name() == "main":
        break
    f = f.older()`

func TestStackIsGdbs(t *testing.T) {
	program := guest(t, "calls.c")
	for _, at := range []string{"inner", "leaf", "compare"} {
		out := gdb(t, program, "handle SIGUSR1 nostop noprint", "break "+at, "run", framesInPython)
		var want []string
		for _, m := range regexp.MustCompile(`(?m)^FRAME (.*)$`).FindAllStringSubmatch(out, -1) {
			want = append(want, m[1])
		}
		s := steer(t, Options{VerifyAtExit: true}, program)
		do(t, s.Live, view.Command{Op: view.Break, Text: at})
		s.run(view.Command{Op: view.Continue})
		var got []string
		for _, f := range look(t, s.Live, view.Query{Stack: true}).Stack {
			module := f.Module
			if module == filepath.Base(program) {
				module = "program"
			}
			got = append(got, fmt.Sprintf("%s %x", module, f.PC&4095))
			if strings.HasPrefix(f.Symbol, "main") {
				break
			}
		}
		if len(want) < 3 || strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("at %s: %v\ngdb has %v\n%s", at, got, want, out)
		}
		s.finish()
	}
}

func TestWatchpointsAreGdbs(t *testing.T) {
	program := guest(t, "calls.c")
	commands := []string{"handle SIGUSR1 nostop noprint", "break main", "run", "delete", "watch counter"}
	const changes = 7 // adding 0 is none
	for range changes {
		commands = append(commands, "continue", "frame")
	}
	var want []string
	re := regexp.MustCompile(`Old value = (-?\d+)\nNew value = (-?\d+)\n(?:[^\n]*\n)*?#0 +(?:0x[0-9a-f]+ in )?(\w+)`)
	for _, m := range re.FindAllStringSubmatch(gdb(t, program, commands...), -1) {
		want = append(want, strings.Join(m[1:], " "))
	}
	s := steer(t, Options{VerifyAtExit: true}, program)
	do(t, s.Live, view.Command{Op: view.Break, Text: "main", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	do(t, s.Live, view.Command{Op: view.Watch, Text: "counter"})
	report := regexp.MustCompile(`watchpoint 2, counter: old (-?\d+), new (-?\d+), by the instruction at 0x[0-9a-f]+ <(\w+)`)
	for i := range want {
		ev := s.run(view.Command{Op: view.Continue})
		m := report.FindStringSubmatch(ev.Text)
		if m == nil || strings.Join(m[1:], " ") != want[i] {
			t.Errorf("stop %d: %q, gdb has %q", i, ev.Text, want[i])
		}
	}
	if len(want) != changes {
		t.Errorf("gdb saw %d changes: %v", len(want), want)
	}
	s.finish()
}

func TestLinesAreGdbs(t *testing.T) {
	program := guest(t, "calls.c")
	for word, from := range map[string]string{"next": "main", "step": "middle"} { // with lines of libc's own, as some have them, steps would differ
		commands := []string{"handle SIGUSR1 nostop noprint", "break " + from, "run", "delete"}
		const steps = 14
		for range steps {
			commands = append(commands, word, "info line *$pc")
		}
		var want []string
		for _, m := range regexp.MustCompile(`(?m)^Line (\d+) of`).FindAllStringSubmatch(gdb(t, program, commands...), -1) {
			want = append(want, m[1])
		}
		s := steer(t, Options{VerifyAtExit: true}, program)
		do(t, s.Live, view.Command{Op: view.Break, Text: from, Temporary: true})
		s.run(view.Command{Op: view.Continue})
		for i := range want {
			ev := s.run(view.Command{Op: view.Op(word)})
			if _, line, _ := strings.Cut(ev.Text, ":"); line != want[i] {
				t.Errorf("%s %d: %q, gdb is in line %s", word, i, ev.Text, want[i])
				break
			}
		}
		if len(want) != steps {
			t.Errorf("gdb made %d steps", len(want))
		}
		s.finish()
	}
}
