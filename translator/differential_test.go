package translator

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kmv/translator/x86"
)

var (
	diffStates = flag.Int("states", 40, "random states for each instruction of the differential test")
	diffRandom = flag.Int("random", 4000, "random encodings in the differential test")
	diffSeed   = flag.Uint64("seed", 1, "seed of the differential test")
)

// TestDifferential executes instructions natively and translated, from random states, and compares everything.
// testdata/differential/runner.c executes; cases_test.go makes the cases.
func TestDifferential(t *testing.T) {
	runner := buildRunner(t)
	states := *diffStates
	if testing.Short() {
		states = 5
	}
	rng := rand.New(rand.NewPCG(*diffSeed, 0))
	for _, mode := range []struct {
		name string
		cfg  func(*Config)
	}{
		{"mirror", func(*Config) {}},
		{"fenced", func(c *Config) { c.Fenced = true }},
	} {
		t.Run(mode.name, func(t *testing.T) {
			cfg := testConfig
			mode.cfg(&cfg)
			m := newCaseMaker(cfg, rng)
			for _, code := range assembleLines(t) {
				for range states {
					m.add(code)
				}
			}
			m.run(t, runner)
		})
	}
}

// TestDifferentialRandom does the same with random encodings of everything that decodes.
func TestDifferentialRandom(t *testing.T) {
	runner := buildRunner(t)
	rng := rand.New(rand.NewPCG(*diffSeed, 1))
	n := *diffRandom
	if testing.Short() {
		n = 500
	}
	m := newCaseMaker(testConfig, rng)
	seen := map[encodingKey]int{}
	for tries := 0; len(m.cases) < 8*n && tries < 4000*n; tries++ {
		code := randomEncoding(rng)
		var in x86.Inst
		if x86.Decode(code, &in) != nil || !executable(&in) {
			continue
		}
		k := keyOf(&in)
		if seen[k] >= 3 {
			continue
		}
		seen[k]++
		for range 8 {
			m.add(code[:in.Len])
		}
	}
	t.Logf("%d kinds of encodings", len(seen))
	m.run(t, runner)
}

// encodingKey is how random encodings are spread over what there is.
type encodingKey struct {
	op     x86.Op
	enc    x86.Encoding
	size   uint8
	mem    uint16
	hasMem bool
	seg    x86.Seg
	rip    bool
	addr32 bool
	lock   bool
	rep    bool
}

func keyOf(in *x86.Inst) encodingKey {
	return encodingKey{in.Mnemonic, in.Enc, in.OpSize, in.MemSize, in.HasMem, in.Mem.Seg, in.Mem.RIP, in.Addr32, in.Lock, in.Rep}
}

// buildRunner compiles the C program, once a test binary.
func buildRunner(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is missing: it builds testdata/differential/runner.c")
	}
	bin := filepath.Join(t.TempDir(), "runner")
	run(t, "gcc", "-O1", "-fno-stack-protector", "-Wno-parentheses", "-o", bin, "testdata/differential/runner.c")
	return bin
}

// assembleLines gives the bytes of each line of instructions.txt.
func assembleLines(t *testing.T) [][]byte {
	text, err := os.ReadFile("testdata/differential/instructions.txt")
	must(t, err)
	var src strings.Builder
	n := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		// each line is followed by a mark that no instruction contains
		fmt.Fprintf(&src, "%s\n.ascii \"%s\"\n", line, lineMark)
		n++
	}
	dir := t.TempDir()
	asm, obj, bin := filepath.Join(dir, "a.s"), filepath.Join(dir, "a.o"), filepath.Join(dir, "a.bin")
	must(t, os.WriteFile(asm, []byte(src.String()), 0o644))
	run(t, "as", "-o", obj, asm)
	run(t, "objcopy", "-O", "binary", "-j", ".text", obj, bin)
	raw, err := os.ReadFile(bin)
	must(t, err)
	parts := bytes.Split(raw, []byte(lineMark))
	if len(parts) != n+1 {
		t.Fatalf("%d lines became %d pieces", n, len(parts)-1)
	}
	return parts[:n]
}

const lineMark = "|kmv-mark|"

// run executes the cases and reports what differs.
func (m *caseMaker) run(t *testing.T, runner string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cases")
	must(t, os.WriteFile(file, m.out, 0o644))
	out, err := exec.Command(runner, file).CombinedOutput()
	text := string(out)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	t.Log(last)
	if err == nil && strings.HasSuffix(last, "mismatches 0") {
		return
	}
	shown := map[string]bool{}
	for _, line := range lines {
		var id int
		if _, err := fmt.Sscanf(line, "%d", &id); err != nil || id >= len(m.cases) {
			continue
		}
		name := fmt.Sprint(m.cases[id].in.Mnemonic)
		if shown[name] || len(shown) > 25 {
			continue
		}
		shown[name] = true
		t.Errorf("%s\n%s", line, m.cases[id].describe(t))
	}
	t.Fatalf("%d cases, runner: %v, %s", len(m.cases), err, last)
}
