package x86

import (
	"fmt"
	"slices"
	"strings"
)

// Text is the instruction in GNU (AT&T) syntax, as objdump writes it, for people. code holds its bytes and pc is its address.
// The text comes from the row that the effects come from, so it cannot speak of another instruction than the one that runs.
func (i *Inst) Text(code []byte, pc uint64) string {
	p := printer{pc: pc}
	p.code, p.inst = code, &p.own
	p.own.Mem = Mem{Base: NoReg, Index: NoReg, Scale: 1}
	if p.instruction() != nil {
		return "(bad)"
	}
	p.own.Len = uint8(p.pos)
	if p.own.Flow == FlowUndefined && p.row.flow != FlowUndefined {
		return "(bad)" // a prefix makes it so
	}
	return p.text()
}

// printer writes one instruction. It decodes again, for the details that Inst does not keep.
type printer struct {
	decoder
	own     Inst
	immDone bool // the first of two immediates is written
	pc      uint64
}

// text puts prefixes, mnemonic and operands together.
func (p *printer) text() string {
	var ops []string
	if list := operandTexts[p.row.text]; list != "-" {
		for n, o := range strings.Split(list, ",") {
			if s := p.operand(o, n == 0); s != "" {
				ops = append(ops, s)
			}
		}
	}
	if p.row.op == OpXLAT {
		ops = []string{p.implicitText(3)}
	}
	if p.own.Mnemonic != OpENTER {
		for a, b := 0, len(ops)-1; a < b; a, b = a+1, b-1 {
			ops[a], ops[b] = ops[b], ops[a]
		}
	}
	if p.own.Enc == EVEX && p.evexB && !p.own.HasMem {
		at := 0
		if p.row.imm != immNone || strings.HasSuffix(operandTexts[p.row.text], ",Ey") {
			at = 1 // after an immediate or an integer
		}
		ops = slices.Insert(ops, at, p.rounding())
	}
	s := p.prefixText() + p.name()
	if len(ops) > 0 {
		s += " " + strings.Join(ops, ",")
	}
	if m := &p.own.Mem; m.RIP {
		s += fmt.Sprintf(" # %#x", p.pc+uint64(p.own.Len)+uint64(m.Disp))
	}
	return s
}

// prefixText names the prefixes that change what happens.
func (p *printer) prefixText() string {
	s := ""
	if p.own.Lock {
		s = "lock "
	}
	switch {
	case p.own.Rep && p.row.attr&aRepCC != 0:
		s += "repz "
	case p.own.Rep:
		s += "rep "
	case p.own.Repne:
		s += "repnz "
	}
	return s
}

// operand renders one operand of the row's list.
func (p *printer) operand(o string, first bool) string {
	o, _, _ = strings.Cut(o, ":")
	if o[0] >= 'a' && o[0] <= 'z' || o == "1" {
		return p.fixed(o)
	}
	class, size := o[0], o[1:]
	if size, mem, ok := strings.Cut(size, "/M"); ok {
		_ = mem
		return p.rm(class, size, first)
	}
	switch class {
	case 'I':
		return p.immediateText(size, first)
	case 'J':
		return fmt.Sprintf("%#x", p.pc+uint64(p.own.Len)+uint64(p.own.Rel))
	case 'O':
		return p.memText()
	case 'X', 'Y':
		return p.stringText(class)
	case 'L':
		return p.vector(uint8(p.own.Imm)>>4&15, size)
	case 'Z':
		return p.gpr(p.own.Opcode&7|p.b, size)
	case 'K', 'T':
		return p.mask(class, size, first)
	}
	return p.modRMOperand(class, size, first)
}

// modRMOperand renders operands in ModRM.reg, ModRM.rm and vvvv.
func (p *printer) modRMOperand(class byte, size string, first bool) string {
	reg := p.own.ModRM >> 3 & 7
	s := ""
	switch class {
	case 'G':
		return p.gpr(reg|p.r&8, size)
	case 'B':
		return p.gpr(p.vvvv&15, size)
	case 'V':
		s = p.vector(reg|p.r, size)
	case 'H':
		s = p.vector(p.vvvv, size)
	case 'P':
		return fmt.Sprintf("%%mm%d", reg)
	case 'S':
		return "%" + [8]string{"es", "cs", "ss", "ds", "fs", "gs", "?", "?"}[reg]
	case 'C':
		return fmt.Sprintf("%%cr%d", reg|p.r)
	case 'D':
		return fmt.Sprintf("%%db%d", reg|p.r)
	default:
		return p.rm(class, size, first)
	}
	if first {
		s += p.maskText()
	}
	return s
}

// rm renders the operand in ModRM.rm.
func (p *printer) rm(class byte, size string, first bool) string {
	n := p.own.ModRM&7 | p.b
	s := ""
	switch {
	case p.own.HasMem:
		s = p.memText() + p.broadcast()
	case class == 'E' || class == 'R':
		s = p.gpr(n, size)
	case class == 'Q' || class == 'N':
		return fmt.Sprintf("%%mm%d", n&7)
	default:
		s = p.vector(n|p.x<<1&16*bit(p.own.Enc == EVEX), size)
	}
	if op := p.row.op; op == OpJMP || op == OpCALL || op == OpJMPF || op == OpCALLF {
		s = "*" + s
	}
	if first {
		s += p.maskText()
	}
	return s
}

// mask renders mask and tile registers.
func (p *printer) mask(class byte, size string, first bool) string {
	n := p.own.ModRM >> 3 & 7
	switch {
	case size[0] == 'v':
		n = p.vvvv & 7
	case size[0] == 'm' && p.own.HasMem:
		return p.memText()
	case size[0] == 'm':
		n = p.own.ModRM & 7
	}
	if class == 'T' {
		return fmt.Sprintf("%%tmm%d", n)
	}
	s := fmt.Sprintf("%%k%d", n)
	if first {
		s += p.maskText()
	}
	return s
}

// maskText is the EVEX decoration of a destination.
func (p *printer) maskText() string {
	s := ""
	if p.evexMask != 0 {
		s = fmt.Sprintf("{%%k%d}", p.evexMask)
	}
	if p.evexZ {
		s += "{z}"
	}
	return s
}

// broadcast is the EVEX decoration of a memory operand.
func (p *printer) broadcast() string {
	if !p.evexB || p.row.bcst == 0 {
		return ""
	}
	return fmt.Sprintf("{1to%d}", p.memSize()/uint16(p.row.bcst))
}

// rounding is the EVEX decoration of register operands.
func (p *printer) rounding() string {
	if p.row.attr&aSAE != 0 {
		return "{sae}"
	}
	return [4]string{"{rn-sae}", "{rd-sae}", "{ru-sae}", "{rz-sae}"}[p.vl&3]
}

// fixed renders an operand that the opcode implies.
func (p *printer) fixed(o string) string {
	switch o {
	case "1":
		return ""
	case "ax":
		if p.row.op == OpIN || p.row.op == OpOUT {
			return p.gpr(0, "z")
		}
		return p.gpr(0, "v")
	case "axw":
		return "%ax"
	case "dx":
		return "(%dx)"
	case "si":
		return fmt.Sprintf("%%st(%d)", p.own.ModRM&7)
	}
	return "%" + o
}

// immediateText renders an immediate in the width of the operation, as GNU does.
func (p *printer) immediateText(size string, first bool) string {
	v := p.own.Imm
	if size == "4" {
		return fmt.Sprintf("$%#x", v&15)
	}
	if !first && size == "b" && p.row.imm == immWB || p.row.imm == immBB && p.immDone {
		v = int64(p.own.Imm2)
	}
	p.immDone = true
	switch {
	case size == "b" && !p.extendsSign():
		v &= 0xff
	case p.own.OpSize == 2:
		v &= 0xffff
	case p.own.OpSize == 4:
		v &= 0xffffffff
	}
	return fmt.Sprintf("$%#x", uint64(v))
}

// extendsSign says whether an 8-bit immediate stands for a wider one: arithmetic 83, push 6A and imul 6B.
func (p *printer) extendsSign() bool {
	op := p.own.Opcode
	return p.own.Enc == Legacy && p.own.Map == 0 && (op == 0x83 || op == 0x6a || op == 0x6b)
}
