package translator

import "kmv/translator/x86"

// xsaveMost is the area of all states that a program can have: x87 and SSE, AVX, AVX-512 and PKRU (SDM 1, 13.5; AMX is refused).
const xsaveMost = 2696

// xsave executes xsave, xsavec or xsaveopt natively and copies the whole area. Executed twice it could write different
// bytes: which states are in use, and so written, may change between with a switch of context (SDM 1, 13.6).
//
//	mov %p,%fs:SlotA; lea m,%p
//	xsave m
//	mov %rcx,%fs:SlotB; mov %s,%fs:SlotC
//	lea size(%p),%p; mov $-size/8,%rcx
//	1: mov (%p,%rcx,8),%s; mov %s,%gs:(%p,%rcx,8)
//	lea 1(%rcx),%rcx; jrcxz 2f; jmp 1b
//	2: mov %fs:SlotC,%s; ...
//
// What lies behind a smaller area is equal in both halves already; where nothing does, the engine ends the copying.
func (t *Translator) xsave() {
	const rcx = x86.RCX
	m, changed := t.operand(x86.NoReg)
	p := t.pinOutside(m, t.touched()|1<<rcx)
	if changed { // the register that m was made with is p's now
		m = p
	}
	t.native()
	t.copyInst(m, changed)
	if t.busy>>rcx&1 == 0 {
		t.spill(rcx)
	}
	a := &t.a
	if p.Base == rcx {
		q := t.scratch(1<<x86.RSP | 1<<rcx)
		t.glue()
		a.MovRR(q, rcx, 8)
		p = x86.At(q, 0)
	}
	s := t.scratch(1<<x86.RSP | 1<<rcx)
	t.glue()
	a.Lea(p.Base, p.Plus(xsaveMost))
	a.MovRI(rcx, -xsaveMost/8&(1<<64-1))
	again, done := a.Here(), a.NewLabel()
	from := x86.AtIndex(p.Base, rcx, 8, 0)
	t.mirror()
	a.MovRM(s, from, 8)
	a.MovMR(from.In(x86.GS), s, 8)
	a.Lea(rcx, x86.At(rcx, 1))
	a.Jrcxz(done)
	a.JmpShort(again)
	a.Bind(done)
	t.restore()
}
