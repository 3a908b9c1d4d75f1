package translator

import "kmv/translator/x86"

// flow ends the block with its control transfer.
func (t *Translator) flow() (last bool) {
	in := t.in
	switch in.Flow {
	case x86.FlowJmp:
		t.exit(Exit{Kind: ExitJump, Target: t.target()})
	case x86.FlowJcc:
		t.jcc()
	case x86.FlowLoop:
		t.loop()
	case x86.FlowCall:
		t.call()
	case x86.FlowCallInd:
		t.callIndirect()
	case x86.FlowJmpInd:
		t.jumpIndirect()
	case x86.FlowRet:
		t.ret()
	case x86.FlowSyscall:
		t.syscall()
	case x86.FlowInt:
		t.stop(StopInt, uint8(in.Imm))
	case x86.FlowUndefined:
		t.stop(StopUndefined, 0)
	case x86.FlowPrivileged:
		t.stop(StopPrivileged, 0)
	default: // far branches; xbegin, which cpuid does not advertise
		t.stop(StopUnsupported, 0)
	}
	return true
}

// target is where a direct branch goes.
func (t *Translator) target() uint64 { return t.next + uint64(t.in.Rel) }

// standAt says that what follows belongs to the state in front of native pc.
func (t *Translator) standAt(pc uint64) { t.begin(pc, pc) }

// jcc:
//
//	jcc rel32 -> target
func (t *Translator) jcc() {
	t.at(RoleNative)
	t.pad(2)
	off := t.a.JccRel(x86.Cond(t.in.Opcode & 15))
	t.f.Exits = append(t.f.Exits, Exit{Kind: ExitJump, Off: uint32(off), Target: t.target()})
	t.fall(t.next)
}

// loop, loope, loopne and jrcxz have no rel32:
//
//	loop taken; jmp over; taken: jmp rel32 -> target; over:
func (t *Translator) loop() {
	taken, over := t.a.NewLabel(), t.a.NewLabel()
	target, next := t.target(), t.next
	t.at(RoleNative)
	t.a.Bytes(t.bytes[:t.in.OpcodeOff]...) // all prefixes: on AMD, F3 changes what loopne tests
	t.a.LoopShort(t.in.Opcode, taken)
	t.standAt(next)
	t.at(RoleGlue)
	t.a.JmpShort(over)
	t.a.Bind(taken)
	t.standAt(target)
	t.exit(Exit{Kind: ExitJump, Target: target})
	t.a.Bind(over)
	t.fall(next)
}

// call:
//
//	movq $next,%gs:-8(%rsp); push $next
//	jmp rel32 -> target
func (t *Translator) call() {
	target := t.target()
	t.f.ReturnTo = t.next
	t.pushConst(t.next)
	t.standAt(target)
	t.exit(Exit{Kind: ExitJump, Target: target})
}

// callIndirect:
//
//	mov %rcx,%fs:SlotRCX; mov x,%rcx
//	movq $next,%gs:-8(%rsp); push $next
//	dispatch
func (t *Translator) callIndirect() {
	t.f.ReturnTo = t.next
	t.saveRCX()
	t.loadTarget()
	t.glue()
	t.a.MovMR(slot(SlotTarget), x86.RCX, 8)
	t.pushConst(t.next)
	t.state = Before // the stack pointer is all that has to go back; what is below it nobody owns
	t.save(Saved{Reg: x86.RSP, Slot: -1, Add: 8})
	t.dispatch(x86.RCX)
}

// jumpIndirect:
//
//	mov %rcx,%fs:SlotRCX; mov x,%rcx; mov %rcx,%fs:SlotTarget
//	dispatch
func (t *Translator) jumpIndirect() {
	t.saveRCX()
	r := modRM(t.in)
	if t.in.HasMem || r == x86.RSP { // rsp cannot be the index of the lookup
		t.loadTarget()
		r = x86.RCX
	}
	t.glue()
	t.a.MovMR(slot(SlotTarget), r, 8)
	t.dispatch(r)
}

// ret:
//
//	mov %rcx,%fs:SlotRCX; pop %rcx; lea imm(%rsp),%rsp; mov %rcx,%fs:SlotTarget
//	dispatch
func (t *Translator) ret() {
	t.saveRCX()
	t.native()
	t.a.PopR(x86.RCX)
	t.state = Before
	extra := t.in.Imm & 0xffff
	t.save(Saved{Reg: x86.RSP, Slot: -1, Add: -8})
	if extra != 0 {
		t.glue()
		t.a.Lea(x86.RSP, x86.At(x86.RSP, extra))
		t.saved[t.n-1].Add -= int32(extra)
	}
	t.glue()
	t.a.MovMR(slot(SlotTarget), x86.RCX, 8)
	t.dispatch(x86.RCX)
}

// saveRCX makes rcx the register that carries an indirect branch:
//
//	mov %rcx,%fs:SlotRCX
func (t *Translator) saveRCX() {
	t.glue()
	t.a.MovMR(slot(SlotRCX), x86.RCX, 8)
	t.save(Saved{Reg: x86.RCX, Slot: SlotRCX})
	t.busy |= 1 << x86.RCX
}

// loadTarget moves the target of an indirect branch into rcx.
func (t *Translator) loadTarget() {
	if !t.in.HasMem {
		if r := modRM(t.in); r != x86.RCX {
			t.glue()
			t.a.MovRR(x86.RCX, r, 8)
		}
		return
	}
	free := x86.RCX
	if regsOf(t.in.Mem)>>x86.RCX&1 != 0 {
		free = x86.NoReg
	}
	m, changed := t.operand(free)
	if t.in.Addr32 && !changed {
		t.address(x86.RCX, m)
		m = x86.At(x86.RCX, 0)
	}
	t.at(RoleNative)
	t.state = Before
	t.a.MovRM(x86.RCX, m, 8)
	for t.n > 1 {
		t.restoreOne()
	}
}

// dispatch jumps to the translation of the native address in r, which is in SlotTarget too. An address that is not
// translated gives 0, one outside of the code zone a fault: the engine takes either as a miss.
//
//	mov %gs:JumpMap(,%r,4),%ecx; jmp *%rcx
func (t *Translator) dispatch(r x86.Reg) {
	t.glue()
	t.a.MovRM(x86.RCX, x86.AtIndex(x86.NoReg, r, 4, int64(t.cfg.JumpMap)).In(x86.GS), 4)
	t.glue()
	t.a.JmpR(x86.RCX)
}
