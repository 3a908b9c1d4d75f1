package engine

import (
	"testing"
	"time"

	"kmv/engine/view"
	"kmv/translator/x86"
)

// Stores are estimated while the program runs on: where they go, how many have a copy, and how many there are; the copies stay equal.
func TestStoresAreEstimated(t *testing.T) {
	s := steer(t, Options{}, guest(t, "stores.c"))
	do(t, s.Live, view.Command{Op: view.Continue})
	s.until(view.EventResume)
	rated := func(r []view.Range, name string) float64 {
		for _, x := range r {
			if x.Name == name && x.Kind == "variable" {
				return x.StoreRate
			}
		}
		return 0
	}
	wait := func(ok func(n *view.Snapshot) bool) *view.Snapshot {
		t.Helper()
		for {
			n := look(t, s.Live, view.Query{Rates: true, Ranges: true})
			if n.State != view.Running {
				t.Fatalf("%s: %s", n.State, n.Reason)
			}
			if ok(n) {
				return n
			}
			time.Sleep(sampleEvery) // nothing tells when there is more to see
		}
	}
	n := wait(func(n *view.Snapshot) bool {
		return n.Counters.StoreWindows >= 3 && n.Counters.StoreRate > 0 && rated(n.Ranges, "array") > 0 && rated(n.Ranges, "total") > 0
	})
	c := n.Counters
	if c.Counting || c.StoresCopied != c.StoresSampled {
		t.Errorf("%d of %d sampled stores have a copy; counting: %v", c.StoresCopied, c.StoresSampled, c.Counting)
	}
	if all := rated(n.Ranges, "array") + rated(n.Ranges, "total"); all > 1.01*c.StoreRate {
		t.Errorf("%g stores a second in two variables, %g in all", all, c.StoreRate)
	}
	if c.StoresPerCPU < 1e6 || c.StoresPerCPU > 2e10 {
		t.Errorf("%g stores in a second of a processor", c.StoresPerCPU)
	}
	do(t, s.Live, view.Command{Op: view.Mirror, Text: "sym:array"}) // off
	c = look(t, s.Live, view.Query{Rates: true}).Counters
	if c.StoresCopied == c.StoresSampled || c.StoreWindows != 0 {
		t.Errorf("%d of %d sampled stores have a copy when one of two variables has none; looked %d times", c.StoresCopied, c.StoresSampled, c.StoreWindows)
	}
	wait(func(n *view.Snapshot) bool { return n.Counters.StoreWindows > 0 })
	do(t, s.Live, view.Command{Op: view.Count, On: true})
	wait(func(n *view.Snapshot) bool { return n.Counters.Counting && n.Counters.StoreRate > 0 })
	if r := do(t, s.Live, view.Command{Op: view.Verify}); len(r.Divergent) > 0 {
		t.Errorf("the halves differ: %+v", r.Divergent)
	}
}

// A window says what the counted blocks are worth: their part of the time before, and how much slower they made the rest.
func TestWindow(t *testing.T) {
	c := &codeCache{}
	var before []sample
	for i := range 100 { // half of the time in each of two blocks
		before = append(before, sample{code: c, block: uint64(1 + i/2%2)})
	}
	w := window{}
	w.choose(before)
	if len(w.blocks) != 1 || w.part != 0.5 {
		t.Fatalf("%d blocks chosen for %g of the time", len(w.blocks), w.part)
	}
	for i := range 90 { // counted, the one takes two thirds
		at := uint64(1)
		if w.blocks[cachedBlock{c, 1}] == (i%3 == 0) {
			at = 2
		}
		w.note(sample{code: c, block: at})
	}
	if got := w.slower(); got < 1.49 || got > 1.51 {
		t.Errorf("slower by %g, not by 1.5", got)
	}
}

// The address of the next store is known if nothing on the way changes its registers.
func TestAddressOf(t *testing.T) {
	for _, row := range []struct {
		code string
		want x86.RegSet
	}{
		{"\x48\x89\x04\x91", 1<<x86.RCX | 1<<x86.RDX}, // mov %rax,(%rcx,%rdx,4)
		{"\x50", 0},                            // push %rax
		{"\xaa", 1 << x86.RDI},                 // stos
		{"\x66\x0f\x38\xf8\x07", 1 << x86.RAX}, // movdir64b (%rdi),%rax
		{"\x48\x89\x05\x00\x00\x00\x00", 0},    // mov %rax,0(%rip)
	} {
		var in x86.Inst
		if err := x86.Decode([]byte(row.code), &in); err != nil {
			t.Fatal(err)
		}
		if got := addressOf(&in); got != row.want {
			t.Errorf("% x: %#x, not %#x", row.code, got, row.want)
		}
	}
}
