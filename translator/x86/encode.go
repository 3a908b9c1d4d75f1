package x86

import (
	"encoding/binary"
	"math"
)

// AppendSeg appends the instruction with the segment of its memory operand (explicit or implicit) replaced by seg. What it
// does is otherwise unchanged; prefixes without effect, repeated ones and HLE hints are dropped, so that it stays within 15
// bytes. A RIP-relative operand stays relative to the end of the instruction: AppendMem makes it absolute.
func (i *Inst) AppendSeg(dst, code []byte, seg Seg) []byte {
	dst = i.appendPrefixes(dst, code, seg, i.Addr32)
	return append(dst, code[i.PrefixEnd:i.Len]...)
}

// AppendMem appends the instruction with its explicit memory operand replaced by m, a 64-bit address (67 is dropped). The
// index of a VSIB operand and its scale stay. No base and no index give the absolute disp32 form. mov with a moffs
// operand becomes the ModRM form.
//
// It reports false, with dst unchanged, when no encoding exists: Disp beyond 32 bits, RSP as an index, RIP, no explicit memory
// operand, an undefined instruction, or R8 to R15 in m next to AH, CH, DH or BH, which no instruction with REX can name.
func (i *Inst) AppendMem(dst, code []byte, m Mem) ([]byte, bool) {
	row := &rows[i.row]
	if i.Mem.VSIB {
		m.Index, m.Scale, m.VSIB = i.Mem.Index, i.Mem.Scale, true
	}
	if !i.HasMem || i.Flow == FlowUndefined || !encodable(&m) || row.form == DirectStore && i.Addr32 {
		return dst, false
	}
	rex := rexXB(&m)
	if rex != 0 && i.usesHighByte() {
		return dst, false
	}
	dst = i.appendPrefixes(dst, code, m.Seg, false)
	switch i.Enc {
	case Legacy:
		dst = i.appendLegacy(dst, code, rex)
	case VEX:
		dst = i.appendVEX(dst, code, rex)
	case XOP:
		p := code[i.PrefixEnd:]
		dst = append(dst, 0x8f, p[1]&^0x60|^rex<<5&0x60, p[2], i.Opcode)
	case EVEX:
		p := code[i.PrefixEnd:]
		dst = append(dst, p[0], p[1]&^0x60|^rex<<5&0x60, p[2], p[3], i.Opcode)
	}
	dst = appendModRM(dst, i.ModRM&0x38, &m, i.Enc == EVEX, row.attr&aSIB != 0)
	return append(dst, code[i.Len-i.ImmLen:i.Len]...), true
}

// AppendReg appends a legacy instruction with its explicit memory operand replaced by the register r of the same size, as
// those may that have an integer destination in ModRM.rm (add, shl, neg ...). LOCK is dropped.
//
// It reports false, with dst unchanged, when no encoding exists: no such operand, or an r that needs REX next to AH, CH, DH
// or BH.
func (i *Inst) AppendReg(dst, code []byte, r Reg) ([]byte, bool) {
	if !i.HasMem || !i.HasModRM || i.Enc != Legacy || i.Flow == FlowUndefined {
		return dst, false
	}
	rex := byte(r) >> 3 & 1
	if lowByte(r, int(i.OpSize)) {
		rex |= 0x40
	}
	if rex != 0 && i.usesHighByte() {
		return dst, false
	}
	if i.Op16 {
		dst = append(dst, 0x66)
	}
	dst = i.appendLegacy(dst, code, rex)
	dst = append(dst, 0xc0|i.ModRM&0x38|byte(r)&7)
	return append(dst, code[i.Len-i.ImmLen:i.Len]...), true
}

// usesHighByte says whether a register operand is AH, CH, DH or BH beside a memory operand.
func (i *Inst) usesHighByte() bool {
	return i.Enc == Legacy && i.Rex == 0 && rows[i.row].reg&(opGPR|opB) == opGPR|opB && i.ModRM&0x20 != 0
}

// encodable says whether a ModRM byte can express m.
func encodable(m *Mem) bool {
	return !m.RIP && m.Disp >= math.MinInt32 && m.Disp <= math.MaxInt32 && (m.VSIB || m.Index != RSP)
}

// rexXB gives the extension bits of m where REX has them: X for the index, B for the base.
func rexXB(m *Mem) (rex byte) {
	if m.Index != NoReg {
		rex = byte(m.Index) >> 2 & 2
	}
	if m.Base != NoReg {
		rex |= byte(m.Base) >> 3 & 1
	}
	return rex
}

// appendPrefixes appends the legacy prefixes that matter, each once. F2 and F3 beside LOCK are only hints (SDM 1 16.3.2).
func (i *Inst) appendPrefixes(dst, code []byte, seg Seg, addr32 bool) []byte {
	switch seg {
	case FS:
		dst = append(dst, 0x64)
	case GS:
		dst = append(dst, 0x65)
	}
	if addr32 {
		dst = append(dst, 0x67)
	}
	if i.Op16 {
		dst = append(dst, 0x66)
	}
	if i.Lock {
		return append(dst, 0xf0)
	}
	for at := int(i.PrefixEnd) - 1; at >= 0; at-- {
		if code[at] == 0xf2 || code[at] == 0xf3 {
			return append(dst, code[at])
		}
	}
	return dst
}

// appendLegacy appends REX and the opcode. A REX that is there stays, even an empty one: it makes SPL of AH.
func (i *Inst) appendLegacy(dst, code []byte, rex byte) []byte {
	if !i.HasModRM {
		if rex |= i.Rex & 8; rex != 0 { // R means nothing to moffs
			dst = append(dst, rex|0x40)
		}
		return append(dst, moffsToModRM[i.Opcode&3])
	}
	if rex |= i.Rex &^ 3; rex != 0 {
		dst = append(dst, rex|0x40)
	}
	at := i.PrefixEnd
	if i.Rex != 0 {
		at++
	}
	return append(dst, code[at:i.OpcodeOff+1]...)
}

// moffsToModRM are the ModRM opcodes of mov A0 to A3; register 0 is right as it is.
var moffsToModRM = [4]byte{0x8a, 0x8b, 0x88, 0x89}

// appendVEX appends a VEX prefix and the opcode; the two-byte form has no X and B (SDM 2A figure 2-9).
func (i *Inst) appendVEX(dst, code []byte, rex byte) []byte {
	p := code[i.PrefixEnd:]
	xb := ^rex << 5 & 0x60
	switch {
	case p[0] == 0xc4:
		return append(dst, 0xc4, p[1]&^0x60|xb, p[2], i.Opcode)
	case rex == 0:
		return append(dst, 0xc5, p[1], i.Opcode)
	}
	return append(dst, 0xc4, p[1]&0x80|xb|1, p[1]&0x7f, i.Opcode)
}

// appendModRM appends ModRM, SIB and displacement for m. EVEX would scale a disp8, so it never gets one.
func appendModRM(dst []byte, reg byte, m *Mem, evex, sib bool) []byte {
	if m.Base == NoReg {
		dst = append(dst, reg|4, sibByte(m)|5)
		return binary.LittleEndian.AppendUint32(dst, uint32(m.Disp))
	}
	base := byte(m.Base) & 7
	sib = sib || base == 4 || m.Index != NoReg
	mod := byte(0x80)
	switch {
	case m.Disp == 0 && base != 5:
		mod = 0
	case m.Disp == int64(int8(m.Disp)) && !evex:
		mod = 0x40
	}
	if sib {
		dst = append(dst, mod|reg|4, sibByte(m)|base)
	} else {
		dst = append(dst, mod|reg|base)
	}
	switch mod {
	case 0:
		return dst
	case 0x40:
		return append(dst, byte(m.Disp))
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(m.Disp))
}

// sibByte is a SIB byte without its base.
func sibByte(m *Mem) byte {
	index := byte(4)
	if m.Index != NoReg {
		index = byte(m.Index) & 7
	}
	scale := map8[m.Scale&15]
	return scale<<6 | index<<3
}

// map8 is the logarithm of a scale; 0 counts as 1.
var map8 = [16]byte{2: 1, 4: 2, 8: 3}
