package x86

import "math"

// Alu is an operation of the first eight opcode rows.
type Alu uint8

// The arithmetic operations, in opcode order.
const (
	AluAdd Alu = iota
	AluOr
	AluAdc
	AluSbb
	AluAnd
	AluSub
	AluXor
	AluCmp
)

// Shift is an operation of shift group 2.
type Shift uint8

// The shifts, by opcode extension.
const (
	ShiftRol Shift = 0
	ShiftRor Shift = 1
	ShiftShl Shift = 4
	ShiftShr Shift = 5
	ShiftSar Shift = 7
)

// wide turns a byte opcode into the one for larger sizes.
func wide(op opcode, size int) opcode {
	if size == 1 {
		return op
	}
	return op | 1
}

// MovRR is mov src,dst between registers. With size 4 the upper half of dst becomes 0.
func (a *Asm) MovRR(dst, src Reg, size int) { a.opRR(wide(0x88, size), src, dst, size) }

// MovRM loads dst.
func (a *Asm) MovRM(dst Reg, m Mem, size int) { a.opRM(wide(0x8a, size), dst, m, size, 0) }

// MovMR stores src.
func (a *Asm) MovMR(m Mem, src Reg, size int) { a.opRM(wide(0x88, size), src, m, size, 0) }

// MovMI stores a sign-extended immediate of at most 4 bytes.
func (a *Asm) MovMI(m Mem, v int64, size int) {
	a.opRM(wide(0xc6, size), 0, m, size, min(size, 4))
	a.imm(v, size)
}

// MovRI sets all 64 bits of dst, in the shortest form that changes no flag.
func (a *Asm) MovRI(dst Reg, v uint64) {
	switch {
	case v <= math.MaxUint32:
		a.headReg(0xb8, dst, 4)
		a.Imm32(int64(v))
	case int64(v) == int64(int32(v)):
		a.opRR(0xc7, 0, dst, 8)
		a.Imm32(int64(v))
	default:
		a.headReg(0xb8, dst, 8)
		a.Imm64(v)
	}
}

// MovRI16 sets the low 16 bits of dst.
func (a *Asm) MovRI16(dst Reg, v int64) {
	a.headReg(0xb8, dst, 2)
	a.imm(v, 2)
}

// headReg appends an opcode that carries its register in its low three bits.
func (a *Asm) headReg(op opcode, r Reg, size int) {
	rex := byte(r >> 3)
	if rex != 0 || lowByte(r, size) {
		rex |= 0x40
	}
	a.head(NoSeg, op|opcode(r&7), size, rex)
}

// MovzxRM loads size (1, 2 or 4) bytes and clears the rest of dst.
func (a *Asm) MovzxRM(dst Reg, m Mem, size int) {
	switch size {
	case 1:
		a.opRM(0x0fb6, dst, m, 4, 0)
	case 2:
		a.opRM(0x0fb7, dst, m, 4, 0)
	default:
		a.MovRM(dst, m, size)
	}
}

// MovzxRR extends the low size bytes of src.
func (a *Asm) MovzxRR(dst, src Reg, size int) {
	switch size {
	case 1:
		rex := byte(dst>>3)<<2 | byte(src>>3)
		if rex != 0 || lowByte(src, 1) {
			rex |= 0x40
		}
		a.head(NoSeg, 0x0fb6, 4, rex)
		a.Buf = append(a.Buf, 0xc0|byte(dst&7)<<3|byte(src&7))
	case 2:
		a.opRR(0x0fb7, dst, src, 4)
	default:
		a.MovRR(dst, src, size)
	}
}

// MovsxRM loads size (1, 2 or 4) bytes sign-extended to 8.
func (a *Asm) MovsxRM(dst Reg, m Mem, size int) {
	switch size {
	case 1:
		a.opRM(0x0fbe, dst, m, 8, 0)
	case 2:
		a.opRM(0x0fbf, dst, m, 8, 0)
	default:
		a.opRM(0x63, dst, m, 8, 0)
	}
}

// Lea takes the address of m; a segment in m has no effect.
func (a *Asm) Lea(dst Reg, m Mem) { a.opRM(0x8d, dst, m.In(NoSeg), 8, 0) }

// Lea32 takes the address of m truncated to 32 bits.
func (a *Asm) Lea32(dst Reg, m Mem) { a.opRM(0x8d, dst, m.In(NoSeg), 4, 0) }

// AluRR is op src,dst.
func (a *Asm) AluRR(op Alu, dst, src Reg, size int) {
	a.opRR(wide(opcode(op)<<3, size), src, dst, size)
}

// AluRM is op m,dst.
func (a *Asm) AluRM(op Alu, dst Reg, m Mem, size int) {
	a.opRM(wide(opcode(op)<<3|2, size), dst, m, size, 0)
}

// AluMR is op src,m.
func (a *Asm) AluMR(op Alu, m Mem, src Reg, size int) {
	a.opRM(wide(opcode(op)<<3, size), src, m, size, 0)
}

// aluImm picks the opcode and the size of an immediate of group 1.
func aluImm(v int64, size int) (opcode, int) {
	switch {
	case size == 1:
		return 0x80, 1
	case v == int64(int8(v)):
		return 0x83, 1
	default:
		return 0x81, min(size, 4)
	}
}

// AluRI is op $v,dst.
func (a *Asm) AluRI(op Alu, dst Reg, v int64, size int) {
	code, n := aluImm(v, size)
	a.opExt(code, byte(op), dst, size)
	a.imm(v, n)
}

// opExt is opRR with an opcode extension in ModRM.reg.
func (a *Asm) opExt(op opcode, ext byte, rm Reg, size int) {
	rex := byte(rm >> 3)
	if rex != 0 || lowByte(rm, size) {
		rex |= 0x40
	}
	a.head(NoSeg, op, size, rex)
	a.Buf = append(a.Buf, 0xc0|ext<<3|byte(rm&7))
}

// opExtM is opRM with an opcode extension in ModRM.reg.
func (a *Asm) opExtM(op opcode, ext byte, m Mem, size, immLen int) {
	rex := byte(0)
	if m.Index != NoReg {
		rex |= byte(m.Index>>3) << 1
	}
	if m.Base != NoReg {
		rex |= byte(m.Base >> 3)
	}
	if rex != 0 {
		rex |= 0x40
	}
	a.head(m.Seg, op, size, rex)
	a.modRM(ext<<3, m, immLen)
}

// AluMI is op $v,m.
func (a *Asm) AluMI(op Alu, m Mem, v int64, size int) {
	code, n := aluImm(v, size)
	a.opExtM(code, byte(op), m, size, n)
	a.imm(v, n)
}

// TestRR is test src,dst.
func (a *Asm) TestRR(dst, src Reg, size int) { a.opRR(wide(0x84, size), src, dst, size) }

// TestRI is test $v,dst.
func (a *Asm) TestRI(dst Reg, v int64, size int) {
	a.opExt(wide(0xf6, size), 0, dst, size)
	a.imm(v, size)
}

// TestMI is test $v,m.
func (a *Asm) TestMI(m Mem, v int64, size int) {
	a.opExtM(wide(0xf6, size), 0, m, size, min(size, 4))
	a.imm(v, size)
}

// ShiftRI shifts dst by a constant.
func (a *Asm) ShiftRI(op Shift, dst Reg, n uint8, size int) {
	a.opExt(wide(0xc0, size), byte(op), dst, size)
	a.Imm8(int64(n))
}

// ShiftRCL shifts dst by cl.
func (a *Asm) ShiftRCL(op Shift, dst Reg, size int) {
	a.opExt(wide(0xd2, size), byte(op), dst, size)
}

// Not inverts dst. It is the only operation of its kind that changes no flag.
func (a *Asm) Not(dst Reg, size int) { a.opExt(wide(0xf6, size), 2, dst, size) }

// Neg negates dst.
func (a *Asm) Neg(dst Reg, size int) { a.opExt(wide(0xf6, size), 3, dst, size) }

// IncR adds one to dst and leaves CF alone.
func (a *Asm) IncR(dst Reg, size int) { a.opExt(wide(0xfe, size), 0, dst, size) }

// DecR subtracts one from dst and leaves CF alone.
func (a *Asm) DecR(dst Reg, size int) { a.opExt(wide(0xfe, size), 1, dst, size) }

// ImulRR is imul src,dst.
func (a *Asm) ImulRR(dst, src Reg, size int) { a.opRR(0x0faf, dst, src, size) }

// ImulRRI is imul $v,src,dst.
func (a *Asm) ImulRRI(dst, src Reg, v int64, size int) {
	a.opRR(0x69, dst, src, size)
	a.imm(v, size)
}

// Bt copies bit n of r into CF.
func (a *Asm) Bt(r Reg, n uint8, size int) {
	a.opExt(0x0fba, 4, r, size)
	a.Imm8(int64(n))
}

// Bsf and Bsr scan src; dst is undefined and ZF set when src is 0.
func (a *Asm) Bsf(dst, src Reg, size int) { a.opRR(0x0fbc, dst, src, size) }

// Bsr scans from the top.
func (a *Asm) Bsr(dst, src Reg, size int) { a.opRR(0x0fbd, dst, src, size) }

// XchgRR exchanges two registers.
func (a *Asm) XchgRR(x, y Reg, size int) { a.opRR(wide(0x86, size), y, x, size) }

// XchgMR exchanges r and m; it is atomic and a full barrier.
func (a *Asm) XchgMR(m Mem, r Reg, size int) { a.opRM(wide(0x86, size), r, m, size, 0) }

// LockXadd adds r to m atomically; r becomes the old value.
func (a *Asm) LockXadd(m Mem, r Reg, size int) {
	a.Bytes(0xf0)
	a.opRM(wide(0x0fc0, size), r, m, size, 0)
}

// LockCmpxchg stores r to m if m equals rax.
func (a *Asm) LockCmpxchg(m Mem, r Reg, size int) {
	a.Bytes(0xf0)
	a.opRM(wide(0x0fb0, size), r, m, size, 0)
}

// LockAluMI is lock op $v,m.
func (a *Asm) LockAluMI(op Alu, m Mem, v int64, size int) {
	a.Bytes(0xf0)
	a.AluMI(op, m, v, size)
}

// LockAluMR is lock op src,m.
func (a *Asm) LockAluMR(op Alu, m Mem, src Reg, size int) {
	a.Bytes(0xf0)
	a.AluMR(op, m, src, size)
}
