package x86

import (
	"bufio"
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

var updateAsm = flag.Bool("update-asm", false, "rewrite testdata/asm.txt from objdump")

// asmRows is one row per emitter, or per form of it; testdata/asm.txt holds their bytes and objdump's reading of them.
var asmRows = []func(a *Asm){
	func(a *Asm) { a.JmpRel() },
	func(a *Asm) { a.JccRel(CondNE) },
	func(a *Asm) { a.MovRR(RAX, R9, 8) },
	func(a *Asm) { a.MovRR(RSI, RBX, 1) },
	func(a *Asm) { a.MovRM(R10, At(RSP, 8), 8) },
	func(a *Asm) { a.MovRM(RDX, AtIndex(RBP, R12, 8, 0), 4) },
	func(a *Asm) { a.MovRM(RDI, Abs(0x1234).In(FS), 8) },
	func(a *Asm) { a.MovRM(RCX, AtIndex(NoReg, RCX, 4, 0x7fff0000).In(GS), 4) },
	func(a *Asm) { a.MovMR(At(R13, 0).In(GS), RSI, 1) },
	func(a *Asm) { a.MovMR(At(R12, -128), R8, 2) },
	func(a *Asm) { a.MovMR(At(RAX, 128), RAX, 4) },
	func(a *Asm) { a.MovMI(At(RSP, 0).In(GS), -5, 8) },
	func(a *Asm) { a.MovMI(At(RSP, 0), 0x1234, 2) },
	func(a *Asm) { a.MovMI(At(RSP, 0), -1, 1) },
	func(a *Asm) { a.MovRI(R8, 5) },
	func(a *Asm) { a.MovRI16(R8, 5) },
	func(a *Asm) { a.MovRI(RDI, 1<<64-2) },
	func(a *Asm) { a.MovRI(R15, 0x123456789abcdef0) },
	func(a *Asm) { a.MovzxRM(RDX, At(RSI, 1), 1) },
	func(a *Asm) { a.MovzxRM(R9, At(RSI, 1), 2) },
	func(a *Asm) { a.MovzxRM(RDX, At(RSI, 1), 4) },
	func(a *Asm) { a.MovzxRR(RAX, RSI, 1) },
	func(a *Asm) { a.MovzxRR(R8, RDX, 1) },
	func(a *Asm) { a.MovzxRR(RAX, R11, 2) },
	func(a *Asm) { a.MovzxRR(RAX, RAX, 4) },
	func(a *Asm) { a.MovsxRM(RAX, At(RDX, 0), 1) },
	func(a *Asm) { a.MovsxRM(RAX, At(RDX, 0), 2) },
	func(a *Asm) { a.MovsxRM(RAX, At(RDX, 0), 4) },
	func(a *Asm) { a.Lea(RSP, At(RSP, 16)) },
	func(a *Asm) { a.Lea(R11, AtIndex(R11, RAX, 1, -0x80000000)) },
	func(a *Asm) { a.Lea32(R9, AtIndex(RSP, R8, 2, 1).In(FS)) },
	func(a *Asm) { a.AluRR(AluAdd, RAX, RCX, 8) },
	func(a *Asm) { a.AluRR(AluXor, R8, R8, 4) },
	func(a *Asm) { a.AluRM(AluCmp, RAX, Abs(8).In(FS), 8) },
	func(a *Asm) { a.AluMR(AluOr, At(RDI, 0), RDI, 1) },
	func(a *Asm) { a.AluRI(AluSub, RSP, 8, 8) },
	func(a *Asm) { a.AluRI(AluAnd, RBP, 0x1000, 2) },
	func(a *Asm) { a.AluRI(AluSbb, RBP, -0x1000, 4) },
	func(a *Asm) { a.AluRI(AluAdc, RBP, 3, 1) },
	func(a *Asm) { a.AluMI(AluCmp, At(RBX, 4), 0, 4) },
	func(a *Asm) { a.AluMI(AluAdd, Abs(0x40).In(FS), 0x12345678, 8) },
	func(a *Asm) { a.TestRR(RAX, RDX, 4) },
	func(a *Asm) { a.TestRI(RSI, 7, 1) },
	func(a *Asm) { a.TestRI(RSI, 0x700, 8) },
	func(a *Asm) { a.TestMI(At(RSI, 0), 0x700, 2) },
	func(a *Asm) { a.ShiftRI(ShiftShl, RAX, 12, 8) },
	func(a *Asm) { a.ShiftRI(ShiftShr, R9, 3, 4) },
	func(a *Asm) { a.ShiftRI(ShiftSar, RAX, 63, 8) },
	func(a *Asm) { a.ShiftRCL(ShiftRol, RDX, 8) },
	func(a *Asm) { a.ShiftRCL(ShiftRor, RDX, 2) },
	func(a *Asm) { a.Not(RCX, 8) },
	func(a *Asm) { a.Neg(R12, 8) },
	func(a *Asm) { a.IncR(RAX, 8) },
	func(a *Asm) { a.DecR(RSI, 1) },
	func(a *Asm) { a.ImulRR(RAX, R10, 8) },
	func(a *Asm) { a.ImulRRI(RAX, R10, 24, 8) },
	func(a *Asm) { a.Bt(RAX, 10, 4) },
	func(a *Asm) { a.Bsf(RAX, RCX, 8) },
	func(a *Asm) { a.Bsr(RAX, RCX, 4) },
	func(a *Asm) { a.XchgRR(RDX, R8, 8) },
	func(a *Asm) { a.XchgMR(At(RDI, 0).In(GS), RSI, 1) },
	func(a *Asm) { a.LockXadd(At(RDI, 0), RAX, 4) },
	func(a *Asm) { a.LockCmpxchg(Abs(0x10).In(FS), R9, 8) },
	func(a *Asm) { a.LockAluMI(AluAdd, At(RDI, 8), 1, 8) },
	func(a *Asm) { a.LockAluMR(AluOr, At(RDI, 8), R9, 2) },
	func(a *Asm) { a.JmpR(R11) },
	func(a *Asm) { a.CallR(RAX) },
	func(a *Asm) { a.JmpM(Abs(0x88).In(FS)) },
	func(a *Asm) { a.CallM(At(RBX, 8)) },
	func(a *Asm) { a.Ret() },
	func(a *Asm) { a.PushR(R15) },
	func(a *Asm) { a.PopR(RBX) },
	func(a *Asm) { a.PushM(Abs(0x18).In(FS)) },
	func(a *Asm) { a.PopM(At(R14, 0x40)) },
	func(a *Asm) { a.PushI(-2) },
	func(a *Asm) { a.Pushfq() },
	func(a *Asm) { a.Popfq() },
	func(a *Asm) { a.Lahf() },
	func(a *Asm) { a.Sahf() },
	func(a *Asm) { a.Setcc(CondO, RAX) },
	func(a *Asm) { a.Setcc(CondLE, RSI) },
	func(a *Asm) { a.Cmov(CondB, R8, RAX, 8) },
	func(a *Asm) { a.Cld() },
	func(a *Asm) { a.Std() },
	func(a *Asm) { a.RepMovs(1) },
	func(a *Asm) { a.String(0xa5, 8) },
	func(a *Asm) { a.String(0xab, 2) },
	func(a *Asm) { a.RepMovs(8) },
	func(a *Asm) { a.RepStos(2) },
	func(a *Asm) { a.RepeCmps(4) },
	func(a *Asm) { a.Syscall() },
	func(a *Asm) { a.Int3() },
	func(a *Asm) { a.UD2() },
	func(a *Asm) { a.Cpuid() },
	func(a *Asm) { a.Mfence() },
	func(a *Asm) { a.Pause() },
	func(a *Asm) { a.MovdquRM(9, At(RSP, 16)) },
	func(a *Asm) { a.MovdquMR(Abs(0x40).In(FS), 1) },
	func(a *Asm) { a.KmovRK(R9, 3) },
	func(a *Asm) { a.KmovKR(7, RAX) },
	func(a *Asm) { a.KmovRK16(RDX, 1) },
	func(a *Asm) { a.KmovKR16(1, R15) },
	func(a *Asm) { a.Fxsave(At(RSP, 0)) },
	func(a *Asm) { a.Fxrstor(At(RSP, 0)) },
	func(a *Asm) { a.Xsave(Abs(0x400).In(FS)) },
	func(a *Asm) { a.Xrstor(At(R8, 0)) },
	func(a *Asm) { a.Rdfsbase(RAX) },
	func(a *Asm) { a.Wrfsbase(R9) },
	func(a *Asm) { a.Rdgsbase(RCX) },
	func(a *Asm) { a.Wrgsbase(RBP) },
}

// TestAsmRows compares each emitter with its golden line, and the golden line with objdump where there is one.
func TestAsmRows(t *testing.T) {
	golden := filepath.Join("testdata", "asm.txt")
	var a Asm
	var code []string
	for _, emit := range asmRows {
		a.Reset()
		emit(&a)
		code = append(code, hex.EncodeToString(a.Buf))
	}
	text := objdumpLines(t, code)
	if *updateAsm {
		var b strings.Builder
		for i, c := range code {
			fmt.Fprintf(&b, "%-32s %s\n", c, text[i])
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(want)), "\n")
	if len(lines) != len(code) {
		t.Fatalf("%d emitters, %d golden lines", len(code), len(lines))
	}
	for i, line := range lines {
		wantHex, wantText, _ := strings.Cut(line, " ")
		wantText = strings.TrimSpace(wantText)
		if code[i] != wantHex {
			t.Errorf("row %d: emitted %s, want %s (%s)", i, code[i], wantHex, wantText)
		}
		if text != nil && text[i] != wantText {
			t.Errorf("row %d: %s is %q for objdump, want %q", i, code[i], text[i], wantText)
		}
	}
}

// objdumpLines disassembles instructions given in hex; nil without objdump.
func objdumpLines(t *testing.T, code []string) []string {
	if _, err := exec.LookPath("objdump"); err != nil {
		t.Log("objdump is missing: comparing with golden bytes only")
		return nil
	}
	const slot = 32 // each instruction starts at a multiple of it
	var raw []byte
	for _, c := range code {
		b, _ := hex.DecodeString(c)
		raw = append(raw, b...)
		for len(raw)%slot != 0 {
			raw = append(raw, 0x90)
		}
	}
	bin := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(bin, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("objdump", "-D", "-b", "binary", "-mi386:x86-64", "-w", "--no-show-raw-insn", bin).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(code))
	spaces := regexp.MustCompile(`\s+`)
	for sc := bufio.NewScanner(strings.NewReader(string(out))); sc.Scan(); {
		var at int
		addr, text, ok := strings.Cut(strings.TrimSpace(sc.Text()), ":")
		if _, err := fmt.Sscanf(addr, "%x", &at); ok && err == nil && at%slot == 0 && at/slot < len(lines) {
			lines[at/slot] = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
		}
	}
	return lines
}

// TestAsmOperands compares every addressing form with what as makes of its text.
func TestAsmOperands(t *testing.T) {
	if _, err := exec.LookPath("as"); err != nil {
		t.Skip("as is missing")
	}
	var text strings.Builder
	var a Asm
	row := func(m Mem, dst Reg) {
		fmt.Fprintf(&text, "mov %s,%s\n", attMem(m), attReg(dst))
		a.MovRM(dst, m, 8)
	}
	regs := []Reg{NoReg}
	for r := RAX; r <= R15; r++ {
		regs = append(regs, r)
	}
	n := 0
	for _, base := range regs {
		for _, index := range regs {
			for _, disp := range []int64{0, 1, -128, 128, 0x7fffffff, -0x80000000} {
				if index == RSP {
					continue
				}
				m := Mem{Base: base, Index: index, Scale: 1 << (n % 4), Disp: disp, Seg: Seg(n % 3)}
				row(m, Reg(n%16))
				n++
			}
		}
	}
	got, want := a.Buf, assemble(t, text.String())
	if string(got) != string(want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Fatalf("differs from as at byte %d", at)
	}
}

// assemble returns the bytes of the text section of AT&T assembly.
func assemble(t *testing.T, text string) []byte {
	dir := t.TempDir()
	src, obj, bin := filepath.Join(dir, "a.s"), filepath.Join(dir, "a.o"), filepath.Join(dir, "a.bin")
	if err := os.WriteFile(src, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range [][]string{{"as", "-o", obj, src}, {"objcopy", "-O", "binary", "-j", ".text", obj, bin}} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	b, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var attNames = strings.Fields("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15")

func attReg(r Reg) string { return "%" + attNames[r] }

func attMem(m Mem) string {
	s := []string{"", "%fs:", "%gs:"}[m.Seg]
	if m.Disp != 0 || m.Base == NoReg {
		s += fmt.Sprint(m.Disp)
	}
	if m.Base == NoReg && m.Index == NoReg {
		return s
	}
	s += "("
	if m.Base != NoReg {
		s += attReg(m.Base)
	}
	if m.Index != NoReg {
		s += fmt.Sprintf(",%s,%d", attReg(m.Index), m.Scale)
	}
	return s + ")"
}

// TestAsmLabels runs jumps and RIP operands in both directions past each other.
func TestAsmLabels(t *testing.T) {
	var a Asm
	top, end, data := a.Here(), a.NewLabel(), a.NewLabel()
	a.Jcc(CondNE, end)
	a.Jrcxz(top)
	a.JmpShort(end)
	a.Call(top)
	a.MovMI(data.Mem(), 7, 4)
	a.Lea(RAX, top.Mem())
	a.Bind(end)
	a.JccShort(CondE, end)
	a.Jmp(top)
	a.Bind(data)
	a.Imm64(0)
	a.Link()
	want := assemble(t, `
top:	{disp32} jne end
	jrcxz top
	jmp end
	call top
	movl $7,data(%rip)
	lea top(%rip),%rax
end:	je end
	{disp32} jmp top
data:	.quad 0
`)
	if string(a.Buf) != string(want) {
		t.Errorf("got  %x\nwant %x", a.Buf, want)
	}
	if a.Offset(data) != len(want)-8 {
		t.Errorf("data is at %d", a.Offset(data))
	}
}

// TestAsmNop checks that each padding is of the length asked for.
func TestAsmNop(t *testing.T) {
	var a Asm
	for n := range 40 {
		a.Reset()
		a.Nop(n)
		if len(a.Buf) != n {
			t.Errorf("Nop(%d) is %d bytes long", n, len(a.Buf))
		}
	}
}
