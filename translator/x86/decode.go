package x86

import "errors"

// What Decode answers when it has no instruction to give.
var (
	ErrTruncated = errors.New("x86: instruction continues past the given bytes")
	ErrUnknown   = errors.New("x86: unknown instruction")
)

// maxLen is the architectural limit (SDM 2A 2.3.11).
const maxLen = 15

// decoder is the state of one Decode. It lives on the stack.
type decoder struct {
	code []byte
	pos  int
	inst *Inst
	row  *row

	pp       uint8 // mandatory prefix: 0 none, 1 66, 2 F3, 3 F2
	rep      uint8 // the last of F2 and F3, or 0
	w        bool
	vl       uint8 // vector length: 0 128, 1 256, 2 512
	r, x, b  uint8 // register extensions, in place (0 or 8, EVEX also 16)
	vvvv     uint8
	hiIndex  uint8 // EVEX.V' as an extension of a vector index
	evexB    bool
	evexZ    bool
	evexMask uint8
	bad      bool // #UD by definition, whatever the opcode
}

// Decode decodes the first instruction of code, which may be longer. It fails with ErrTruncated when code ends inside
// the instruction, and with ErrUnknown when the instruction is none that this package knows everything about.
func Decode(code []byte, inst *Inst) error {
	*inst = Inst{Mem: Mem{Base: NoReg, Index: NoReg, Scale: 1}}
	d := decoder{code: code, inst: inst}
	if len(code) > maxLen {
		d.code = code[:maxLen]
	}
	if err := d.instruction(); err != nil {
		if err == ErrTruncated && len(code) >= maxLen {
			return ErrUnknown
		}
		return err
	}
	inst.Len = uint8(d.pos)
	return nil
}

// instruction decodes from the first prefix to the last immediate byte, then works out the effects.
func (d *decoder) instruction() error {
	if err := d.prefixes(); err != nil {
		return err
	}
	if err := d.opcode(); err != nil {
		return err
	}
	if err := d.addressing(); err != nil {
		return err
	}
	if err := d.immediate(); err != nil {
		return err
	}
	return d.effects()
}

// next takes one byte.
func (d *decoder) next() (byte, error) {
	if d.pos >= len(d.code) {
		return 0, ErrTruncated
	}
	c := d.code[d.pos]
	d.pos++
	return c, nil
}

// opcode reads REX, VEX or EVEX and the opcode, and finds the row.
func (d *decoder) opcode() error {
	in := d.inst
	c, err := d.next()
	if err != nil {
		return err
	}
	root := 0
	switch c {
	case 0x62:
		root, err = d.evex()
	case 0xc4, 0xc5:
		root, err = d.vex(c)
	case 0x8f:
		root, err = d.xop()
	default:
		root, err = d.legacy(c)
	}
	if err != nil {
		return err
	}
	in.OpcodeOff = uint8(d.pos - 1)
	in.Opcode = d.code[d.pos-1]
	return d.find(roots[root][in.Opcode])
}

// legacy reads the rest of an opcode without VEX and returns its table.
func (d *decoder) legacy(c byte) (int, error) {
	in := d.inst
	d.w = in.Rex&8 != 0
	d.r, d.x, d.b = in.Rex<<1&8, in.Rex<<2&8, in.Rex<<3&8
	switch {
	case d.rep == 0xf3:
		d.pp = 2
	case d.rep == 0xf2:
		d.pp = 3
	case in.Op16:
		d.pp = 1
	}
	if c != 0x0f {
		return 0, nil
	}
	c, err := d.next()
	if err != nil {
		return 0, err
	}
	in.Map = 1
	switch c {
	case 0x38:
		in.Map = 2
	case 0x3a:
		in.Map = 3
	default:
		return 1, nil
	}
	_, err = d.next()
	return int(in.Map), err
}

// find walks from a root entry to the row.
func (d *decoder) find(n uint16) error {
	for n&isNode != 0 {
		at := n &^ isNode
		var answer uint8
		switch dim := nodes[at]; dim {
		case dimPP:
			answer = d.pp
		case dimW:
			answer = bit(d.w)
		case dimL:
			answer = d.vl
		case dimB:
			answer = d.b >> 3
		default:
			if d.pos >= len(d.code) {
				return ErrTruncated
			}
			answer = modRMPart(dim, d.code[d.pos])
		}
		n = nodes[at+1+uint16(answer)]
	}
	if n == 0 {
		return ErrUnknown
	}
	d.row = &rows[n]
	d.inst.Mnemonic, d.inst.row = d.row.op, n
	return nil
}

// modRMPart answers a question about a ModRM byte.
func modRMPart(dim uint16, modrm byte) uint8 {
	switch dim {
	case dimMod:
		return bit(modrm >= 0xc0)
	case dimReg:
		return modrm >> 3 & 7
	}
	return modrm & 7
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
