package translator

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/rules from the rows' assembly")

// testConfig is what rule rows and the differential test translate with.
var testConfig = Config{Offset: 1 << 46, JumpMap: 0x7fff0000, Mirror: true, MaxInsts: 32}

// rowPC is where the rows' instructions lie natively.
const rowPC = 0x401000

// TestRules compares the translation of each row in testdata/rules with what the row says. A row is an instruction in
// AT&T syntax, its bytes, and its translation, one cache instruction a line: state, role, what Restore gives back,
// bytes, and objdump's reading. With -update, the rows are made anew from their first lines.
//
// The first line of a file may be "# config" with words from: fenced, unmirrored, high (code above 2 GiB).
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no rules", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rules := parseRules(string(text))
			if *update {
				rules.assemble(t)
				if err := os.WriteFile(name, []byte(rules.render(t)), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			rules.check(t)
		})
	}
}

// ruleFile is one file of rows.
type ruleFile struct {
	head []string // comment lines
	cfg  Config
	pc   uint64
	rows []ruleRow
}

type ruleRow struct {
	asm    string
	native []byte
	want   []string // lines of the translation
}

func parseRules(text string) *ruleFile {
	f := &ruleFile{cfg: testConfig, pc: rowPC}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
		case line[0] == '#':
			f.head = append(f.head, line)
			f.configure(line)
		case line[0] != '\t':
			f.rows = append(f.rows, ruleRow{asm: line})
		default:
			r := &f.rows[len(f.rows)-1]
			line = strings.TrimSpace(line)
			if r.native == nil {
				r.native, _ = hex.DecodeString(line)
			} else {
				r.want = append(r.want, line)
			}
		}
	}
	return f
}

// configure understands "# config ...".
func (f *ruleFile) configure(line string) {
	words, ok := strings.CutPrefix(line, "# config ")
	if !ok {
		return
	}
	for w := range strings.FieldsSeq(words) {
		switch w {
		case "fenced":
			f.cfg.Fenced = true
		case "unmirrored":
			f.cfg.Mirror = false
		case "answers":
			f.cfg.Answers = 0xbfff0000
		case "high":
			f.pc = 0x7e1234567000
		}
	}
}

// translate gives the fragment of one row.
func (f *ruleFile) translate(t *testing.T, r *ruleRow) *Fragment {
	var frag Fragment
	if err := New(f.cfg).Block(r.native, f.pc, 0, nil, &frag); err != nil {
		t.Fatal(err)
	}
	return &frag
}

// check compares without any tool.
func (f *ruleFile) check(t *testing.T) {
	for i := range f.rows {
		r := &f.rows[i]
		frag := f.translate(t, r)
		var want []byte
		for _, line := range r.want {
			if strings.HasPrefix(line, "exit:") {
				continue
			}
			b, err := hex.DecodeString(strings.Fields(line)[2])
			if err != nil {
				t.Fatalf("%s: %q: %v", r.asm, line, err)
			}
			want = append(want, b...)
		}
		if got := frag.Code[frag.Prefix:]; string(got) != string(want) {
			t.Errorf("%s\n got %x\nwant %x", r.asm, got, want)
		}
		if got := describe(frag, r.lengths()); strings.Join(got, "\n") != strings.Join(r.marks(), "\n") {
			t.Errorf("%s: points and exits\n got %q\nwant %q", r.asm, got, r.marks())
		}
	}
}

// lengths are the lengths of the cache instructions of a row.
func (r *ruleRow) lengths() []int {
	var n []int
	for _, line := range r.want {
		if !strings.HasPrefix(line, "exit:") {
			n = append(n, len(strings.Fields(line)[2])/2)
		}
	}
	return n
}

// marks are the first two columns of a row's lines, and its exits.
func (r *ruleRow) marks() []string {
	var s []string
	for _, line := range r.want {
		if strings.HasPrefix(line, "exit:") {
			s = append(s, line)
			continue
		}
		f := strings.Fields(line)
		s = append(s, f[0]+" "+f[1])
	}
	return s
}

// describe gives what marks should be.
func describe(f *Fragment, lengths []int) []string {
	var s []string
	off := f.Prefix
	for _, n := range lengths {
		s = append(s, mark(f, off))
		off += uint32(n)
	}
	for _, e := range f.Exits {
		s = append(s, exitText(f, e))
	}
	return s
}

func exitText(f *Fragment, e Exit) string {
	kind := [...]string{"jump", "fall", "syscall", "stop"}[e.Kind]
	s := fmt.Sprintf("exit: %s %+d", kind, int64(e.Target-f.Native))
	if e.Kind == ExitStop {
		s += " " + [...]string{"undefined", "privileged", "int", "unknown", "unsupported", "cpuid", "fetch"}[e.Stop]
	}
	return s
}

// mark is state and role at an offset, and what is to be restored.
func mark(f *Fragment, off uint32) string {
	var p Point
	for _, q := range f.Points {
		if q.Off <= off {
			p = q
		}
	}
	s := [...]string{"clean", "before", "repeat", "done", "ahead"}[p.State] + "-" + [...]string{"native", "mirror", "glue"}[p.Role]
	var regs []string
	for _, r := range p.Restore[:p.N] {
		if r.Slot < 0 {
			regs = append(regs, fmt.Sprintf("%s%+d", regNames[r.Reg], r.Add))
		} else {
			regs = append(regs, fmt.Sprintf("%s=%#x", regNames[r.Reg], r.Slot))
		}
	}
	if regs == nil {
		return s + " -"
	}
	return s + " " + strings.Join(regs, ",")
}

var regNames = strings.Fields("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15")

// assemble fills in the native bytes of all rows.
func (f *ruleFile) assemble(t *testing.T) {
	for i := range f.rows {
		r := &f.rows[i]
		dir := t.TempDir()
		src, obj, bin := filepath.Join(dir, "a.s"), filepath.Join(dir, "a.o"), filepath.Join(dir, "a.bin")
		text := fmt.Sprintf(".text\n.org 0\n%s\n", strings.ReplaceAll(r.asm, ";", "\n"))
		must(t, os.WriteFile(src, []byte(text), 0o644))
		run(t, "as", "-o", obj, src)
		run(t, "ld", "-Ttext", fmt.Sprintf("%#x", f.pc), "--oformat", "binary", "-e", fmt.Sprint(f.pc), "-o", bin, obj)
		b, err := os.ReadFile(bin)
		must(t, err)
		r.native = b
	}
}

// render translates and disassembles all rows.
func (f *ruleFile) render(t *testing.T) string {
	var b strings.Builder
	for _, h := range f.head {
		fmt.Fprintln(&b, h)
	}
	for i := range f.rows {
		r := &f.rows[i]
		frag := f.translate(t, r)
		fmt.Fprintf(&b, "\n%s\n\t%x\n", r.asm, r.native)
		code := frag.Code[frag.Prefix:]
		off := 0
		for _, line := range disassemble(t, code) {
			fmt.Fprintf(&b, "\t%-44s %-26x %s\n", mark(frag, frag.Prefix+uint32(off)), code[off:off+line.n], line.text)
			off += line.n
		}
		for _, e := range frag.Exits {
			fmt.Fprintf(&b, "\t%s\n", exitText(frag, e))
		}
	}
	return b.String()
}

type asmLine struct {
	n    int
	text string
}

var spaces = regexp.MustCompile(`\s+`)

// disassemble runs objdump over code.
func disassemble(t *testing.T, code []byte) []asmLine {
	bin := filepath.Join(t.TempDir(), "code")
	must(t, os.WriteFile(bin, code, 0o644))
	out := run(t, "objdump", "-D", "-b", "binary", "-mi386:x86-64", "-w", bin)
	var lines []asmLine
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 3 {
			continue
		}
		lines = append(lines, asmLine{len(strings.Fields(f[1])), strings.TrimSpace(spaces.ReplaceAllString(f[2], " "))})
	}
	return lines
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
