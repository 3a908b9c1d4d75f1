package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"kmv/engine/view"
)

// A step over a system call that waits leaves the engine free: it can be looked at and paused, and goes on when there is
// something to read.
func TestStepOverBlockingRead(t *testing.T) {
	stdin, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	null, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	s := steer(t, Options{VerifyAtExit: true, Files: []*os.File{stdin, null, os.Stderr}}, "cat")
	do(t, s.Live, view.Command{Op: view.Break, Text: "read"})
	const readCall = 0
	for s.register("rax") != readCall || !strings.HasPrefix(s.code(), "syscall") || s.register("rdi") != 0 {
		ev := s.until1(t)
		_ = ev
	}
	do(t, s.Live, view.Command{Op: view.StepInst})
	s.until(view.EventResume)
	before := look(t, s.Live, view.Query{Threads: true})
	if before.State != view.Running {
		t.Fatalf("%s while it waits for input", before.State)
	}
	do(t, s.Live, view.Command{Op: view.Pause})
	if ev := s.until(view.EventStop); ev.Text != "paused" {
		t.Fatalf("stopped for %q", ev.Text)
	}
	if th := look(t, s.Live, view.Query{Threads: true}).Threads; !strings.HasPrefix(th[0].State, "in system call read") {
		t.Errorf("the thread is %q", th[0].State)
	}
	if _, err := s.Do(context.Background(), view.Command{Op: view.SetReg, Text: "rbx", Value: 1}); err == nil {
		t.Error("a register of a thread in a system call was set")
	}
	do(t, s.Live, view.Command{Op: view.StepInst})
	s.until(view.EventResume)
	if _, err := in.WriteString("hello\n"); err != nil {
		t.Fatal(err)
	}
	if ev := s.until(view.EventStop); ev.Text != "step" || s.register("rax") != 6 {
		t.Errorf("%q with rax %d", ev.Text, s.register("rax"))
	}
	in.Close()
	s.finish()
}

// until1 continues to the next stop, or steps if it stands at a breakpoint.
func (s *steered) until1(t *testing.T) view.Event {
	if strings.HasPrefix(look(t, s.Live, view.Query{}).Reason, "breakpoint") || look(t, s.Live, view.Query{}).Reason == "step" {
		if !strings.HasPrefix(s.code(), "syscall") && !strings.HasPrefix(s.code(), "ret") {
			return s.run(view.Command{Op: view.StepInst})
		}
	}
	return s.run(view.Command{Op: view.Continue})
}

// code is the instruction that the thread stands in front of.
func (s *steered) code() string {
	return look(s.t, s.Live, view.Query{Code: &view.CodeQuery{}}).Code[0].Text
}

// A signal that comes while a thread is stepped: single steps go into its handler, steps by lines over it.
func TestStepsAndSignals(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "calls.c"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "leaf", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	const usr1 = 10
	do(t, s.Live, view.Command{Op: view.Signal, Value: usr1})
	if ev := s.run(view.Command{Op: view.StepInst}); !strings.HasPrefix(ev.Symbol, "handler") && !strings.HasPrefix(ev.Symbol, "leaf") {
		t.Errorf("stepped to %s", ev.Symbol)
	} else if ev = s.run(view.Command{Op: view.StepInst}); !strings.HasPrefix(ev.Symbol, "handler") {
		t.Errorf("stepped to %s, not into the handler", ev.Symbol)
	}
	frames := look(t, s.Live, view.Query{Stack: true}).Stack
	if len(frames) < 4 || !strings.HasPrefix(frames[2].Symbol, "leaf") {
		t.Errorf("stack in the handler: %+v", frames)
	}
	if ev := s.run(view.Command{Op: view.Finish, Frame: 1}); !strings.HasPrefix(ev.Symbol, "leaf") {
		t.Errorf("finished to %s", ev.Symbol)
	}
	do(t, s.Live, view.Command{Op: view.Signal, Value: usr1})
	if ev := s.run(view.Command{Op: view.Next}); !strings.Contains(ev.Text, "calls.c:") || !strings.HasPrefix(ev.Symbol, "leaf") {
		t.Errorf("next with a signal: %q, %s", ev.Text, ev.Symbol)
	}
	s.finish()
}

// A step over a call that throws ends where that is caught.
func TestStepOverThrow(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "throws.cc"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "throws.cc:14", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	if ev := s.run(view.Command{Op: view.Next}); !strings.HasSuffix(ev.Text, "throws.cc:16") && !strings.HasSuffix(ev.Text, "throws.cc:17") {
		t.Fatalf("stepped to %q", ev.Text)
	}
	if ev := s.run(view.Command{Op: view.Finish}); !strings.HasSuffix(ev.Text, "which returned 7") {
		t.Errorf("%q", ev.Text)
	}
	s.finish()
}

// Breakpoints hold in what is executed, forked and loaded.
func TestBreakpointsFollow(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, "sh", "-c", "true; /bin/echo a; exec /bin/echo b")
	r := do(t, s.Live, view.Command{Op: view.Break, Text: "__libc_start_main"})
	if !strings.Contains(r.Text, "is pending: __libc_start_main") {
		t.Errorf("libc is not there yet: %q", r.Text)
	}
	programs := map[string]bool{}
	for range 3 { // sh, the echo that it forks, the one that it becomes
		ev := s.run(view.Command{Op: view.Continue})
		if !strings.HasPrefix(ev.Text, "breakpoint 1") {
			t.Fatalf("stopped for %q", ev.Text)
		}
		for _, p := range look(t, s.Live, view.Query{Threads: true}).Processes {
			if p.Pid == ev.Pid {
				programs[p.Program] = true
			}
		}
		for range 50 {
			s.run(view.Command{Op: view.StepInst})
		}
	}
	if len(programs) != 2 {
		t.Errorf("stopped in %v", programs)
	}
	s.finish()
}

// Whatever is turned off and on again is equal in both halves at once, and the program does not notice.
func TestMirrorToggledUnderLoad(t *testing.T) {
	script := "create table t(a,b); with recursive c(x) as (select 1 union all select x+1 from c where x<60000) " +
		"insert into t select x, hex(x*x) from c; create index i on t(b); select count(*), sum(length(b)) from t;"
	for _, spec := range []string{"heap", "stack", "data", "anon", "all", "file:*libc*"} {
		s := steer(t, Options{VerifyAtExit: true}, "sqlite3", ":memory:", script)
		go func() {
			for range s.Events() {
			}
		}()
		do(t, s.Live, view.Command{Op: view.Continue})
		toggled := 0
		for on := false; toggled < 60; on = !on {
			c := view.Command{Op: view.Mirror, Text: spec, On: on}
			reply, err := s.Do(context.Background(), c)
			if errors.Is(err, ErrEnded) {
				break
			}
			if err != nil {
				t.Fatalf("%s %v: %v", spec, on, err)
			}
			v, err := s.Do(context.Background(), view.Command{Op: view.Verify})
			if err == nil && len(v.Divergent) > 0 {
				t.Fatalf("%s %v: %+v", spec, on, v.Divergent)
			}
			if spec == "all" && !on && reply.Value != 0 {
				t.Errorf("all is off, and %d bytes are mirrored", reply.Value)
			}
			toggled++
		}
		if _, err := s.Do(context.Background(), view.Command{Op: view.Mirror, Text: spec, On: true}); err != nil && !errors.Is(err, ErrEnded) {
			t.Fatal(err)
		}
		r, err := s.Wait()
		if err != nil || *r.Exit.Code != 0 || r.Verify.DivergentBytes != 0 || toggled < 2 {
			t.Fatalf("%s: toggled %d times: %+v, %v", spec, toggled, r, err)
		}
	}
}

// A child that has not run yet, because its parent stopped right behind the fork, can be looked at and switched like any process.
func TestMirrorOfANewChild(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, "sh", "-c", strings.Repeat("(exit 0);", 20))
	do(t, s.Live, view.Command{Op: view.Break, Text: "_Fork"})
	for range 20 {
		s.run(view.Command{Op: view.Continue})
		s.run(view.Command{Op: view.Finish})
		for _, on := range []bool{false, true} {
			do(t, s.Live, view.Command{Op: view.Mirror, Text: "all", On: on})
		}
		for _, th := range look(t, s.Live, view.Query{Threads: true}).Threads {
			if th.PC == 0 {
				t.Errorf("%+v", th)
			}
		}
	}
	s.finish()
}

func TestCounts(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "workers.c"))
	do(t, s.Live, view.Command{Op: view.Count, On: true})
	do(t, s.Live, view.Command{Op: view.Break, Text: "done"})
	s.run(view.Command{Op: view.Continue})
	work := do(t, s.Live, view.Command{Op: view.Eval, Text: "work"}).Value
	lines := look(t, s.Live, view.Query{Code: &view.CodeQuery{Addr: work}}).Code
	if n := lines[0].Count; n < 1500 || n > 1600 { // two that count at once may be one
		t.Errorf("work was counted %d times of 1600", n)
	}
	snap := look(t, s.Live, view.Query{Blocks: true})
	if !snap.Counters.Counting || snap.Counters.Stores < 1500 || snap.Blocks[0].Count < 1500 {
		t.Errorf("%+v, %+v", snap.Counters, snap.Blocks[0])
	}
	do(t, s.Live, view.Command{Op: view.Count})
	if c := look(t, s.Live, view.Query{}).Counters; c.Counting {
		t.Error("it still counts")
	}
	s.finish()
}

func TestWriteBothAndOne(t *testing.T) {
	s := steer(t, Options{}, guest(t, "calls.c"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "middle", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	at := do(t, s.Live, view.Command{Op: view.Eval, Text: "&table"}).Value
	window := func() view.Window {
		return look(t, s.Live, view.Query{Memory: []view.MemoryQuery{{Text: "&table", Size: 32}}}).Memory[0]
	}
	if w := window(); w.Addr != at || binary.LittleEndian.Uint32(w.Native) != 5 || !bytes.Equal(w.Native, w.Mirror) || w.State != "mirrored" {
		t.Fatalf("%+v", w)
	}
	do(t, s.Live, view.Command{Op: view.Write, Addr: at, Data: []byte{9}, Half: view.Both})
	if w := window(); w.Native[0] != 9 || w.Mirror[0] != 9 {
		t.Errorf("%+v", w)
	}
	do(t, s.Live, view.Command{Op: view.Write, Addr: at + 4, Data: []byte{7}, Half: view.Backup})
	if w := window(); w.Native[4] != 3 || w.Mirror[4] != 7 {
		t.Errorf("%+v", w)
	}
	if r := do(t, s.Live, view.Command{Op: view.Why, Addr: at + 4}); !strings.Contains(r.Text, "differs") || !strings.Contains(r.Text, "mirror half only") {
		t.Errorf("why: %s", r.Text)
	}
	if r := do(t, s.Live, view.Command{Op: view.Verify}); len(r.Divergent) != 1 || r.Divergent[0].Start != at+4 {
		t.Errorf("%+v", r)
	}
	if c := look(t, s.Live, view.Query{}).Counters; c.DivergentBytes != 1 {
		t.Errorf("%d bytes differ", c.DivergentBytes)
	}
	do(t, s.Live, view.Command{Op: view.Write, Addr: at + 4, Data: []byte{7}, Half: view.Both})
	do(t, s.Live, view.Command{Op: view.Verify})
	if c := look(t, s.Live, view.Query{}).Counters; c.DivergentBytes != 0 {
		t.Errorf("%d bytes differ, all that did are mended", c.DivergentBytes)
	}
	do(t, s.Live, view.Command{Op: view.SetReg, Text: "rdi", Value: 2})
	if s.register("rdi") != 2 {
		t.Error("rdi was not set")
	}
}

// Memory that is looked at while an error waits in it is shown as unreadable, and the error is not met by that.
func TestLookAtLostMemory(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "calls.c"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "middle", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	at := do(t, s.Live, view.Command{Op: view.Eval, Text: "&table"}).Value
	err := s.At(func(site *Site) error {
		_, err := site.Poison(s.events[0].Pid, at&^4095, view.Native, view.Failure{ID: site.NewFailure(), What: "page"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w := look(t, s.Live, view.Query{Memory: []view.MemoryQuery{{Addr: at, Size: 32}}}).Memory[0]
		if len(w.Native) != 0 || len(w.Mirror) != 32 || binary.LittleEndian.Uint32(w.Mirror) != 5 {
			t.Fatalf("%+v", w)
		}
	}
	if c := look(t, s.Live, view.Query{}).Counters; c.Detected != 0 || c.Injected != 1 {
		t.Errorf("%+v", c)
	}
	s.finish()
}

// What the kernel writes is seen as the system call's.
func TestWatchSystemCall(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, "sh", "-c", "read a; read b < /etc/hostname; wait")
	do(t, s.Live, view.Command{Op: view.Break, Text: "read", Temporary: true})
	s.run(view.Command{Op: view.Continue})
	buf := s.register("rsi")
	do(t, s.Live, view.Command{Op: view.Watch, Addr: s.register("rsp") - 256, Size: 64}) // below the stack pointer: calls write there
	do(t, s.Live, view.Command{Op: view.Watch, Addr: buf, Size: 1})
	for {
		ev := s.run(view.Command{Op: view.Continue})
		if strings.HasPrefix(ev.Text, "watchpoint 3") {
			break
		}
	}
	if reason := look(t, s.Live, view.Query{}).Reason; !strings.Contains(reason, "by ") {
		t.Errorf("reason %q", reason)
	}
	s.finish()
}

func TestRestart(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, guest(t, "calls.c"))
	do(t, s.Live, view.Command{Op: view.Break, Text: "middle"})
	for range 3 {
		if ev := s.run(view.Command{Op: view.Continue}); !strings.HasPrefix(ev.Text, "breakpoint 1") {
			t.Fatalf("stopped for %q", ev.Text)
		}
		do(t, s.Live, view.Command{Op: view.Restart})
		for s.until(view.EventStop).Text != "start" {
		}
	}
	s.finish()
}

// A watchpoint comes and goes while the program runs and forks: whenever it goes, the copies can be written again.
func TestWatchComesAndGoes(t *testing.T) {
	s := steer(t, Options{VerifyAtExit: true}, "sh", "-c", "i=0; while [ $i -lt 200 ]; do (true); /bin/true; i=$((i+1)); done")
	go func() {
		for range s.Events() {
		}
	}()
	came := 0
	for range 100 {
		if _, err := s.Do(context.Background(), view.Command{Op: view.Pause}); errors.Is(err, ErrEnded) {
			break
		}
		w, err := s.Do(context.Background(), view.Command{Op: view.Watch, Text: "*(int*)($rsp-256)"}) // may find nobody to do it
		_, _ = s.Do(context.Background(), view.Command{Op: view.Continue})
		if err == nil {
			came++
			_, _ = s.Do(context.Background(), view.Command{Op: view.Delete, ID: w.ID})
			_, _ = s.Do(context.Background(), view.Command{Op: view.Continue}) // it may have stopped for it
		}
	}
	if r, err := s.Wait(); err != nil || *r.Exit.Code != 0 || r.Verify.DivergentBytes != 0 || came == 0 {
		t.Errorf("%d watchpoints: %+v, %v", came, r, err)
	}
}
