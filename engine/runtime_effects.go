package engine

import (
	"golang.org/x/sys/unix"

	"kmv/engine/syscalls"
	"kmv/translator"
	"kmv/translator/x86"
)

// rule emits the code of a rule, once; equal rules share it.
func (b *builder) rule(r *syscalls.Rule) ruleLabels {
	if r.Stops() {
		return b.stop
	}
	key := ruleKey{answer: r.Kind == syscalls.Unsupported, errno: uint64(r.Errno), torn: uint64(r.Torn)}
	key.reads = copy(key.sources[:], r.Sources)
	if r.Kind == syscalls.Regular {
		key.n = copy(key.effects[:], r.Effects)
	}
	if l, ok := b.rules[key]; ok {
		return l
	}
	l := ruleLabels{b.NewLabel(), b.NewLabel()}
	b.rules[key] = l
	b.saved = 0
	b.enterCompared(l)
	switch r.Kind {
	case syscalls.Unsupported:
		b.answer(r.Errno)
		b.leave()
	case syscalls.Regular:
		check, free := b.NewLabel(), b.NewLabel()
		b.MovRM(x86.RCX, slot(slotGuardHigh), 8)
		b.Jrcxz(free)
		b.Jmp(check)
		b.Bind(free)
		b.touch(r.Effects, false)
		b.regular(r)
		b.guardCheck(check, r.Effects, free)
	default:
		b.touch(r.Sources, true)
		b.call()
		b.faulted()
	}
	return l
}

// guardCheck stops a call that may write to a guarded page:
//
//	lahf; seto %al; mov %rax,%r11
//	cmp %fs:slotGuardHigh,p; jae next; length in rcx; add p,%rcx; cmp %fs:slotGuardLow,%rcx; ja stop
//	next: ...
//	flags as in enterCompared; jmp free
func (b *builder) guardCheck(check x86.Label, effects []syscalls.Effect, free x86.Label) {
	b.saved = 0
	b.at(deciding)
	b.Bind(check)
	b.saveFlags()
	for i := range effects {
		e, next := &effects[i], b.NewLabel()
		p := argumentRegs[e.Ptr]
		b.AluRM(x86.AluCmp, p, slot(slotGuardHigh), 8)
		b.Jcc(x86.CondAE, next)
		if e.Len == syscalls.Fixed {
			b.Lea(x86.RCX, x86.At(p, int64(e.N)))
		} else {
			b.MovRR(x86.RCX, argumentRegs[e.Arg], 8)
			b.MovRR(x86.RAX, x86.RCX, 8)
			b.ShiftRI(x86.ShiftShr, x86.RAX, 31, 8)
			b.Jcc(x86.CondNE, b.stop.compared)
			b.ImulRRI(x86.RCX, x86.RCX, int64(e.N), 8)
			b.AluRR(x86.AluAdd, x86.RCX, p, 8)
		}
		b.AluRM(x86.AluCmp, x86.RCX, slot(slotGuardLow), 8)
		b.Jcc(x86.CondA, b.stop.compared)
		b.Bind(next)
	}
	b.enterCompared(ruleLabels{b.NewLabel(), b.NewLabel()})
	b.Jmp(free)
}

// call makes the system call and counts it. An `at` of its own stands behind it: the kernel may leave the thread there
// with a call to restart.
//
//	syscall; mov %fs:slotCalls,%rcx; lea 1(%rcx),%rcx; mov %rcx,%fs:slotCalls
func (b *builder) call() {
	b.Syscall()
	b.at(returned)
	b.image.places[len(b.image.places)-1].back = true
	b.countCall()
}

func (b *builder) countCall() {
	b.MovRM(x86.RCX, slot(slotCalls), 8)
	b.Lea(x86.RCX, x86.At(x86.RCX, 1))
	b.MovMR(slot(slotCalls), x86.RCX, 8)
}

// answer gives an errno in place of the call. The flags reach r11 through another call, which nothing depends on.
//
//	mov $getpid,%eax; syscall; mov $-errno,%rax
func (b *builder) answer(errno unix.Errno) {
	b.MovRI(x86.RAX, unix.SYS_GETPID)
	b.Syscall()
	b.MovRI(x86.RAX, uint64(-int64(errno)))
	b.at(returned)
	b.countCall()
}

// leave goes on with the next native instruction, as an indirect branch does:
//
//	mov %fs:SlotTarget,%rcx; mov %gs:JumpMap(,%rcx,4),%ecx; jmp *%rcx
func (b *builder) leave() {
	b.MovRM(x86.RCX, slot(translator.SlotTarget), 8)
	b.MovRM(x86.RCX, x86.AtIndex(x86.NoReg, x86.RCX, 4, int64(b.layout.JumpMap)).In(x86.GS), 4)
	b.JmpR(x86.RCX)
}

// save and restore move a register to its slot and back.
func (b *builder) save(r x86.Reg) {
	b.MovMR(slot(slotOf(r)), r, 8)
	b.saved |= 1 << r
	b.at(b.phase)
}

func (b *builder) restore(r x86.Reg) {
	b.MovRM(r, slot(slotOf(r)), 8)
	b.saved &^= 1 << r
	b.at(b.phase)
}

// slotOf is where a register is kept while the routine uses it.
func slotOf(r x86.Reg) int64 {
	switch r {
	case x86.RAX:
		return slotRAX
	case x86.RSI:
		return slotRSI
	case x86.RDI:
		return slotRDI
	}
	panic("BUG: no slot for the register")
}

// regular makes the call and copies what it wrote. After EFAULT, and the errno that comes in the middle of writing, the
// engine does it (finish).
//
//	syscall; mov %rax,%fs:slotRAX
//	cmp $-4095,%rax; jae error
//	effects
//	done: flags; mov %fs:slotRAX,%rax; leave
//	error: cmp $-EFAULT,%rax; je finish; the effects that errors have; jmp done
func (b *builder) regular(r *syscalls.Rule) {
	b.call()
	b.save(x86.RAX)
	b.exitIfShort(r.Effects)
	b.wrote(r)
}

// wrote copies what a call wrote that has just returned, and goes on.
func (b *builder) wrote(r *syscalls.Rule) {
	done, failed := b.NewLabel(), b.NewLabel()
	onError := 0
	for _, e := range r.Effects {
		if e.OnError && e.Len != syscalls.FromRet {
			onError++
		}
	}
	if !b.mirror {
		b.exitIfTorn(0)
	} else if onError == len(r.Effects) {
		b.exitIfTorn(r.Torn)
		b.effects(r.Effects, false)
	} else {
		b.AluRI(x86.AluCmp, x86.RAX, -4095, 8)
		b.Jcc(x86.CondAE, failed)
		b.effects(r.Effects, false)
	}
	b.Bind(done)
	b.flags()
	b.leave()
	if b.mirror && onError < len(r.Effects) {
		b.saved = 1 << x86.RAX
		b.at(returned)
		b.Bind(failed)
		b.exitIfTorn(r.Torn)
		b.effects(r.Effects, true)
		b.Jmp(done)
	} else {
		b.Bind(failed)
	}
}

// exitIfShort leaves to the engine a long buffer that was filled in part, perhaps because of a lost page:
//
//	test %rax,%rax; jle all; cmp %rax,arg; jbe all; cmp $most,arg; ja finish; all:
func (b *builder) exitIfShort(effects []syscalls.Effect) {
	if !b.mirror || len(effects) != 1 || effects[0].Len != syscalls.FromRet || effects[0].N != 1 {
		return
	}
	arg, all := argumentRegs[effects[0].Arg], b.NewLabel()
	b.TestRR(x86.RAX, x86.RAX, 8)
	b.Jcc(x86.CondLE, all)
	b.AluRR(x86.AluCmp, arg, x86.RAX, 8)
	b.Jcc(x86.CondBE, all)
	b.AluRI(x86.AluCmp, arg, touchMost, 8)
	b.Jcc(x86.CondA, b.finish)
	b.Bind(all)
}

// exitIfTorn leaves to the engine what may have been written in part.
func (b *builder) exitIfTorn(torn unix.Errno) {
	for _, errno := range []unix.Errno{unix.EFAULT, torn} {
		if errno != 0 {
			b.AluRI(x86.AluCmp, x86.RAX, -int64(errno), 8)
			b.Jcc(x86.CondE, b.finish)
		}
	}
}

// flags brings back the program's, which are in r11, and rax:
//
//	mov %r11d,%ecx; mov %r11d,%eax; shr $11,%eax; and $1,%eax; add $0x7f,%al      OF
//	mov %cl,%ah; sahf; mov %fs:slotRAX,%rax                                       the others
func (b *builder) flags() {
	b.MovRR(x86.RCX, x86.R11, 4)
	b.MovRR(x86.RAX, x86.R11, 4)
	b.ShiftRI(x86.ShiftShr, x86.RAX, 11, 4)
	b.AluRI(x86.AluAnd, x86.RAX, 1, 4)
	b.AluRI(x86.AluAdd, x86.RAX, 0x7f, 1)
	b.Bytes(0x88, 0xcc) // mov %cl,%ah
	b.Sahf()
	b.restore(x86.RAX)
}

// effects copies what the effects name; failed selects those of an error.
func (b *builder) effects(list []syscalls.Effect, failed bool) {
	fresh := true // rax is the result
	for i := range list {
		e := &list[i]
		if failed && !e.OnError {
			continue
		}
		b.effect(e, failed, fresh)
		fresh = false
	}
}

// effect copies one buffer:
//
//	test p,p; jz skip
//	mov $n,%ecx  |  mov arg,%rcx; imul $n,%rcx,%rcx  |  mov arg,%rcx; cmp %rax,%rcx; cmova %rax,%rcx; imul ...
//	copy; skip:
func (b *builder) effect(e *syscalls.Effect, failed, fresh bool) {
	p, n := argumentRegs[e.Ptr], int64(e.N)
	skip := b.NewLabel()
	b.TestRR(p, p, 8)
	b.Jcc(x86.CondE, skip)
	switch {
	case e.Atomic:
		b.copyWord(p)
	case e.Loose:
		b.copyLoose(p, n)
	case e.Len == syscalls.Fixed:
		b.copyFixed(p, n)
	default:
		if e.Len == syscalls.FromRet && !failed {
			if !fresh {
				b.MovRM(x86.RAX, slot(slotRAX), 8)
			}
			b.MovRR(x86.RCX, argumentRegs[e.Arg], 8)
			b.AluRR(x86.AluCmp, x86.RCX, x86.RAX, 8)
			b.Cmov(x86.CondA, x86.RCX, x86.RAX, 8)
		} else {
			b.MovRR(x86.RCX, argumentRegs[e.Arg], 8)
		}
		if n > 1 || e.Len == syscalls.FromArg { // a length that may overflow is left to the engine
			b.MovRR(x86.RAX, x86.RCX, 8)
			b.ShiftRI(x86.ShiftShr, x86.RAX, 31, 8)
			b.Jcc(x86.CondNE, b.finish)
		}
		if n > 1 {
			b.ImulRRI(x86.RCX, x86.RCX, n, 8)
		}
		b.TestRR(x86.RCX, x86.RCX, 8)
		b.Jcc(x86.CondE, skip)
		b.copyBytes(p)
	}
	b.Bind(skip)
}
