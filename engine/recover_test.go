package engine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

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
	breakNative = 1
	breakMirror = 2
	breakFlip   = 4
)

// breakMemory is the system call by which guests break their own memory: address, halves, mask of bits.
func breakMemory(t *testing.T) func(e *engine, th *thread, a [6]uint64) int64 {
	id := 0
	return func(e *engine, th *thread, a [6]uint64) int64 {
		others, err := e.park(th)
		if err != nil {
			t.Error(err)
			os.Exit(1)
		}
		for _, half := range []uint64{breakNative, breakMirror} {
			if a[1]&half == 0 {
				continue
			}
			at := a[0]
			if half == breakMirror {
				at += e.layout.Offset
			}
			if a[1] != breakNative|breakMirror && bothLost(e, th.p, at) { // one fault at a place
				continue
			}
			id++
			if a[1]&breakFlip != 0 {
				continue
			}
			if mechanism, err := e.poison(th, at, id); err == nil {
				e.failure(view.EventInjected, th.p, th, at, view.Failure{ID: id, What: "page", Mechanism: mechanism})
			} else if e.log != nil {
				e.logf("not injected: %v", err)
			}
		}
		if err := e.unpark(others); err != nil {
			t.Error(err)
		}
		return 0
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
	for _, name := range []string{"access", "regions", "calls", "signals", "memory_calls", "readers"} {
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
	if f := r.Failures; f.Injected != 2 || f.Unrecovered == 0 || f.Recovered != 0 {
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
