package translator

import (
	"fmt"
	"math"

	"kmv/translator/x86"
)

// Explicit memory operands. Most are used as they are. Three kinds cannot be:
//
//	x(%rip)         translated code lies elsewhere:   the absolute address, or, above 2 GiB, a register with it
//	%fs:x(b,i,s)    FS is the thread block's:         mov %fs:SlotFSBase,%s, then x(%s), x(%s,i,s), x(b,%s) ...
//
// A 67 prefix truncates the address before the segment base is added; AppendMem drops it, since it is given a whole address.

// inInt32 says whether v can be a displacement.
func inInt32(v int64) bool { return v >= math.MinInt32 && v <= math.MaxInt32 }

// regsOf is the set of general purpose registers in an address.
func regsOf(m x86.Mem) x86.RegSet {
	var s x86.RegSet
	if m.Base != x86.NoReg {
		s |= 1 << m.Base
	}
	if m.Index != x86.NoReg && !m.VSIB {
		s |= 1 << m.Index
	}
	return s
}

// touched is what a scratch register must not be while the native instruction runs.
func (t *Translator) touched() x86.RegSet { return t.in.Reads | t.in.Writes | 1<<x86.RSP }

// operand gives the memory operand in a form that translated code can use, without a segment, and says whether it
// differs from the native one. free is a register to use instead of a spilled one, or NoReg.
func (t *Translator) operand(free x86.Reg) (m x86.Mem, changed bool) {
	m = t.in.Mem
	if m.Seg == x86.NoSeg && !m.RIP {
		return m, false
	}
	fs := m.Seg == x86.FS
	m.Seg = x86.NoSeg
	if m.RIP {
		m = x86.Abs(t.absolute(m.Disp))
	}
	switch {
	case t.in.Addr32 && fs:
		m = t.inRegister(m, x86.NoReg)
	case !inInt32(m.Disp):
		m = t.inRegister(m, free)
	case fs:
		return t.based(m, free), true
	}
	if fs {
		t.addFSBase(m.Base)
	}
	return m, true
}

// absolute is the address that disp(%rip) means.
func (t *Translator) absolute(disp int64) int64 {
	at := t.next + uint64(disp)
	if t.in.Addr32 {
		at &= math.MaxUint32
	}
	return int64(at)
}

// take is free, or else a spilled register.
func (t *Translator) take(free x86.Reg) x86.Reg {
	if free != x86.NoReg {
		return free
	}
	return t.scratch(t.touched())
}

// based adds the program's FS base to an address:
//
//	mov %fs:SlotFSBase,%s
//	lea (%s,base),%s        only if there are both base and index
func (t *Translator) based(m x86.Mem, free x86.Reg) x86.Mem {
	s := t.take(free)
	t.glue()
	t.a.MovRM(s, slot(SlotFSBase), 8)
	switch {
	case m.Base == x86.NoReg:
		m.Base = s
	case m.Index == x86.NoReg:
		m.Index, m.Scale = s, 1
	default:
		t.glue()
		t.a.Lea(s, x86.AtIndex(m.Base, s, 1, t.popped(m)))
		m.Base = s
	}
	return m
}

// inRegister computes an address that cannot be part of another one.
func (t *Translator) inRegister(m x86.Mem, free x86.Reg) x86.Mem {
	r := t.take(free)
	t.address(r, m)
	return x86.At(r, 0)
}

// addFSBase adds the program's FS base to r:
//
//	mov %b,%fs:SlotX; mov %fs:SlotFSBase,%b; lea (%r,%b),%r; mov %fs:SlotX,%b
func (t *Translator) addFSBase(r x86.Reg) {
	b := t.scratch(t.touched() | 1<<r)
	t.glue()
	t.a.MovRM(b, slot(SlotFSBase), 8)
	t.glue()
	t.a.Lea(r, x86.AtIndex(r, b, 1, 0))
	t.restoreOne()
}

// address computes m, as the native instruction means it, into p.
func (t *Translator) address(p x86.Reg, m x86.Mem) {
	t.glue()
	switch {
	case !inInt32(m.Disp): // moffs, or relative to RIP
		t.a.MovRI(p, uint64(m.Disp))
	case t.in.Addr32:
		t.a.Lea32(p, m)
	default:
		t.a.Lea(p, m)
	}
	if n := t.popped(m); n != 0 {
		t.address(p, x86.At(p, n))
	}
}

// popped is how far pop m moves rsp before it computes an address with it (SDM 2B, POP).
func (t *Translator) popped(m x86.Mem) int64 {
	if t.isPopM() && m.Base == x86.RSP {
		return int64(t.in.StoreSize)
	}
	return 0
}

func (t *Translator) isPopM() bool {
	return t.in.Map == 0 && t.in.Opcode == 0x8f && t.in.Enc == x86.Legacy
}

// copyInst appends the native instruction, with its operand replaced if changed.
func (t *Translator) copyInst(m x86.Mem, changed bool) {
	if !changed {
		t.a.Buf = append(t.a.Buf, t.bytes...)
		return
	}
	buf, ok := t.in.AppendMem(t.a.Buf, t.bytes, m)
	if !ok {
		panic(fmt.Sprintf("BUG: %x (%v) cannot take the operand %+v", t.bytes, t.in.Mnemonic, m))
	}
	t.a.Buf = buf
}
