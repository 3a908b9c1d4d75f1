package x86

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// targets are the operands that every memory operand of the libraries is replaced by.
var targets = []Mem{
	{Base: RAX, Index: NoReg, Scale: 1},
	{Base: RSP, Index: NoReg, Scale: 1, Disp: 8},
	{Base: RBP, Index: NoReg, Scale: 1, Seg: GS},
	{Base: R12, Index: NoReg, Scale: 1, Seg: GS},
	{Base: R13, Index: NoReg, Scale: 1},
	{Base: RCX, Index: NoReg, Scale: 1, Disp: -0x12345678, Seg: GS},
	{Base: RDI, Index: RSI, Scale: 4, Disp: 0x7f},
	{Base: R14, Index: R12, Scale: 8, Disp: -0x80, Seg: FS},
	{Base: NoReg, Index: R9, Scale: 2, Disp: 0x1000},
	{Base: NoReg, Index: NoReg, Scale: 1, Disp: 0x7fffffff, Seg: GS},
	{Base: NoReg, Index: NoReg, Scale: 1, Disp: 0x401000},
}

// TestReencodeLibraries gives the instructions of the libraries other segments and addresses and reads them back.
func TestReencodeLibraries(t *testing.T) {
	for _, file := range oracleFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			done, refused := 0, 0
			for _, c := range distinct(t, file) {
				var in Inst
				if Decode(c[:15], &in) != nil || !in.HasMem || in.Flow == FlowUndefined {
					continue
				}
				code := c[:in.Len]
				checkAgain(t, &in, code, in.AppendSeg(nil, code, GS), withSeg(in.Mem, GS))
				for _, m := range targets {
					out, ok := in.AppendMem(nil, code, m)
					if !ok {
						refused++
						if !in.usesHighByte() {
							t.Errorf("%x: cannot take %+v", code, m)
						}
						continue
					}
					done++
					checkAgain(t, &in, code, out, m)
				}
			}
			t.Logf("%d operands replaced, %d refused because of AH to BH", done, refused)
		})
	}
}

func withSeg(m Mem, s Seg) Mem {
	m.Seg = s
	return m
}

// checkAgain decodes out, which must be in with the operand m.
func checkAgain(t testing.TB, in *Inst, code, out []byte, m Mem) {
	if in.Mnemonic == OpLEA {
		m.Seg = NoSeg // it has none
	}
	var again Inst
	if err := Decode(out, &again); err != nil || int(again.Len) != len(out) {
		t.Errorf("%x became %x: %v, length %d", code, out, err, again.Len)
		return
	}
	if in.Mem.VSIB {
		m.Index, m.Scale, m.VSIB = in.Mem.Index, in.Mem.Scale, true
	}
	if again.Mem != m {
		t.Errorf("%x became %x: %+v, want %+v", code, out, again.Mem, m)
	}
	if a, b := comparable(in, again.Mem, in.Mem), comparable(&again, again.Mem, in.Mem); a != b {
		t.Errorf("%x became %x:\n%+v\n%+v", code, out, a, b)
	}
}

// comparable keeps what a new address does not change.
func comparable(in *Inst, mems ...Mem) Inst {
	c := *in
	c.Len, c.PrefixEnd, c.OpcodeOff, c.ModRMOff, c.DispOff, c.DispLen, c.ImmOff = 0, 0, 0, 0, 0, 0, 0
	c.ModRM &= 0x38
	c.Rex &= 0xc
	c.Addr32, c.HasModRM, c.Mem = false, false, Mem{}
	for _, m := range mems {
		if m.Base != NoReg {
			c.Reads |= 1 << m.Base
		}
		if m.Index != NoReg && !m.VSIB {
			c.Reads |= 1 << m.Index
		}
	}
	if in.Mnemonic == OpMOV { // moffs forms have another row and opcode
		c.Opcode, c.row, c.Rex = 0, 0, 0
	}
	return c
}

var (
	operandText = regexp.MustCompile(`(%[defgs]s:)?(-?0x[0-9a-f]+)?\([^)]*\)`) // a memory operand in objdump's syntax
	noiseText   = regexp.MustCompile(`\s+#.*|,p[nt]\b|(^| )(cs|ds|es|ss|fs|gs|data16|addr32|repz|repnz|xacquire|xrelease|bnd|rex\S*) `)
)

// withoutOperand is a line of objdump without its address and without what appendPrefixes drops.
func withoutOperand(text string) string {
	text = noiseText.ReplaceAllString(noiseText.ReplaceAllString(text, " "), " ")
	return strings.Join(strings.Fields(operandText.ReplaceAllString(text, "M")), " ")
}

// TestReencodeTextAgainstObjdump lets objdump read what became of the instructions: only the address may change.
func TestReencodeTextAgainstObjdump(t *testing.T) {
	m := Mem{Base: R11, Index: R15, Scale: 2, Disp: 0x1234, Seg: GS}
	const operand = "%gs:0x1234(%r11,%r15,2)"
	var before, after []byte
	for _, c := range distinct(t, oracleFiles(t)[len(quickFiles)-1]) {
		var in Inst
		if Decode(c[:15], &in) != nil || !in.HasMem || in.Flow != FlowNext || len(before) > 16*50000 {
			continue
		}
		out, ok := in.AppendMem(nil, c[:in.Len], m)
		if !ok {
			continue
		}
		before = slot(before, c[:in.Len])
		after = slot(after, out)
	}
	want, got := texts(t, before), texts(t, after)
	bad := 0
	for pc, w := range want {
		if !strings.Contains(w.text, "(%") || strings.Contains(w.text, "(bad)") {
			continue
		}
		g := got[pc]
		if withoutOperand(w.text) != withoutOperand(g.text) || !strings.Contains(g.text, operand) && !strings.Contains(w.text, "mm") {
			if bad++; bad < 20 {
				t.Errorf("%x %s became %x %s", w.code, w.text, g.code, g.text)
			}
		}
	}
	t.Logf("%d instructions, %d differences", len(want), bad)
}

// slot appends an instruction and nops up to the next multiple of 16.
func slot(dst, code []byte) []byte {
	dst = append(dst, code...)
	for len(dst)%16 != 0 {
		dst = append(dst, 0x90)
	}
	return dst
}

// texts disassembles slots.
func texts(t *testing.T, code []byte) map[uint64]line {
	name := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(name, code, 0o644); err != nil {
		t.Fatal(err)
	}
	lines := map[uint64]line{}
	objdump(t, func(l line) {
		if l.pc%16 == 0 {
			lines[l.pc] = l
		}
	}, "-D", "-b", "binary", "-m", "i386:x86-64", name)
	return lines
}
