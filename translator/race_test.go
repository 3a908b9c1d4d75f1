package translator

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var raceRounds = flag.Int("rounds", 5000, "rounds of each pair in TestRace")

// racePairs are read-modify-writes that two threads do on the words at rdi. The last ones are plain stores, in the
// form that Config.Fenced gives them.
var racePairs = [][2]string{
	{"lock xadd %rax,(%rdi)", "lock xadd %rax,(%rdi)"},
	{"lock incl (%rdi)", "lock decl (%rdi)"},
	{"xchg %rax,(%rdi)", "xchg %rax,(%rdi)"},
	{"xchg %al,3(%rdi)", "lock xadd %rax,(%rdi)"},
	{"lock addw $3,2(%rdi)", "lock xorl $-1,(%rdi)"},
	{"lock cmpxchg %rdx,(%rdi)", "xchg %eax,4(%rdi)"},
	{"lock cmpxchg16b 16(%rdi)", "lock addq $1,24(%rdi)"},
	{"lock btcl $5,(%rdi)", "lock notb (%rdi)"},
	{"lock adcq $7,6(%rdi)", "lock subq $1,1(%rdi)"},
	{"mov %rax,(%rdi)", "mov %rax,(%rdi)"},
	{"movups %xmm0,(%rdi)", "mov %eax,6(%rdi)"},
	{"mov %al,(%rdi)", "lock xadd %rax,(%rdi)"},
}

// TestRace runs pairs of translations on two threads against each other; the copies must agree whenever both stand still.
func TestRace(t *testing.T) {
	buildRunner(t) // skips without gcc
	if testing.Short() {
		t.Skip("needs two processors for a while")
	}
	dir := t.TempDir()
	bin, file := filepath.Join(dir, "race"), filepath.Join(dir, "pairs")
	run(t, "gcc", "-O1", "-pthread", "-fno-stack-protector", "-o", bin, "testdata/differential/race.c")
	cfg := testConfig
	cfg.Fenced = true
	rules := &ruleFile{cfg: cfg, pc: rowPC}
	for _, pair := range racePairs {
		rules.rows = append(rules.rows, ruleRow{asm: pair[0]}, ruleRow{asm: pair[1]})
	}
	rules.assemble(t)
	var out []byte
	for i := range rules.rows {
		f := rules.translate(t, &rules.rows[i])
		code := append(f.Code[f.Prefix:], 0xc3)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(code))), code...)
	}
	must(t, os.WriteFile(file, out, 0o644))
	result, err := exec.Command(bin, fmt.Sprint(*raceRounds), file).CombinedOutput()
	if err != nil {
		t.Fatalf("race: %v\n%s", err, result)
	}
	lines := strings.Fields(string(result))
	if len(lines) != 2*len(racePairs) {
		t.Fatalf("%d pairs, answers %q", len(racePairs), lines)
	}
	for i, pair := range racePairs {
		if lines[2*i+1] != "0" {
			t.Errorf("%s against %s: the copies differed in %s of %d rounds", pair[0], pair[1], lines[2*i+1], *raceRounds)
		}
	}
}
