package engine

import (
	"regexp"
	"strings"
	"testing"

	"kmv/engine/view"
)

// What a function returns is written as gdb's finish does, wherever it is returned.
func TestFinishTellsWhatIsReturned(t *testing.T) {
	program := guest(t, "values.c")
	for _, name := range []string{"half", "made", "copied", "find", "letter", "word"} {
		out := gdb(t, program, "set debuginfod enabled off", "break "+name, "run", "finish")
		m := regexp.MustCompile(`Value returned is \$1 = (.*)`).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("gdb says\n%s", out)
		}
		s := steer(t, Options{VerifyAtExit: true}, program)
		do(t, s.Live, view.Command{Op: view.Break, Text: name, Temporary: true})
		s.run(view.Command{Op: view.Continue})
		ev := s.run(view.Command{Op: view.Finish})
		_, got, _ := strings.Cut(ev.Text, "which returned ")
		if want := hexAddress.ReplaceAllString(m[1], "ADDR"); hexAddress.ReplaceAllString(got, "ADDR") != want {
			t.Errorf("%s: %q, gdb has %q", name, ev.Text, want)
		}
		s.finish()
	}
}

// A function that was inlined, or cloned under another name, is stopped in as often as it is called.
func TestBreakInInlinedFunctions(t *testing.T) {
	program := guest(t, "optimized.c")
	for name, calls := range map[string]int{"square": 5, "both": 1, "total": 1} {
		s := steer(t, Options{VerifyAtExit: true}, program)
		do(t, s.Live, view.Command{Op: view.Break, Text: name, Count: 1000})
		do(t, s.Live, view.Command{Op: view.Break, Text: "exit"})
		s.run(view.Command{Op: view.Continue})
		if n := look(t, s.Live, view.Query{Breaks: true}).Breaks[0].Hits; n != calls {
			t.Errorf("%s: stopped %d times, it is called %d times", name, n, calls)
		}
		s.finish()
	}
}

// A copy has a frame of its own, and can be left.
func TestInlinedFrames(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "optimized.c"))
	if r := do(t, s.Live, view.Command{Op: view.Break, Text: "square"}); !strings.Contains(r.Text, "square, inlined in") {
		t.Errorf("%q", r.Text)
	}
	ev := s.run(view.Command{Op: view.Continue})
	stack := look(t, s.Live, view.Query{Stack: true}).Stack
	if !strings.Contains(ev.Text, "at square, inlined in work") || len(stack) < 4 || stack[0].Symbol != "square" || !stack[0].Inlined || stack[1].Symbol != "both" {
		t.Fatalf("%q, %+v", ev.Text, stack)
	}
	if stack[0].Args != "x=12" || stack[0].PC != stack[2].PC || !strings.HasPrefix(stack[2].Symbol, "work") || !strings.HasPrefix(stack[2].Args, "n=12, name=") {
		t.Errorf("%+v", stack[:3])
	}
	if got := s.ask(view.Command{Op: view.Eval, Text: "n", Frame: 2}); got != "12" {
		t.Errorf("n in work is %s", got)
	}
	if ev := s.run(view.Command{Op: view.Finish}); !strings.HasPrefix(ev.Text, "finished square, inlined in work") {
		t.Errorf("%q", ev.Text)
	}
	s.finish()
}

// Conditions are about the place of the breakpoint, not about where the program stands when they are given.
func TestConditionsKnowVariables(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "values.c"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "values.c:65", If: "i == 1 && list[i].balance < 0"})
	if ev := s.run(view.Command{Op: view.Continue}); !strings.HasPrefix(ev.Text, "breakpoint 1 at find") || s.ask(view.Command{Op: view.Eval, Text: "i"}) != "1" {
		t.Errorf("%q", ev.Text)
	}
	for _, row := range []struct{ cond, bad, problem string }{
		{"i == 1 && nosuch", "nosuch", "is not a variable"},
		{"list[0].nosuch == 1", "nosuch", "is not a member of struct account"},
		{"count->x", "x", "is asked of an int"},
		{"i ==", "", "something is missing"},
	} {
		_, err := s.Do(t.Context(), view.Command{Op: view.Break, Text: "values.c:65", If: row.cond})
		e, ok := err.(*view.CommandError)
		if !ok || e.Text[e.Start:e.End] != row.bad || !strings.HasPrefix(e.Problem, row.problem) || e.Hint == "" {
			t.Errorf("%s: %+v", row.cond, err)
		}
	}
	s.finish()
}

// A watchpoint on a member has its value, and one on a local variable ends with its call.
func TestWatchVariables(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "values.c"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "values.c:59", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	r := do(t, s.Live, view.Command{Op: view.Watch, Text: "found"})
	if !strings.Contains(r.Text, "8 bytes") {
		t.Errorf("%q", r.Text)
	}
	want := regexp.MustCompile(`^watchpoint 2, found: old 0x0, new 0x[0-9a-f]+ <accounts\+64>, by the instruction at .*values.c:66`)
	ev := s.run(view.Command{Op: view.Continue})
	for strings.Contains(ev.Text, "new 0x0,") { // its initial value
		ev = s.run(view.Command{Op: view.Continue})
	}
	if !want.MatchString(ev.Text) {
		t.Errorf("%q", ev.Text)
	}
	r = do(t, s.Live, view.Command{Op: view.Assign, Text: "found = list + 2"}) // seen by nobody: it is known who wrote
	if !regexp.MustCompile(`^found = \(struct account \*\) 0x[0-9a-f]+ <accounts\+128>$`).MatchString(r.Text) {
		t.Errorf("%q", r.Text)
	}
	returned := regexp.MustCompile(`^watchpoint 2 is deleted: the call whose found it watched has returned; finished find\S*, which returned .* <accounts\+128>$`)
	if ev := s.run(view.Command{Op: view.Finish}); !returned.MatchString(ev.Text) || !strings.HasPrefix(ev.Symbol, "main") {
		t.Errorf("%q at %s", ev.Text, ev.Symbol)
	}
	if b := look(t, s.Live, view.Query{Breaks: true}).Breaks; len(b) != 0 {
		t.Errorf("%+v", b)
	}
	s.finish()
}
