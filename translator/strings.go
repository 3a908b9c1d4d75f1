package translator

import "kmv/translator/x86"

// String stores write at (%rdi) in the direction of DF, rcx times with rep. The native instruction runs first, then
// its destination is copied, in the same direction, to the mirror.

// stringStore translates stos and movs without an FS source.
func (t *Translator) stringStore() {
	if t.in.Rep && t.in.Addr32 {
		t.iterate(t.storeOnce)
		return
	}
	if t.in.Rep {
		t.storeMany()
	} else {
		t.storeOnce()
	}
}

// storeOnce:
//
//	mov %rdi,%fs:SlotA
//	stos
//	mov %d,%fs:SlotB; mov %fs:SlotA,%d
//	mov %rax,%gs:(%d)                    movs: mov %v,%fs:SlotC; mov (%d),%v; mov %v,%gs:(%d); mov %fs:SlotC,%v
//	mov %fs:SlotB,%d
func (t *Translator) storeOnce() {
	t.keepDestination()
	t.native()
	t.stringOp(false)
	t.mirrorOnce()
}

// keepDestination notes where the store will go.
func (t *Translator) keepDestination() {
	if t.cfg.Mirror {
		t.glue()
		t.a.MovMR(slot(SlotA), x86.RDI, 8)
		t.slot = max(t.slot, SlotB)
	}
}

// mirrorOnce copies one element from the address in SlotA to the mirror.
func (t *Translator) mirrorOnce() {
	if !t.cfg.Mirror {
		return
	}
	size := int(t.in.OpSize)
	d := t.scratch(1<<x86.RSP | 1<<x86.RAX)
	t.glue()
	if t.in.Addr32 {
		t.a.MovRM(d, slot(SlotA), 4)
	} else {
		t.a.MovRM(d, slot(SlotA), 8)
	}
	if t.isStos() {
		t.mirror()
		t.a.MovMR(x86.At(d, 0).In(x86.GS), x86.RAX, size)
	} else {
		t.copyOut(x86.At(d, 0), size)
	}
	t.restoreOne()
}

func (t *Translator) isStos() bool { return t.in.Opcode&^1 == 0xaa }

// stringOp appends the native instruction without a segment; without its rep, unless rep is wanted.
func (t *Translator) stringOp(rep bool) {
	if rep {
		t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.NoSeg)
		return
	}
	if t.in.Addr32 {
		t.a.Bytes(0x67)
	}
	t.a.String(t.in.Opcode, int(t.in.OpSize))
}

// storeMany keeps where rep begins, so that after a fault inside it the engine knows what has been written.
//
//	mov %rdi,%fs:SlotA; mov %rcx,%fs:SlotB
//	rep stos                                     rep movs
//	mov %rdi,%fs:SlotC; mov %rsi,%fs:SlotD
//	mov %fs:SlotB,%rcx; mov %fs:SlotA,%rdi; mov $Offset,%rsi; lea (%rdi,%rsi),%rdi
//	rep stos                                     mov %fs:SlotA,%rsi; rep movs
//	mov %fs:SlotC,%rdi; mov %fs:SlotD,%rsi
func (t *Translator) storeMany() {
	if !t.cfg.Mirror {
		t.native()
		t.stringOp(true)
		return
	}
	a := &t.a
	t.glue()
	a.MovMR(slot(SlotA), x86.RDI, 8)
	t.glue()
	a.MovMR(slot(SlotB), x86.RCX, 8)
	t.partial()
	t.stringOp(true)
	t.slot = SlotC
	t.spill(x86.RDI)
	t.spill(x86.RSI)
	t.glue()
	a.MovRM(x86.RCX, slot(SlotB), 8)
	a.MovRM(x86.RDI, slot(SlotA), 8)
	a.MovRI(x86.RSI, t.cfg.Offset)
	a.Lea(x86.RDI, x86.AtIndex(x86.RDI, x86.RSI, 1, 0))
	if !t.isStos() {
		a.MovRM(x86.RSI, slot(SlotA), 8)
	}
	t.mirror()
	t.stringOp(true)
	t.restore()
}

// iterate turns rep into a loop around a single step: for the forms that cannot be repeated as a whole. Between the
// steps the state is that of an interrupted rep.
//
//	again: jrcxz none; jmp some; none: rep stos; jmp end
//	some:  step; lea -1(%rcx),%rcx; jmp again
//	end:
//
// The native one behind none does nothing; but with 32-bit addresses and ecx 0, Intel's processors clear the upper half of
// rcx, AMD's do not.
func (t *Translator) iterate(step func()) {
	a := &t.a
	again, none, some, end := a.Here(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	t.at(RoleGlue)
	if t.in.Addr32 {
		a.Bytes(0x67)
	}
	a.Jrcxz(none)
	a.JmpShort(some)
	a.Bind(none)
	if t.in.Addr32 {
		t.stringOp(true)
	}
	a.Jmp(end)
	a.Bind(some)
	t.state = Before
	step()
	t.glue()
	if t.in.Addr32 {
		a.Lea32(x86.RCX, x86.At(x86.RCX, -1))
	} else {
		a.Lea(x86.RCX, x86.At(x86.RCX, -1))
	}
	t.begin(t.pc, t.next)
	t.at(RoleGlue)
	a.Jmp(again)
	a.Bind(end)
}

// segmentedString takes string instructions whose source is FS-relative.
func (t *Translator) segmentedString() outcome {
	if t.in.Mem.Seg != x86.FS {
		return nothing
	}
	store := t.in.Form == x86.StringStore
	if t.in.Addr32 || (t.in.Rep || t.in.Repne) && !store {
		t.stop(StopUnsupported, 0)
		return endedBlock
	}
	if t.in.Rep {
		t.iterate(t.stringFromFS)
	} else {
		t.stringFromFS()
	}
	return done
}

// stringFromFS does one step with rsi moved by the program's FS base, and moves it back:
//
//	mov %rdi,%fs:SlotA
//	mov %rsi,%fs:SlotB; mov %s,%fs:SlotC; mov %fs:SlotFSBase,%s; lea (%rsi,%s),%rsi
//	movs
//	not %s; lea 1(%rsi,%s),%rsi; mov %fs:SlotC,%s
func (t *Translator) stringFromFS() {
	store := t.in.Form == x86.StringStore
	if store {
		t.keepDestination()
	}
	s := t.moveByFS(x86.RSI)
	t.native()
	t.stringOp(false)
	t.glue()
	t.a.Not(s, 8)
	t.a.Lea(x86.RSI, x86.AtIndex(x86.RSI, s, 1, 1))
	t.restoreOne()
	t.unsave() // rsi has its new value
	t.busy = 0
	if store {
		t.mirrorOnce()
	}
}

// moveByFS spills r and adds the program's FS base to it; the base is in the register that it returns.
func (t *Translator) moveByFS(r x86.Reg) x86.Reg {
	t.spill(r)
	s := t.scratch(t.touched())
	t.glue()
	t.a.MovRM(s, slot(SlotFSBase), 8)
	t.glue()
	t.a.Lea(r, x86.AtIndex(r, s, 1, 0))
	return s
}

// xlat with an FS table:
//
//	mov %rbx,%fs:SlotA; mov %s,%fs:SlotB; mov %fs:SlotFSBase,%s; lea (%rbx,%s),%rbx
//	xlat
//	mov %fs:SlotB,%s; mov %fs:SlotA,%rbx
func (t *Translator) xlat() outcome {
	if t.in.Mem.Seg != x86.FS {
		return nothing
	}
	if t.in.Addr32 {
		t.stop(StopUnsupported, 0)
		return endedBlock
	}
	t.moveByFS(x86.RBX)
	t.native()
	t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.NoSeg)
	t.restore()
	return done
}
