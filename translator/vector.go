package translator

import "kmv/translator/x86"

// maskStore doubles maskmovq and maskmovdqu, whose operand is (%rdi):
//
//	maskmovdqu
//	gs maskmovdqu
//
// and with an FS operand rdi is moved by the program's FS base around both.
func (t *Translator) maskStore() {
	fs := t.in.Mem.Seg == x86.FS
	if fs {
		t.moveByFS(x86.RDI)
	}
	t.native()
	t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.NoSeg)
	if t.cfg.Mirror {
		t.mirror()
		t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.GS)
	}
	t.restore()
}

// scatter consumes its mask, so the mask is kept and given back for the mirror's half. A fault inside has stored some
// elements and cleared their mask bits: the original mask is in SlotE then.
//
//	mov %s,%fs:SlotA; kmovw %k,%s; mov %s,%fs:SlotE
//	vpscatterdd %zmm1,(m){%k}
//	kmovw %s,%k
//	vpscatterdd %zmm1,%gs:(m){%k}
//	mov %fs:SlotA,%s
func (t *Translator) scatter() {
	m, changed := t.operand(x86.NoReg)
	k := t.bytes[t.in.PrefixEnd+3] & 7
	s := t.scratch(t.touched() | regsOf(m))
	t.glue()
	t.a.KmovRK16(s, k)
	t.glue()
	t.a.MovMR(slot(SlotE), s, 8)
	t.partial()
	t.copyInst(m, changed)
	t.mirror()
	t.a.KmovKR16(k, s)
	if changed {
		t.copyInst(m.In(x86.GS), true)
	} else {
		t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.GS)
	}
	t.restore()
}

// directStore copies the 64 bytes that movdir64b wrote at the address in a register:
//
//	movdir64b m,%r
//	mov %s,%fs:SlotA; mov (%r),%s; mov %s,%gs:(%r) ... 8 times; mov %fs:SlotA,%s
func (t *Translator) directStore() {
	m, changed := t.operand(x86.NoReg)
	t.native()
	t.copyInst(m, changed)
	t.copyOut(x86.At(modReg(t.in), 0), int(t.in.StoreSize))
	t.restore()
}
