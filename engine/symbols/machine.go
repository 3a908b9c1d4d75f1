package symbols

// machine evaluates DWARF expressions (DWARF 5, 2.5): those of call frame information, and, with more, those of variables.
type machine struct {
	regs  *Registers
	read  func(uint64) (uint64, bool)
	lost  uint32 // registers, by number, that are not known
	bias  uint64
	stack []uint64
	more  func(op byte, r *reader) bool // operations that not every expression may have
}

func (m *machine) push(v uint64) { m.stack = append(m.stack, v) }

func (m *machine) pop() uint64 {
	n := len(m.stack)
	if n == 0 {
		return 0
	}
	v := m.stack[n-1]
	m.stack = m.stack[:n-1]
	return v
}

// eval runs an expression; with start, the CFA is on the stack first.
func (m *machine) eval(code []byte, cfa uint64, start bool) (uint64, bool) {
	m.stack = m.stack[:0]
	if start {
		m.push(cfa)
	}
	r := reader{b: code}
	for steps := 0; r.left() > 0; steps++ {
		if steps > 1000 || !m.operation(r.u8(), &r) || r.bad {
			return 0, false
		}
	}
	if len(m.stack) == 0 {
		return 0, false
	}
	return m.pop(), true
}

func (m *machine) operation(op byte, r *reader) bool {
	switch {
	case op >= 0x30 && op <= 0x4f: // lit0 to lit31
		m.push(uint64(op - 0x30))
		return true
	case op >= 0x70 && op <= 0x80: // breg0 to breg16
		m.push(m.regs[op-0x70] + uint64(r.sleb()))
		return m.lost>>(op-0x70)&1 == 0
	case op >= 0x08 && op <= 0x11:
		m.push(constant(op, r))
		return true
	}
	switch op {
	case 0x03: // addr
		m.push(r.u64() + m.bias)
	case 0x06: // deref
		v, ok := m.read(m.pop())
		m.push(v)
		return ok
	case 0x94: // deref_size
		size := r.u8()
		v, ok := m.read(m.pop())
		if size < 8 {
			v &= 1<<(8*size) - 1
		}
		m.push(v)
		return ok
	case 0x12: // dup
		v := m.pop()
		m.push(v)
		m.push(v)
	case 0x13: // drop
		m.pop()
	case 0x14: // over
		return m.pick(1)
	case 0x15: // pick
		return m.pick(int(r.u8()))
	case 0x16: // swap
		a, b := m.pop(), m.pop()
		m.push(a)
		m.push(b)
	case 0x23: // plus_uconst
		m.push(m.pop() + r.uleb())
	case 0x2f: // skip
		r.pos += int(int16(r.u16()))
		return r.pos >= 0 && r.pos <= len(r.b)
	case 0x28: // bra
		to := int(int16(r.u16()))
		if m.pop() != 0 {
			r.pos += to
		}
		return r.pos >= 0 && r.pos <= len(r.b)
	case 0x96: // nop
	default:
		return m.more != nil && m.more(op, r) || m.arithmetic(op)
	}
	return true
}

func constant(op byte, r *reader) uint64 {
	switch op {
	case 0x08:
		return uint64(r.u8())
	case 0x09:
		return uint64(int64(int8(r.u8())))
	case 0x0a:
		return uint64(r.u16())
	case 0x0b:
		return uint64(int64(int16(r.u16())))
	case 0x0c:
		return uint64(r.u32())
	case 0x0d:
		return uint64(int64(int32(r.u32())))
	case 0x0e, 0x0f:
		return r.u64()
	case 0x10:
		return r.uleb()
	}
	return uint64(r.sleb())
}

func (m *machine) pick(i int) bool {
	n := len(m.stack)
	if i >= n {
		return false
	}
	m.push(m.stack[n-1-i])
	return true
}

// arithmetic are the operations on one or two values.
func (m *machine) arithmetic(op byte) bool {
	b := m.pop()
	switch op {
	case 0x19: // abs
		if int64(b) < 0 {
			b = -b
		}
		m.push(b)
		return true
	case 0x1f: // neg
		m.push(-b)
		return true
	case 0x20: // not
		m.push(^b)
		return true
	}
	a := m.pop()
	truth := func(v bool) uint64 {
		if v {
			return 1
		}
		return 0
	}
	switch op {
	case 0x1a:
		a &= b
	case 0x1b: // div
		if b == 0 {
			return false
		}
		a = uint64(int64(a) / int64(b))
	case 0x1c:
		a -= b
	case 0x1d: // mod
		if b == 0 {
			return false
		}
		a %= b
	case 0x1e:
		a *= b
	case 0x21:
		a |= b
	case 0x22:
		a += b
	case 0x24:
		a <<= b
	case 0x25:
		a >>= b
	case 0x26:
		a = uint64(int64(a) >> b)
	case 0x27:
		a ^= b
	case 0x29:
		a = truth(a == b)
	case 0x2a:
		a = truth(int64(a) >= int64(b))
	case 0x2b:
		a = truth(int64(a) > int64(b))
	case 0x2c:
		a = truth(int64(a) <= int64(b))
	case 0x2d:
		a = truth(int64(a) < int64(b))
	case 0x2e:
		a = truth(a != b)
	default:
		return false
	}
	m.push(a)
	return true
}
