package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kmv/engine/view"
)

// A name means what the unit around the place has, then what all units may name, then a static variable of another one, as in gdb.
func TestNamesOfUnits(t *testing.T) {
	dir := t.TempDir()
	sources := map[string]string{
		"first.c":  "static long counter = 7, alone = 8; long first(void) { return counter + alone; }\n",
		"second.c": "static long twice = 3; __attribute__((noinline)) long second(long x) { return x * twice; }\n",
		"third.c":  "long counter = 5, twice = 6; long first(void), second(long); int main(void) { return second(first() + counter) == 0; }\n",
	}
	args := []string{"-g", "-O0", "-o", dir + "/units"}
	for _, name := range []string{"first.c", "second.c", "third.c"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(sources[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip(err)
	}
	if b, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	commands := []string{"print counter", "print twice", "print alone", "print x", "print &counter == &twice"}
	want := answers(t, dir+"/units", []string{"break second", "run"}, commands)
	if want[0] != "5" || want[1] != "3" {
		t.Fatalf("gdb has %q", want)
	}
	s := steer(t, Options{VerifyAtExit: true}, dir+"/units")
	do(t, s.Live, view.Command{Op: view.Break, Text: "second"})
	s.run(view.Command{Op: view.Continue})
	s.compare(commands, want, 0)
	if got := s.ask(view.Command{Op: view.Eval, Text: "nowhere_to_be_found"}); got != "error: nowhere_to_be_found: is not a variable here, nor a symbol of the program or its libraries" {
		t.Error(got)
	}
	s.finish()
}
