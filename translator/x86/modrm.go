package x86

import "encoding/binary"

// addressing settles the operand size and reads ModRM, SIB and displacement (SDM 2A 2.1.5, tables 2-2 and 2-3).
func (d *decoder) addressing() error {
	in := d.inst
	in.OpSize = d.operandSize()
	if d.row.attr&aModRM == 0 {
		return nil
	}
	c, err := d.next()
	if err != nil {
		return err
	}
	in.HasModRM, in.ModRM, in.ModRMOff = true, c, uint8(d.pos-1)
	if c >= 0xc0 || d.row.attr&aModReg != 0 {
		return nil
	}
	in.HasMem = true
	return d.memory(c>>6, c&7)
}

// memory reads what follows a ModRM byte with mod != 3.
func (d *decoder) memory(mod, rm uint8) error {
	m := &d.inst.Mem
	dispLen := int([3]uint8{0, 1, 4}[mod])
	switch {
	case rm == 4:
		sib, err := d.next()
		if err != nil {
			return err
		}
		if d.sib(sib, mod) {
			dispLen = 4
		}
	case rm == 5 && mod == 0:
		m.RIP, dispLen = true, 4
	default:
		m.Base = Reg(rm | d.b)
	}
	if d.row.attr&aVSIB != 0 && !m.VSIB {
		return ErrUnknown // #UD: these need a SIB byte
	}
	return d.displacement(dispLen)
}

// sib reads a SIB byte and reports whether a disp32 stands in for the base.
func (d *decoder) sib(sib, mod uint8) bool {
	m := &d.inst.Mem
	m.Scale = 1 << (sib >> 6)
	index := sib>>3&7 | d.x
	switch {
	case d.row.attr&aVSIB != 0:
		m.VSIB, m.Index = true, Reg(index|d.hiIndex)
	case index != 4:
		m.Index = Reg(index)
	}
	if sib&7 == 5 && mod == 0 {
		return true
	}
	m.Base = Reg(sib&7 | d.b)
	return false
}

// displacement reads n bytes; EVEX scales a single one (SDM 2A 2.7.5).
func (d *decoder) displacement(n int) error {
	in := d.inst
	if d.pos+n > len(d.code) {
		return ErrTruncated
	}
	in.DispOff, in.DispLen = uint8(d.pos), uint8(n)
	switch n {
	case 1:
		in.Mem.Disp = int64(int8(d.code[d.pos]))
		if in.Enc == EVEX {
			in.Mem.Disp *= int64(d.disp8Scale())
		}
	case 4:
		in.Mem.Disp = int64(int32(binary.LittleEndian.Uint32(d.code[d.pos:])))
	}
	d.pos += n
	return nil
}

// disp8Scale is the N of disp8*N (SDM 2A 2.7.5, tables 2-34 and 2-35).
func (d *decoder) disp8Scale() uint16 {
	switch {
	case d.row.scale != 0:
		return uint16(d.row.scale)
	case d.evexB && d.row.bcst != 0:
		return uint16(d.row.bcst)
	}
	return d.memSize()
}

// moffs reads the address of mov A0 to A3 (SDM 2A 2.2.1.4): 8 bytes, or 4 zero-extended ones with 67.
func (d *decoder) moffs() error {
	in := d.inst
	n := 8
	if in.Addr32 {
		n = 4
	}
	if d.pos+n > len(d.code) {
		return ErrTruncated
	}
	in.HasMem, in.DispOff, in.DispLen = true, uint8(d.pos), uint8(n)
	if n == 4 {
		in.Mem.Disp = int64(binary.LittleEndian.Uint32(d.code[d.pos:]))
	} else {
		in.Mem.Disp = int64(binary.LittleEndian.Uint64(d.code[d.pos:]))
	}
	d.pos += n
	return nil
}

// operandSize is the effective integer operand size (SDM 1 3.6.1, 2A 2.2.1.7), 0 when there is none.
func (d *decoder) operandSize() uint8 {
	switch d.row.size {
	case sizeB:
		return 1
	case sizeW:
		return 2
	case sizeD:
		return 4
	case sizeQ:
		return 8
	case sizeY:
		return 4 << bit(d.w)
	case sizeZ:
		return 4 >> bit(d.inst.Op16 && !d.w)
	case sizeV:
		return d.variableSize()
	}
	return 0
}

// variableSize is the size that REX.W, 66 and the default of the opcode select.
func (d *decoder) variableSize() uint8 {
	switch {
	case d.w:
		return 8
	case d.inst.Op16:
		return 2
	case d.row.attr&aD64 != 0:
		return 8
	}
	return 4
}

// memSize is the size of the memory operand in bytes, before broadcast and masks.
func (d *decoder) memSize() uint16 {
	m, v := d.row.mem, uint16(16)<<(d.vl&3)
	switch m {
	case memV:
		return uint16(d.variableSize())
	case memZ:
		return uint16(4 >> bit(d.inst.Op16 && !d.w))
	case memY:
		return 4 << bit(d.w)
	case memX:
		return v
	case memH:
		return v / 2
	case memK:
		return v / 4
	case memE:
		return v / 8
	case memDup:
		if d.vl == 0 {
			return 8
		}
		return v
	case memP:
		return map16[d.variableSize()>>2] + 2
	case memEnv:
		return 28 >> bit(d.inst.Op16 && !d.w)
	case memSave:
		return 108 - 14*uint16(bit(d.inst.Op16 && !d.w))
	}
	return uint16(m)
}

// map16 gives the offset size of a far pointer by operand size / 4.
var map16 = [3]uint16{2, 4, 8}
