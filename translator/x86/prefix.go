package x86

// prefixes reads legacy prefixes and REX (SDM 2A 2.1.1, 2.2.1). A REX that a legacy prefix follows has no effect.
func (d *decoder) prefixes() error {
	in := d.inst
	for {
		if d.pos >= len(d.code) {
			return ErrTruncated
		}
		c := d.code[d.pos]
		switch {
		case c&0xf0 == 0x40:
			in.Rex = c
			in.PrefixEnd = uint8(d.pos)
			d.pos++
			continue
		case !isPrefix(c):
			if in.Rex == 0 {
				in.PrefixEnd = uint8(d.pos)
			}
			return nil
		}
		in.Rex = 0
		d.prefix(c)
		d.pos++
	}
}

// isPrefix says whether c is a legacy prefix.
func isPrefix(c byte) bool { return prefixBits[c>>6]>>(c&63)&1 != 0 }

// prefixBits is the set of legacy prefixes: 26 2E 36 3E, 64 to 67, F0 F2 F3.
var prefixBits = [4]uint64{1<<0x26 | 1<<0x2e | 1<<0x36 | 1<<0x3e, 0xf << 0x24, 0, 1<<0x30 | 1<<0x32 | 1<<0x33}

// prefix notes one legacy prefix. CS, DS, ES and SS have no effect, not even on an FS or GS before them.
func (d *decoder) prefix(c byte) {
	switch c {
	case 0x64:
		d.inst.Mem.Seg = FS
	case 0x65:
		d.inst.Mem.Seg = GS
	case 0x66:
		d.inst.Op16 = true
	case 0x67:
		d.inst.Addr32 = true
	case 0xf0:
		d.inst.Lock = true
	case 0xf2, 0xf3:
		d.rep = c
	}
}
