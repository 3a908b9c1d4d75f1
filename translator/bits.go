package translator

import "kmv/translator/x86"

// bitString translates bts, btr and btc with a bit number in a register: the bit lies anywhere in 2^61 bytes around
// the operand (SDM 2A, BTS). One byte changes, so one byte is copied. Its offset, the bit number shifted right by 3,
// must be computed without changing flags: multiply by 32 with lea and load from one byte further on, in two halves,
// which works on processors without sarx. The instruction is rare.
//
//	bts %r,m
//	mov %p,%fs:SlotA; lea m,%p
//	offset -> %q (below); lea (%p,%q),%p
//	mov (%p),%q; mov %q,%gs:(%p)         or the atomic form
func (t *Translator) bitString() {
	m, changed := t.operand(x86.NoReg)
	t.native()
	t.copyInst(m, changed)
	bit := modReg(t.in)
	m = t.pinOutside(m, 1<<bit)
	p := m.Base
	avoid := x86.RegSet(1<<p | 1<<x86.RSP | 1<<bit)
	q := t.scratch(avoid)
	h := t.scratch(avoid)
	t.byteOffset(bit, q, h)
	if t.in.Addr32 { // the processor truncates the sum
		t.a.Lea32(p, x86.AtIndex(p, q, 1, 0))
	} else {
		t.a.Lea(p, x86.AtIndex(p, q, 1, 0))
	}
	t.restoreOne()
	if t.in.Lock {
		t.restoreOne()
		t.carry(m, 1)
	} else {
		t.copyThrough(q, m, 1)
	}
	t.restore()
}

// byteOffset computes bit>>3 (arithmetic, 64 bits) into q; h is a second scratch register.
//
//	mov %bit,%q (sign-extended); mov %q,%fs:SlotD
//	q = low half * 32 >> 8:       mov SlotD,%qd; lea; lea; mov %q,SlotE; mov SlotE+1,%qd
//	h = high half * 32 << 24:     movslq SlotD+4,%h; lea; lea; movq $0,SlotD; mov %h,SlotD+3; mov SlotD,%h
//	lea (%q,%h),%q
func (t *Translator) byteOffset(bit, q, h x86.Reg) {
	a := &t.a
	t.glue()
	a.MovMR(slot(SlotD), bit, 8)
	if n := int(t.in.OpSize); n < 8 {
		a.MovsxRM(q, slot(SlotD), n)
		a.MovMR(slot(SlotD), q, 8)
	}
	a.MovRM(q, slot(SlotD), 4)
	t.times32(q)
	a.MovMR(slot(SlotE), q, 8)
	a.MovRM(q, slot(SlotE+1), 4)
	a.MovsxRM(h, slot(SlotD+4), 4)
	t.times32(h)
	a.MovMI(slot(SlotD), 0, 8)
	a.MovMR(slot(SlotD+3), h, 8)
	a.MovRM(h, slot(SlotD), 8)
	a.Lea(q, x86.AtIndex(q, h, 1, 0))
}

// times32 multiplies r by 32.
func (t *Translator) times32(r x86.Reg) {
	t.a.Lea(r, x86.AtIndex(x86.NoReg, r, 8, 0))
	t.a.Lea(r, x86.AtIndex(x86.NoReg, r, 4, 0))
}
