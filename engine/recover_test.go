package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// buildGuest compiles a guest of testdata/guests/failures.
func buildGuest(t *testing.T, name string, cflags ...string) string {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is not installed")
	}
	out := filepath.Join(t.TempDir(), name)
	args := append([]string{"-w", "-O1", "-I", "../testdata/guests", "-o", out, "../testdata/guests/failures/" + name + ".c", "-pthread"}, cflags...)
	if msg, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, msg)
	}
	return out
}

// The operands of the system call that breaks memory, as failures.h has them.
const (
	breakNative  = 1
	breakMirror  = 2
	breakFlip    = 4
	breakStuck   = 8
	breakAsk     = 32 // nothing, but succeed
	breakNothing = 16 // a pass of the scrubber, please; how many there were
)

// breakMemory is the system call by which guests break their own memory: address, halves, mask of bits.
func breakMemory(t *testing.T) func(e *engine, th *thread, a [6]uint64) int64 {
	id := 0
	return func(e *engine, th *thread, a [6]uint64) (made int64) {
		if a[1] == breakAsk {
			return 0
		}
		if a[1] == breakNothing {
			if _, err := scrubNow(e, view.Command{}); err != nil {
				t.Error(err)
			}
			return int64(e.scrubStats.Passes)
		}
		others, err := e.park(th)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
		for _, half := range []uint64{breakNative, breakMirror} {
			if a[1]&half == 0 {
				continue
			}
			at := a[0]
			if half == breakMirror {
				at += e.layout.Offset
			}
			if th.p.lost[at&^(shadowmem.PageSize-1)] != nil { // nobody has met it yet
				made++
				continue
			}
			if a[1] != breakNative|breakMirror && bothLost(e, th.p, at) { // one fault at a place
				continue
			}
			id++
			s, f, h := &Site{e}, view.Failure{ID: id, What: "flip"}, view.Native
			if half == breakMirror {
				h = view.Backup
			}
			if a[1]&(breakFlip|breakStuck) != 0 {
				if a[1]&breakStuck != 0 {
					f.What = "stuck1"
					err = s.Stick(th.p.pid, a[0], h, byte(a[2]), byte(a[2]), f)
				} else {
					err = s.Corrupt(th.p.pid, a[0], h, []byte{byte(a[2])}, f)
				}
				if err != nil {
					t.Error(err)
				}
				continue
			}
			if mechanism, err := e.poison(th, at, id); err == nil {
				made++
				e.failure(view.EventInjected, th.p, th, at, view.Failure{ID: id, What: "page", Mechanism: mechanism})
			} else {
				e.logf("not injected: %v", err)
			}
		}
		if err := e.unpark(others); err != nil && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
		return made
	}
}

// bothLost says whether the copy of the page at an address is lost already.
func bothLost(e *engine, p *process, at uint64) bool {
	native := uint64(e.layout.NativeOf(at))
	return len(e.lostIn(p, native, native+1)) > 0
}

// runGuest runs a guest that breaks its own memory; it must end with 0 and both halves equal.
func runGuest(t *testing.T, name string, o Options) *Report {
	binary := buildGuest(t, name)
	var log bytes.Buffer
	o.Path, o.Argv, o.Env = binary, append([]string{binary}, o.Argv...), os.Environ()
	o.Log, o.VerifyAtExit, o.testCall = &log, true, breakMemory(t)
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(&log))
	}
	if r.Exit.Code == nil || *r.Exit.Code != 0 || r.Verify.DivergentBytes != 0 {
		t.Fatalf("exit %v, %d bytes differ %v\n%s", r.Exit, r.Verify.DivergentBytes, r.Verify.Divergent, tail(&log))
	}
	t.Logf("%s: %+v", name, r.Failures.counts())
	return r
}

func (f Failures) counts() Failures { f.Events = nil; return f }

func tail(b *bytes.Buffer) []byte {
	all := b.Bytes()
	return all[max(0, len(all)-4000):]
}

// TestRecovery: what is lost in one half is repaired, whatever the access and whatever the memory.
func TestRecovery(t *testing.T) {
	for _, name := range []string{"access", "regions", "calls", "signals", "memory_calls", "readers", "async", "matrix", "sleepers", "cut"} {
		t.Run(name, func(t *testing.T) {
			r := runGuest(t, name, Options{Policy: shadowmem.Policy{}})
			if f := r.Failures; f.Injected == 0 || f.Recovered == 0 || f.Recovered+f.Masked < f.Injected || f.Unrecovered > 0 {
				t.Errorf("%+v", f.counts())
			}
		})
	}
}

// TestBothLost: without a copy the program meets the error as on any machine, and the report says so.
func TestBothLost(t *testing.T) {
	r := runGuest(t, "both", Options{Argv: []string{"both"}})
	if f := r.Failures; f.Injected != 3 || f.Unrecovered == 0 || f.Recovered != 1 {
		t.Errorf("%+v", f.counts())
	}
}

// TestOwnPages: what kmv keeps in the target is mapped again.
func TestOwnPages(t *testing.T) {
	l := shadowmem.Default()
	jump, _ := l.JumpMapRange()
	var args []string
	pages := []uint64{uint64(l.Threads.Low), jump + 4*0x7fff0000 - 4096}
	for page := range uint64(40) { // the guest's code is in one of them
		pages = append(pages, uint64(l.Cache.Low)+page<<12)
	}
	for _, at := range pages {
		args = append(args, fmt.Sprintf("%#x", at))
	}
	r := runGuest(t, "own", Options{Argv: args})
	if f := r.Failures; f.Recovered < 2 || f.Unrecovered > 0 {
		t.Errorf("%+v", f.counts())
	}
}

// TestSilentCorruption: the scrubber finds flipped bits, decides by checksums, else by the policy, and retires a page whose
// bits are stuck.
func TestSilentCorruption(t *testing.T) {
	for _, policy := range []string{TrustNative, TrustMirror} {
		r := runGuest(t, "silent", Options{Argv: []string{policy}, Scrub: ScrubRate{Share: 0.5}, testAsk: true, OnUndecided: policy, Retire: 2})
		f := r.Failures
		if f.Recovered < 8 || f.Masked != 1 || f.Unrecovered > 0 || f.Retired != 1 || r.Scrub.Undecided == 0 {
			t.Errorf("%s: %+v %+v", policy, f.counts(), r.Scrub)
		}
	}
}

// TestUndecidedStops: with that policy a difference that nothing explains ends the program.
func TestUndecidedStops(t *testing.T) {
	binary := buildGuest(t, "silent")
	r, err := Run(context.Background(), Options{Path: binary, Argv: []string{binary}, Env: os.Environ(), Scrub: ScrubRate{Share: 0.5}, testAsk: true,
		OnUndecided: TrustNone, testCall: breakMemory(t)})
	if err != nil || r.Exit.Name != "SIGKILL" || r.Failures.Unrecovered != 1 {
		t.Errorf("%v %+v", err, r)
	}
}

// TestOldKernel: without UFFDIO_POISON errors are made by protection, and recovered from all the same.
func TestOldKernel(t *testing.T) {
	for _, name := range []string{"access", "regions", "calls", "signals", "memory_calls", "sleepers", "cut", "matrix"} {
		t.Run(name, func(t *testing.T) {
			r := runGuest(t, name, Options{testOld: true})
			if f := r.Failures; f.Recovered == 0 || f.Unrecovered > 0 || f.Events[0].Failure.Mechanism != byProtection {
				t.Errorf("%+v", f.counts())
			}
		})
	}
}

// TestMoveOver: what the kernel has really given up is replaced by a page that is moved over it.
func TestMoveOver(t *testing.T) {
	for _, name := range []string{"access", "regions", "memory_calls", "readers", "matrix"} {
		for how := 1; how <= 2; how++ {
			if how == 2 && name == "memory_calls" {
				continue // mremap(2) of what was moved over does not work
			}
			t.Run(fmt.Sprint(name, how), func(t *testing.T) {
				r := runGuest(t, name, Options{testMove: how})
				if f := r.Failures; f.Recovered == 0 || f.Unrecovered > 0 {
					t.Errorf("%+v", f.counts())
				}
			})
		}
	}
}

// TestFailingRecovery: memory for a new page is short for a moment, or the target dies in the middle of its repair.
func TestFailingRecovery(t *testing.T) {
	calls := 0
	r := runGuest(t, "access", Options{testInstall: func(e *engine) error {
		if calls++; calls%5 != 0 { // four failures, then a page
			return unix.ENOMEM
		}
		return nil
	}})
	if f := r.Failures; f.Unrecovered > 0 || f.Recovered == 0 {
		t.Errorf("short of memory: %+v", f.counts())
	}
	for name, do := range map[string]func(e *engine) error{
		"killed before":            func(e *engine) error { return unix.Kill(e.root, unix.SIGKILL) },
		"killed by a failing call": func(e *engine) error { _ = unix.Kill(e.root, unix.SIGKILL); return unix.ESRCH },
	} {
		for _, guest := range []string{"access", "readers", "regions"} {
			binary := buildGuest(t, guest)
			n := 0
			r, err := Run(context.Background(), Options{Path: binary, Argv: []string{binary}, Env: os.Environ(), testCall: breakMemory(t),
				testInstall: func(e *engine) error {
					if n++; n < 20 {
						return nil
					}
					return do(e)
				}})
			if err != nil || r.Exit.Name != "SIGKILL" {
				t.Errorf("%s %s: %v %+v", name, guest, err, r)
			}
		}
	}
}

// TestNoMemoryLeft: when there never is a new page, the program meets the error as if there were no copy, and the report
// says so.
func TestNoMemoryLeft(t *testing.T) {
	binary := buildGuest(t, "access")
	r, err := Run(context.Background(), Options{Path: binary, Argv: []string{binary}, Env: os.Environ(), testCall: breakMemory(t),
		testInstall: func(*engine) error { return unix.ENOMEM }})
	if err != nil || r.Exit.Name != "SIGBUS" || r.Failures.Unrecovered == 0 {
		t.Errorf("%v %+v", err, r)
	}
}

// TestLatency shows what a repair costs the program, the stop included.
func TestLatency(t *testing.T) {
	t.Setenv("LATENCY", "1")
	r := runGuest(t, "latency", Options{})
	if f := r.Failures; f.Recovered != 2000 || f.Unrecovered > 0 {
		t.Errorf("%+v", f.counts())
	}
}

// TestSecondFault: while a page is being replaced, the one that the stack pointer is in is lost too, in either half.
func TestSecondFault(t *testing.T) {
	for _, guest := range []string{"access", "regions", "calls"} {
		n, made := 0, 0
		r := runGuest(t, guest, Options{testInstall: func(e *engine) error {
			th := e.threads[e.current]
			if n++; n%3 != 0 || th == nil || th.p == nil || e.hand(th.p) != th || th.p.threads > 1 {
				return nil
			}
			at := th.regs.Rsp
			if bothLost(e, th.p, at) {
				return nil
			}
			if n%2 == 0 {
				at += e.layout.Offset
			}
			mechanism, err := e.poison(th, at, -n)
			if err == nil {
				made++
				e.failure(view.EventInjected, th.p, th, at, view.Failure{ID: -n, What: "page", Mechanism: mechanism})
			}
			return nil
		}})
		if f := r.Failures; made < 10 || f.Unrecovered > 0 || f.Recovered+f.Masked < f.Injected {
			t.Errorf("%s: %d second errors, %+v", guest, made, f.counts())
		}
	}
}
