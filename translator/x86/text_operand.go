package x86

import "fmt"

var (
	names64 = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	names8  = [8]string{"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"}
)

// gpr names a general purpose register in the size of an operand.
func (p *printer) gpr(n uint8, size string) string {
	switch size {
	case "b":
		return "%" + p.name8(n)
	case "w":
		return "%" + name(n, 2)
	case "d":
		return "%" + name(n, 4)
	case "q":
		return "%" + name(n, 8)
	case "y":
		return "%" + name(n, 4<<bit(p.w))
	case "z":
		return "%" + name(n, 4>>bit(p.own.Op16 && !p.w))
	}
	return "%" + name(n, p.variableSize())
}

// name names 2, 4 or 8 bytes of a register.
func name(n, size uint8) string {
	full := names64[n]
	switch {
	case n >= 8 && size == 2:
		return full + "w"
	case n >= 8 && size == 4:
		return full + "d"
	case size == 2:
		return full[1:]
	case size == 4:
		return "e" + full[1:]
	}
	return full
}

// name8 names a byte register, which depends on REX (SDM 2A 2.2.1.2).
func (p *printer) name8(n uint8) string {
	switch {
	case n >= 8:
		return names64[n] + "b"
	case n < 4 || p.own.Rex == 0:
		return names8[n]
	}
	return names64[n][1:] + "l"
}

// vector names a vector register in the size of an operand.
func (p *printer) vector(n uint8, size string) string {
	width := 16 << (p.vl & 3)
	if p.evexB && !p.own.HasMem {
		width = 64
	}
	switch size {
	case "h":
		width /= 2
	case "k":
		width /= 4
	case "e":
		width /= 8
	case "32":
		width = 32
	case "x", "dup":
	default:
		width = 16
	}
	switch width {
	case 64:
		return fmt.Sprintf("%%zmm%d", n)
	case 32:
		return fmt.Sprintf("%%ymm%d", n)
	}
	return fmt.Sprintf("%%xmm%d", n)
}

// memText renders the memory operand.
func (p *printer) memText() string {
	m := &p.own.Mem
	s := segText(m.Seg)
	plain := m.Base == NoReg && m.Index == NoReg && !m.RIP
	switch {
	case plain:
		return s + fmt.Sprintf("%#x", uint64(m.Disp))
	case m.Disp < 0:
		s += fmt.Sprintf("-%#x", uint64(-m.Disp))
	case m.Disp > 0 || p.own.DispLen > 0:
		s += fmt.Sprintf("%#x", uint64(m.Disp))
	}
	width := p.addressSize()
	switch {
	case m.RIP && width == 4:
		return s + "(%eip)"
	case m.RIP:
		return s + "(%rip)"
	}
	s += "("
	if m.Base != NoReg {
		s += "%" + name(uint8(m.Base), width)
	}
	switch {
	case m.VSIB:
		s += fmt.Sprintf(",%s,%d", p.vector(uint8(m.Index), p.indexSize()), m.Scale)
	case m.Index != NoReg:
		s += fmt.Sprintf(",%%%s,%d", name(uint8(m.Index), width), m.Scale)
	}
	return s + ")"
}

// indexSize is the width of a vector index: dword indices of qword elements fill half a register, and qword indices of dword
// elements set the vector length themselves.
func (p *printer) indexSize() string {
	if dwordIndex, qword := p.own.Opcode&1 == 0, p.w; dwordIndex && qword {
		return "h"
	}
	return "x"
}

func segText(s Seg) string { return [3]string{"", "%fs:", "%gs:"}[s] }

// stringText renders the implicit operand of a string instruction.
func (p *printer) stringText(class byte) string {
	if class == 'Y' {
		return "%es:(%" + name(7, p.addressSize()) + ")"
	}
	return p.implicitText(6)
}

// implicitText renders an implicit operand that obeys segment overrides.
func (p *printer) implicitText(base uint8) string {
	seg := "%ds:"
	if p.own.Mem.Seg != NoSeg {
		seg = segText(p.own.Mem.Seg)
	}
	return seg + "(%" + name(base, p.addressSize()) + ")"
}

func (p *printer) addressSize() uint8 { return 8 >> bit(p.own.Addr32) }
