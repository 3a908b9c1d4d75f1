package symbols

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Go's programs have their frames in .debug_frame alone.
func TestFramesOfGo(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\n//go:noinline\nfunc add(a, b int) int { return a + b }\n\nfunc main() { println(add(1, 2)) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "prog")
	cmd := exec.Command("go", "build", "-o", out, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	im, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := im.Find("main.add")
	if !ok {
		t.Fatal("there is no main.add")
	}
	var r Registers
	r[RegSP], r[RegPC] = 0x1000, s.Addr
	var lost uint32
	caller, cfa, _, ok := im.Caller(r, 0, true, &lost, func(addr uint64) (uint64, bool) { return 0x5555, addr == 0x1000 })
	if !ok || cfa != 0x1008 || caller[RegPC] != 0x5555 || caller[RegSP] != 0x1008 {
		t.Errorf("%x, cfa %#x, %v", caller, cfa, ok)
	}
	if f := im.FunctionAt(s.Addr); f == nil && im.HasLines() {
		f = im.FunctionAt(s.Addr)
		if f == nil || f.Name != "main.add" || len(f.Params) < 2 || f.Params[0].Name != "a" || f.Params[0].Type.String() != "int" {
			t.Errorf("%+v", f)
		}
	}
}
