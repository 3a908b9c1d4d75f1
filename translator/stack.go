package translator

import "kmv/translator/x86"

// top is the top of the stack, below is where the next push goes.
var top, below = x86.At(x86.RSP, 0), x86.At(x86.RSP, -8)

// push translates pushes. What is pushed lies at (%rsp) afterwards:
//
//	push %r       mov %r,%gs:-8(%rsp);    push %r
//	push $imm     movq $imm,%gs:-8(%rsp); push $imm
//	others        push x;     mov %s,%fs:SlotA; mov (%rsp),%s; mov %s,%gs:(%rsp); mov %fs:SlotA,%s
func (t *Translator) push() {
	in := t.in
	wide := in.StoreSize == 8 && in.Map == 0 && in.Enc == x86.Legacy
	r := x86.Reg(in.Opcode&7 | in.Rex&1<<3)
	switch {
	case wide && in.Opcode&^7 == 0x50 && r != x86.RSP:
		t.ahead()
		t.a.MovMR(below.In(x86.GS), r, 8)
		t.native()
		t.copyInst(top, false)
	case wide && (in.Opcode == 0x68 || in.Opcode == 0x6a):
		t.ahead()
		t.a.MovMI(below.In(x86.GS), in.Imm, 8)
		t.native()
		t.copyInst(top, false)
	default:
		t.pushOther()
	}
}

// pushOther copies the top of the stack after the native push.
func (t *Translator) pushOther() {
	var m x86.Mem
	changed := false
	if t.in.HasMem {
		m, changed = t.operand(x86.NoReg)
	}
	t.native()
	t.copyInst(m, changed)
	if t.n > 0 {
		t.copyThrough(t.saved[t.n-1].Reg, top, int(t.in.StoreSize))
	} else {
		t.copyOut(top, int(t.in.StoreSize))
	}
	t.restore()
}

// enter pushes rbp, imm8-1 older frame pointers below it and the new one; the new rbp points to the first:
//
//	enter $n,$l
//	mov %s,%fs:SlotA; mov -8*l(%rbp)...(%rbp) to the mirror through %s; mov %fs:SlotA,%s
func (t *Translator) enter() {
	t.partial()
	t.copyInst(top, false)
	t.copyOut(x86.At(x86.RBP, 8-int64(t.in.StoreSize)), int(t.in.StoreSize))
	t.restore()
}

// pushConst pushes a native address, as a call does:
//
//	movq $v,%gs:-8(%rsp); push $v                         below 2 GiB
//	mov %s,%fs:SlotX; mov $v,%s; mov %s,%gs:-8(%rsp); push %s; mov %fs:SlotX,%s
func (t *Translator) pushConst(v uint64) {
	if v < 1<<31 {
		if t.cfg.Mirror {
			t.ahead()
			t.a.MovMI(below.In(x86.GS), int64(v), 8)
		}
		t.native()
		t.a.PushI(int64(v))
		return
	}
	s := t.scratch(1<<x86.RSP | 1<<x86.RCX)
	t.glue()
	t.a.MovRI(s, v)
	if t.cfg.Mirror {
		t.ahead()
		t.a.MovMR(below.In(x86.GS), s, 8)
	}
	t.native()
	t.a.PushR(s)
	t.restoreOne()
}
