package x86

// vex reads a VEX prefix and the opcode (SDM 2A 2.3.5) and returns the table.
func (d *decoder) vex(c byte) (int, error) {
	in := d.inst
	in.Enc = VEX
	d.afterPrefixes()
	b, err := d.next()
	if err != nil {
		return 0, err
	}
	d.r = ^b >> 4 & 8
	m := uint8(1)
	if c == 0xc4 {
		d.x, d.b = ^b>>3&8, ^b>>2&8
		m = b & 31
		if b, err = d.next(); err != nil {
			return 0, err
		}
		d.w = b&0x80 != 0
	}
	d.vvvv = ^b >> 3 & 15
	d.vl = b >> 2 & 1
	d.pp = b & 3
	in.Map = m
	if m < 1 || m > 3 {
		return 0, ErrUnknown
	}
	_, err = d.next()
	return vexRoots + int(m) - 1, err
}

// evex reads an EVEX prefix and the opcode (SDM 2A 2.7.1) and returns the table.
func (d *decoder) evex() (int, error) {
	in := d.inst
	in.Enc = EVEX
	d.afterPrefixes()
	if d.pos+4 > len(d.code) {
		return 0, ErrTruncated
	}
	p0, p1, p2 := d.code[d.pos], d.code[d.pos+1], d.code[d.pos+2]
	d.pos += 4
	if p0&8 != 0 || p1&4 == 0 {
		return 0, ErrUnknown
	}
	d.r = ^p0>>4&8 | ^p0&16
	d.x, d.b = ^p0>>3&8, ^p0>>2&8
	d.w = p1&0x80 != 0
	d.pp = p1 & 3
	d.vvvv = ^p1>>3&15 | ^p2<<1&16
	d.hiIndex = ^p2 << 1 & 16
	d.evexZ = p2&0x80 != 0
	d.vl = p2 >> 5 & 3
	d.evexB = p2&0x10 != 0
	d.evexMask = p2 & 7
	in.Map = p0 & 7
	switch in.Map {
	case 1, 2, 3:
		return evexRoots + int(in.Map) - 1, nil
	case 5, 6:
		return evexRoots + int(in.Map) - 2, nil
	}
	return 0, ErrUnknown
}

// xop reads an XOP prefix and the opcode (APM 3 1.2.5.1) and returns the table. 8F is pop unless its map would be 8 or more.
func (d *decoder) xop() (int, error) {
	if d.pos >= len(d.code) {
		return 0, ErrTruncated
	}
	m := d.code[d.pos] & 31
	if m < 8 {
		return d.legacy(0x8f)
	}
	d.inst.Enc = XOP
	d.afterPrefixes()
	if d.pos+3 > len(d.code) {
		return 0, ErrTruncated
	}
	p0, p1 := d.code[d.pos], d.code[d.pos+1]
	d.pos += 3
	if m > 10 || d.bad {
		return 0, ErrUnknown
	}
	d.r, d.x, d.b = ^p0>>4&8, ^p0>>3&8, ^p0>>2&8
	d.w = p1&0x80 != 0
	d.vvvv = ^p1 >> 3 & 15
	d.vl = p1 >> 2 & 1
	d.pp = p1 & 3
	d.inst.Map = m
	return xopRoots + int(m) - 8, nil
}

// afterPrefixes is where a VEX or EVEX prefix begins: REX, LOCK, 66, F2 or F3 before it are #UD (SDM 2A 2.3.2, 2.7.11.1).
func (d *decoder) afterPrefixes() {
	in := d.inst
	d.bad = in.Rex != 0 || in.Lock || in.Op16 || d.rep != 0
}
