package x86

import "encoding/binary"

// immediate reads immediates and branch displacements.
func (d *decoder) immediate() error {
	in, kind := d.inst, d.row.imm
	n := immLen(kind, in.OpSize)
	if kind == moffs {
		return d.moffs()
	}
	if n == 0 {
		return nil
	}
	if d.pos+n > len(d.code) {
		return ErrTruncated
	}
	b := d.code[d.pos:]
	in.ImmOff, in.ImmLen = uint8(d.pos), uint8(n)
	d.pos += n
	switch kind {
	case relB, relZ:
		in.Rel = signed(b, n)
	case immW:
		in.Imm = int64(binary.LittleEndian.Uint16(b))
	case immWB:
		in.Imm, in.Imm2 = int64(binary.LittleEndian.Uint16(b)), b[2]
	case immBB:
		in.Imm, in.Imm2 = signed(b, 1), b[1]
	default:
		in.Imm = signed(b, n)
	}
	if in.Mnemonic == OpINT {
		in.Imm &= 0xff
	}
	return nil
}

// immLen is the number of immediate bytes.
func immLen(kind immKind, opSize uint8) int {
	switch kind {
	case immB, relB:
		return 1
	case immW, immBB:
		return 2
	case immWB:
		return 3
	case relZ, immD:
		return 4
	case immZ:
		if opSize == 2 {
			return 2
		}
		return 4
	case immV:
		return int(opSize)
	}
	return 0
}

// signed reads an n-byte little-endian number.
func signed(b []byte, n int) int64 {
	switch n {
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}
