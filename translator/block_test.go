package translator

import (
	"bytes"
	"debug/elf"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// libcText is the code of the C library, and its address.
func libcText(tb testing.TB) ([]byte, uint64) {
	tb.Helper()
	names, _ := filepath.Glob("/lib/x86_64-linux-gnu/libc.so.6")
	more, _ := filepath.Glob("/lib*/libc.so.6")
	for _, name := range append(names, more...) {
		f, err := elf.Open(name)
		if err != nil {
			continue
		}
		defer f.Close()
		text := f.Section(".text")
		b, err := text.Data()
		must(tb, err)
		return b, 0x7000000 + text.Addr
	}
	tb.Skip("no libc.so.6")
	return nil, 0
}

// checkFragment holds what every fragment must obey.
func checkFragment(tb testing.TB, f *Fragment, phase uint32, maxInsts int) {
	tb.Helper()
	bad := func(what string) { tb.Fatalf("%s: %+v", what, f) }
	if f.Prefix == 0 || int(f.Prefix) > len(f.Code) || int(f.Insts) > maxInsts {
		bad("size")
	}
	last := -1
	for i := range f.Points {
		p := &f.Points[i]
		if int(p.Off) <= last && i > 0 || int(p.Off) > len(f.Code) {
			bad("points out of order")
		}
		if p.PC < f.Native && p.State != Clean {
			bad("pc of a point")
		}
		last = int(p.Off)
	}
	falls := 0
	for i, e := range f.Exits {
		if e.Kind == ExitFall {
			falls++
			if i != len(f.Exits)-1 {
				bad("falls in the middle")
			}
			continue
		}
		if int(e.Off)+4 > len(f.Code) || (phase+e.Off)&7 > 4 {
			bad("exit's rel32")
		}
	}
	if falls > 1 {
		bad("two falls")
	}
}

func sameFragment(a, b *Fragment) bool {
	if !bytes.Equal(a.Code, b.Code) || len(a.Points) != len(b.Points) || len(a.Exits) != len(b.Exits) {
		return false
	}
	for i := range a.Points {
		if a.Points[i] != b.Points[i] {
			return false
		}
	}
	for i := range a.Exits {
		if a.Exits[i] != b.Exits[i] {
			return false
		}
	}
	return a.Size == b.Size && a.Insts == b.Insts && a.Stores == b.Stores && a.Mirrored == b.Mirrored
}

// FuzzBlock translates any bytes: no panic, sound fragments, the same twice.
func FuzzBlock(f *testing.F) {
	for _, seed := range []string{"\x48\x89\x87\x90\x00\x00\x00\xc3", "\x64\x48\x8b\x04\x25\x28\x00\x00\x00\xe8\x00\x01\x00\x00",
		"\xf0\x48\x0f\xc7\x0f\xff\xd0", "\x67\xf3\xa4\xeb\xfe", "\x0f\x05"} {
		f.Add([]byte(seed), uint64(0x401000), uint8(3))
	}
	f.Fuzz(func(t *testing.T, code []byte, pc uint64, mode uint8) {
		cfg := testConfig
		cfg.Fenced, cfg.Mirror = mode&8 != 0, mode&16 == 0
		phase := uint32(mode & 7)
		var one, two Fragment
		tr := New(cfg)
		must(t, tr.Block(code, pc, phase, nil, &one))
		checkFragment(t, &one, phase, cfg.MaxInsts)
		must(t, tr.Block(code, pc, phase, nil, &two))
		if !sameFragment(&one, &two) {
			t.Fatalf("two translations of %x differ", code)
		}
	})
}

// TestLibc translates every block of libc, front to back, and random tails of it.
func TestLibc(t *testing.T) {
	text, base := libcText(t)
	tr := New(testConfig)
	var f Fragment
	var insts, stores, mirrored, stops int
	for off := 0; off < len(text); {
		must(t, tr.Block(text[off:], base+uint64(off), uint32(off)&7, nil, &f))
		checkFragment(t, &f, uint32(off)&7, testConfig.MaxInsts)
		insts, stores, mirrored = insts+int(f.Insts), stores+int(f.Stores), mirrored+int(f.Mirrored)
		if k := len(f.Exits) - 1; f.Insts > 0 && k >= 0 && f.Exits[k].Kind == ExitStop && f.Exits[k].Stop == StopUnsupported {
			stops++
			if stops < 10 {
				t.Logf("unsupported: %v", f.Last.Mnemonic)
			}
		}
		off += max(1, int(f.Size))
	}
	t.Logf("%d instructions, %d stores, %d mirrored, %d unsupported", insts, stores, mirrored, stops)
	if stores != mirrored {
		t.Errorf("%d stores, %d of them mirrored", stores, mirrored)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		off := rng.IntN(len(text) - 64)
		must(t, tr.Block(text[off:off+rng.IntN(64)], rng.Uint64(), 0, nil, &f))
		checkFragment(t, &f, 0, testConfig.MaxInsts)
	}
}

// TestLeader checks that a block ends in front of a known one.
func TestLeader(t *testing.T) {
	code := []byte{0x90, 0x90, 0x90, 0xc3}
	var f Fragment
	must(t, New(testConfig).Block(code, 0x1000, 0, func(pc uint64) bool { return pc == 0x1002 || pc == 0x1000 }, &f))
	if f.Insts != 2 || len(f.Exits) != 1 || f.Exits[0] != (Exit{Kind: ExitFall, Target: 0x1002}) {
		t.Errorf("%+v", f)
	}
	must(t, New(Config{MaxInsts: 1, Mirror: true}).Block(code, 0x1000, 0, nil, &f))
	if f.Insts != 1 || f.Exits[0] != (Exit{Kind: ExitFall, Target: 0x1001}) {
		t.Errorf("%+v", f)
	}
	if New(Config{}).Block(code, 0x1000, 0, nil, &f) == nil {
		t.Error("no instructions allowed, no error")
	}
}

// BenchmarkBlock translates libc; the figure that counts is ns/inst.
func BenchmarkBlock(b *testing.B) {
	text, base := libcText(b)
	tr := New(testConfig)
	var f Fragment
	insts := 0
	b.ReportAllocs()
	for b.Loop() {
		for off := 0; off < len(text); {
			if err := tr.Block(text[off:], base+uint64(off), 0, nil, &f); err != nil {
				b.Fatal(err)
			}
			insts += int(f.Insts)
			off += max(1, int(f.Size))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(insts), "ns/inst")
}

// TestNoAllocation checks the steady state.
func TestNoAllocation(t *testing.T) {
	text, base := libcText(t)
	tr := New(testConfig)
	var f Fragment
	pass := func() {
		for off := 0; off < 100000; {
			must(t, tr.Block(text[off:], base+uint64(off), 0, nil, &f))
			off += max(1, int(f.Size))
		}
	}
	pass()
	if n := testing.AllocsPerRun(3, pass); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
