package x86

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Asm appends instructions to Buf. It is what kmv itself emits: glue between native instructions and the engine's
// runtime routines, so it knows few instructions, and only 64-bit mode. Sizes are operand sizes in bytes: 1, 2, 4, 8.
//
// Offsets of labels count from Buf[0]; a jump takes the rel32 form unless its name says otherwise. Call Link once all
// labels are bound. Misuse (a displacement that does not fit, an unbound label) panics: it is our bug, not the world's.
type Asm struct {
	Buf    []byte
	labels []int32 // offset in Buf, or unbound
	fixups []fixup
}

// Label names a position in an Asm, possibly one not reached yet.
type Label int32

// fixup is a displacement that waits for its label.
type fixup struct {
	label Label
	at    int32 // offset of the displacement
	end   int32 // offset that the displacement counts from
	short bool
}

const unbound = -1

// Reset empties the assembler and keeps its memory.
func (a *Asm) Reset() {
	a.Buf, a.labels, a.fixups = a.Buf[:0], a.labels[:0], a.fixups[:0]
}

// Len is the offset of the next byte.
func (a *Asm) Len() int { return len(a.Buf) }

// NewLabel makes a label that Bind places.
func (a *Asm) NewLabel() Label {
	a.labels = append(a.labels, unbound)
	return Label(len(a.labels) - 1)
}

// Bind places l here.
func (a *Asm) Bind(l Label) { a.labels[l] = int32(len(a.Buf)) }

// Here makes a label at the current position.
func (a *Asm) Here() Label {
	l := a.NewLabel()
	a.Bind(l)
	return l
}

// Offset says where l is bound.
func (a *Asm) Offset(l Label) int { return int(a.labels[l]) }

// Link fills in every displacement that refers to a label.
func (a *Asm) Link() {
	for _, f := range a.fixups {
		to := a.labels[f.label]
		if to == unbound {
			panic(fmt.Sprintf("BUG: label %d is not bound", f.label))
		}
		rel := to - f.end
		if !f.short {
			binary.LittleEndian.PutUint32(a.Buf[f.at:], uint32(rel))
			continue
		}
		if rel != int32(int8(rel)) {
			panic(fmt.Sprintf("BUG: label %d is %d bytes away from a short jump", f.label, rel))
		}
		a.Buf[f.at] = byte(rel)
	}
	a.fixups = a.fixups[:0]
}

// Bytes appends bytes as they are.
func (a *Asm) Bytes(b ...byte) { a.Buf = append(a.Buf, b...) }

// Imm8 appends a byte.
func (a *Asm) Imm8(v int64) { a.Buf = append(a.Buf, byte(v)) }

// Imm32 appends 4 bytes.
func (a *Asm) Imm32(v int64) { a.Buf = binary.LittleEndian.AppendUint32(a.Buf, uint32(v)) }

// Imm64 appends 8 bytes.
func (a *Asm) Imm64(v uint64) { a.Buf = binary.LittleEndian.AppendUint64(a.Buf, v) }

// imm appends an immediate of an operand of the given size: at most 4 bytes, sign-extended by the processor.
func (a *Asm) imm(v int64, size int) {
	switch size {
	case 1:
		a.Imm8(v)
	case 2:
		a.Buf = append(a.Buf, byte(v), byte(v>>8))
	default:
		a.Imm32(v)
	}
}

// At is disp(base).
func At(base Reg, disp int64) Mem { return Mem{Base: base, Index: NoReg, Scale: 1, Disp: disp} }

// AtIndex is disp(base,index,scale).
func AtIndex(base, index Reg, scale uint8, disp int64) Mem {
	return Mem{Base: base, Index: index, Scale: scale, Disp: disp}
}

// Abs is the absolute address disp, which must fit in a sign-extended disp32.
func Abs(disp int64) Mem { return Mem{Base: NoReg, Index: NoReg, Scale: 1, Disp: disp} }

// In puts m into a segment.
func (m Mem) In(s Seg) Mem {
	m.Seg = s
	return m
}

// Plus moves m by n bytes.
func (m Mem) Plus(n int64) Mem {
	m.Disp += n
	return m
}

// Mem is the memory at l, addressed relative to RIP. It is for Asm only: there Disp of a RIP operand is a label.
func (l Label) Mem() Mem {
	return Mem{Base: NoReg, Index: NoReg, Scale: 1, Disp: int64(l), RIP: true}
}

// opcode is one to three opcode bytes, the last one lowest (0x89, 0x0fb6, 0x0f38f7), with an optional mandatory prefix
// in bits 24-31.
type opcode uint32

// lowByte says whether r as a byte register needs a REX prefix to be spl, bpl, sil or dil.
func lowByte(r Reg, size int) bool { return size == 1 && r >= RSP && r <= RDI }

// head appends prefixes, REX and opcode.
func (a *Asm) head(seg Seg, op opcode, size int, rex byte) {
	switch seg {
	case FS:
		a.Buf = append(a.Buf, 0x64)
	case GS:
		a.Buf = append(a.Buf, 0x65)
	}
	if size == 2 {
		a.Buf = append(a.Buf, 0x66)
	}
	if p := byte(op >> 24); p != 0 {
		a.Buf = append(a.Buf, p)
	}
	if size == 8 {
		rex |= 0x48
	}
	if rex != 0 {
		a.Buf = append(a.Buf, rex)
	}
	if b := byte(op >> 16); b != 0 {
		a.Buf = append(a.Buf, b)
	}
	if b := byte(op >> 8); b != 0 {
		a.Buf = append(a.Buf, b)
	}
	a.Buf = append(a.Buf, byte(op))
}

// opRR appends op with ModRM.reg = reg and ModRM.rm = the register rm.
func (a *Asm) opRR(op opcode, reg, rm Reg, size int) {
	rex := byte(reg>>3)<<2 | byte(rm>>3)
	if rex != 0 || lowByte(reg, size) || lowByte(rm, size) {
		rex |= 0x40
	}
	a.head(NoSeg, op, size, rex)
	a.Buf = append(a.Buf, 0xc0|byte(reg&7)<<3|byte(rm&7))
}

// opRM appends op with ModRM.reg = reg and the memory operand m; immLen bytes of immediate follow.
func (a *Asm) opRM(op opcode, reg Reg, m Mem, size, immLen int) {
	rex := byte(reg>>3) << 2
	if m.Index != NoReg {
		rex |= byte(m.Index>>3) << 1
	}
	if m.Base != NoReg {
		rex |= byte(m.Base >> 3)
	}
	if rex != 0 || lowByte(reg, size) {
		rex |= 0x40
	}
	a.head(m.Seg, op, size, rex)
	a.modRM(byte(reg&7)<<3, m, immLen)
}

// modRM appends ModRM, SIB and displacement of m (SDM 2A 2.1.5).
func (a *Asm) modRM(reg byte, m Mem, immLen int) {
	if m.RIP {
		a.Buf = append(a.Buf, reg|5)
		at := int32(len(a.Buf))
		a.fixups = append(a.fixups, fixup{Label(m.Disp), at, at + 4 + int32(immLen), false})
		a.Imm32(0)
		return
	}
	if m.Disp < math.MinInt32 || m.Disp > math.MaxInt32 {
		panic(fmt.Sprintf("BUG: displacement %#x does not fit", m.Disp))
	}
	if m.Base == NoReg { // SIB without a base: the only absolute form that is not relative to RIP
		a.Buf = append(a.Buf, reg|4, sib(m)|5)
		a.Imm32(m.Disp)
		return
	}
	mod := byte(0x80)
	switch {
	case m.Disp == 0 && m.Base&7 != RBP:
		mod = 0
	case m.Disp == int64(int8(m.Disp)):
		mod = 0x40
	}
	if m.Index != NoReg || m.Base&7 == RSP {
		a.Buf = append(a.Buf, mod|reg|4, sib(m)|byte(m.Base&7))
	} else {
		a.Buf = append(a.Buf, mod|reg|byte(m.Base&7))
	}
	switch mod {
	case 0x40:
		a.Imm8(m.Disp)
	case 0x80:
		a.Imm32(m.Disp)
	}
}

// sib is the scale and index part of a SIB byte.
func sib(m Mem) byte {
	if m.Index == NoReg {
		return 4 << 3
	}
	if m.Index == RSP {
		panic("BUG: rsp as an index")
	}
	scale := byte(0)
	switch m.Scale {
	case 2:
		scale = 1
	case 4:
		scale = 2
	case 8:
		scale = 3
	}
	return scale<<6 | byte(m.Index&7)<<3
}
