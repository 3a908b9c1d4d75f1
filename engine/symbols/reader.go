package symbols

import "encoding/binary"

// reader reads what DWARF is made of. Behind the end everything is 0 and bad is set.
type reader struct {
	b    []byte
	pos  int
	base uint64 // address of b[0]
	bad  bool
}

func (r *reader) left() int { return len(r.b) - r.pos }

func (r *reader) take(n int) []byte {
	if n < 0 || n > r.left() {
		r.bad = true
		r.pos = len(r.b)
		return make([]byte, 8)
	}
	b := r.b[r.pos : r.pos+n]
	r.pos += n
	return b
}

func (r *reader) skip(n uint64) {
	if n > uint64(r.left()) {
		r.bad, n = true, uint64(r.left())
	}
	r.pos += int(n)
}

func (r *reader) rest() []byte { return r.b[r.pos:] }
func (r *reader) u8() byte     { return r.take(1)[0] }
func (r *reader) u16() uint16  { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32  { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64  { return binary.LittleEndian.Uint64(r.take(8)) }

func (r *reader) text() string {
	for i := r.pos; i < len(r.b); i++ {
		if r.b[i] == 0 {
			s := string(r.b[r.pos:i])
			r.pos = i + 1
			return s
		}
	}
	r.bad = true
	return ""
}

// uleb and sleb are LEB128 (DWARF 5, 7.6).
func (r *reader) uleb() uint64 {
	v, _, _ := r.leb()
	return v
}

func (r *reader) sleb() int64 {
	v, shift, last := r.leb()
	if last&0x40 != 0 && shift < 64 {
		v |= ^uint64(0) << shift
	}
	return int64(v)
}

func (r *reader) leb() (v uint64, shift uint, last byte) {
	for {
		last = r.u8()
		if shift < 64 {
			v |= uint64(last&0x7f) << shift
		}
		shift += 7
		if last&0x80 == 0 || r.bad {
			return v, shift, last
		}
	}
}

// pointer reads an encoded one; those that the dynamic linker would have to help with are not ok.
func (r *reader) pointer(enc byte) (uint64, bool) {
	if enc == encOmit {
		return 0, true
	}
	at := r.base + uint64(r.pos)
	var v uint64
	switch enc & encFormat {
	case 0x00, 0x04, 0x0c:
		v = r.u64()
	case 0x01:
		v = r.uleb()
	case 0x02:
		v = uint64(r.u16())
	case 0x03:
		v = uint64(r.u32())
	case 0x09:
		v = uint64(r.sleb())
	case 0x0a:
		v = uint64(int64(int16(r.u16())))
	case 0x0b:
		v = uint64(int64(int32(r.u32())))
	default:
		return 0, false
	}
	switch enc & 0x70 {
	case 0:
	case encPCRel:
		v += at
	default:
		return 0, false
	}
	return v, enc&encIndirect == 0 && !r.bad
}
