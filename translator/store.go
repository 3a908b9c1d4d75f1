package translator

import "kmv/translator/x86"

// store translates an instruction that writes memory: natively first, then on the mirror.
func (t *Translator) store() {
	if !t.cfg.Mirror && t.in.Form != x86.StringStore && t.in.Form != x86.MaskStore {
		t.load()
		return
	}
	switch in := t.in; in.Form {
	case x86.Repeatable:
		t.repeatable()
	case x86.ReadModify:
		if in.Atomic() {
			t.atomic()
		} else if t.modifiable(in) {
			t.modify()
		} else {
			t.readModify()
		}
	case x86.BitString:
		t.bitString()
	case x86.Push:
		t.push()
	case x86.Enter:
		t.enter()
	case x86.StringStore:
		t.stringStore()
	case x86.MaskStore:
		t.maskStore()
	case x86.Scatter:
		t.scatter()
	case x86.DirectStore:
		t.directStore()
	default:
		panic("BUG: form without a rule")
	}
}

// repeatable executes a store twice, on the mirror first:
//
//	insn %gs:m
//	insn m
//
// In this order, because processors look for the store that a load depends on by the low bits of its address, which native
// and mirror have in common: a load right behind would wait for the mirror's store and then find that it was the wrong
// one. lua's tostring in a loop, full of pushes and pops: 4.2 times native with the native store first, 1.7 like this.
// If the native store faults, the mirror is made equal again by the engine (Ahead).
func (t *Translator) repeatable() {
	in := t.in
	switch {
	case isX87(in):
		// A repetition would report the exceptions of the first one.
		t.readModify()
		return
	case t.cfg.Fenced && in.StoreSize > 0 && in.StoreSize <= 64:
		t.atomic()
		return
	case in.Mnemonic == x86.OpXSAVE, in.Mnemonic == x86.OpXSAVEC, in.Mnemonic == x86.OpXSAVEOPT:
		t.xsave()
		return
	}
	m, changed := t.operand(x86.NoReg)
	if leavesTraces(in) {
		t.native()
		t.copyInst(m, changed)
		t.mirror()
		if changed {
			t.copyInst(m.In(x86.GS), true)
		} else {
			t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.GS)
		}
		t.restore()
		return
	}
	t.ahead()
	if changed {
		t.copyInst(m.In(x86.GS), true)
	} else {
		t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.GS)
	}
	t.native()
	t.copyInst(m, changed)
	t.restore()
}

// isX87 says whether the opcode is one of the x87 escapes.
func isX87(in *x86.Inst) bool { return in.Enc == x86.Legacy && in.Map == 0 && in.Opcode&^7 == 0xd8 }

// leavesTraces says whether a store changes more than memory, which must not have happened when the native one faults: of
// an MMX register it marks the x87 stack as in use (SDM 1, 9.6.2), vcvtps2ph sets flags of MXCSR.
func leavesTraces(in *x86.Inst) bool {
	mmx := in.Enc == x86.Legacy && in.Map == 1 && !in.Op16 && !in.Rep && (in.Opcode == 0x7e || in.Opcode == 0x7f || in.Opcode == 0xe7)
	return mmx || in.Mnemonic == x86.OpVCVTPS2PH
}
