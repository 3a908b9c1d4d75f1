package engine

import (
	"kmv/engine/syscalls"
	"kmv/translator/x86"
)

// A system call must not meet a page that is lost: some have taken what they were to deliver by then (a datagram, a child's
// status, an event count), and it would be gone. So the routine reads a byte of each page of the arguments first: a lost page
// raises SIGBUS there, where it can be repaired like anywhere else (recover.go). Any other fault leaves the call to the
// engine, which leaves it to the kernel.

// touchMost is how far into a buffer that is to be filled: reading it all would make pages of what the call may never reach.
// What a call takes away for good is smaller; the rest of a file is read by readRest (runtime_calls.go).
const touchMost = 64 << 10

// touch reads the pages of some buffers, in front of the system call:
//
//	lahf; seto %al; mov %rax,%r11
//	buffers
//	flags as in enterCompared
func (b *builder) touch(buffers []syscalls.Effect, source bool) {
	if len(buffers) == 0 || !b.mirror {
		return
	}
	b.saved = 0
	b.saveFlags()
	for i := range buffers {
		b.touchBuffer(&buffers[i], source)
	}
	b.enterCompared(ruleLabels{b.NewLabel(), b.NewLabel()})
}

// touchBuffer reads both ends and every page between them:
//
//	test p,p; jz skip; movzbl (p),%eax
//	movzbl n-1(p),%eax            a fixed length
//
//	mov arg,%rcx; [cmp $most,%rcx; cmova most,%rcx;] imul $n,%rcx,%rcx; test %rcx,%rcx; jz skip
//	add p,%rcx; sub $1,%rcx
//	again: movzbl (%rcx),%eax; sub $4096,%rcx; cmp p,%rcx; ja again
//	skip:
func (b *builder) touchBuffer(e *syscalls.Effect, source bool) {
	p, skip := argumentRegs[e.Ptr], b.NewLabel()
	b.TestRR(p, p, 8)
	b.Jcc(x86.CondE, skip)
	switch e.Len {
	case syscalls.FromVector:
		b.MovMR(slot(slotVectorLow), p, 8)
		b.MovRR(x86.RCX, argumentRegs[e.Arg], 8)
		b.touchVectors(skip)
		b.Bind(skip)
		return
	case syscalls.FromMessage:
		b.MovRM(x86.RCX, x86.At(p, 16), 8) // msg_iov, msg_iovlen
		b.MovMR(slot(slotVectorLow), x86.RCX, 8)
		b.MovRM(x86.RCX, x86.At(p, 24), 8)
		b.touchVectors(skip)
		b.Bind(skip)
		return
	case syscalls.Fixed:
		b.MovzxRM(x86.RAX, x86.At(p, 0), 1)
		if e.N > 1 && !e.Loose { // a loose one may be shorter in truth
			b.MovzxRM(x86.RAX, x86.At(p, int64(e.N)-1), 1)
		}
		b.Bind(skip)
		return
	}
	b.MovRR(x86.RCX, argumentRegs[e.Arg], 8)
	if !source {
		b.MovRI(x86.RAX, uint64(touchMost/e.N))
		b.AluRR(x86.AluCmp, x86.RCX, x86.RAX, 8)
		b.Cmov(x86.CondA, x86.RCX, x86.RAX, 8)
	}
	if e.N > 1 {
		b.ImulRRI(x86.RCX, x86.RCX, int64(e.N), 8)
	}
	b.TestRR(x86.RCX, x86.RCX, 8)
	b.Jcc(x86.CondE, skip)
	b.MovzxRM(x86.RAX, x86.At(p, 0), 1)
	b.Lea(x86.RCX, x86.AtIndex(p, x86.RCX, 1, -1))
	again := b.Here()
	b.MovzxRM(x86.RAX, x86.At(x86.RCX, 0), 1)
	b.AluRI(x86.AluSub, x86.RCX, 4096, 8)
	b.AluRR(x86.AluCmp, x86.RCX, p, 8)
	b.Jcc(x86.CondA, again)
	b.Bind(skip)
}

// touchVectors reads what rcx struct iovec at slotVectorLow name, the last one first:
//
//	test %rcx,%rcx; jz skip; cmp $1024,%rcx; ja skip
//	shl $4,%rcx; add slotVectorLow,%rcx
//	next: sub $16,%rcx; mov %rcx,slotVector; mov 8(%rcx),%rax; mov (%rcx),%rcx; test %rax,%rax; jz done
//	cmp $most,%rax; jbe short; mov $most,%eax; short: lea -1(%rcx,%rax),%rax
//	again: cmpb $0,(%rax); sub $4096,%rax; cmp %rcx,%rax; jae again
//	cmpb $0,(%rcx)
//	done: mov slotVector,%rcx; cmp slotVectorLow,%rcx; ja next
func (b *builder) touchVectors(skip x86.Label) {
	done, short := b.NewLabel(), b.NewLabel()
	b.TestRR(x86.RCX, x86.RCX, 8)
	b.Jcc(x86.CondE, skip)
	b.AluRI(x86.AluCmp, x86.RCX, 1024, 8)
	b.Jcc(x86.CondA, skip)
	b.ShiftRI(x86.ShiftShl, x86.RCX, 4, 8)
	b.AluRM(x86.AluAdd, x86.RCX, slot(slotVectorLow), 8)
	next := b.Here()
	b.AluRI(x86.AluSub, x86.RCX, 16, 8)
	b.MovMR(slot(slotVector), x86.RCX, 8)
	b.MovRM(x86.RAX, x86.At(x86.RCX, 8), 8)
	b.MovRM(x86.RCX, x86.At(x86.RCX, 0), 8)
	b.TestRR(x86.RAX, x86.RAX, 8)
	b.Jcc(x86.CondE, done)
	b.AluRI(x86.AluCmp, x86.RAX, touchMost, 8)
	b.Jcc(x86.CondBE, short)
	b.MovRI(x86.RAX, touchMost)
	b.Bind(short)
	b.Lea(x86.RAX, x86.AtIndex(x86.RCX, x86.RAX, 1, -1))
	again := b.Here()
	b.AluMI(x86.AluCmp, x86.At(x86.RAX, 0), 0, 1)
	b.AluRI(x86.AluSub, x86.RAX, 4096, 8)
	b.AluRR(x86.AluCmp, x86.RAX, x86.RCX, 8)
	b.Jcc(x86.CondAE, again)
	b.AluMI(x86.AluCmp, x86.At(x86.RCX, 0), 0, 1)
	b.Bind(done)
	b.MovRM(x86.RCX, slot(slotVector), 8)
	b.AluRM(x86.AluCmp, x86.RCX, slot(slotVectorLow), 8)
	b.Jcc(x86.CondA, next)
}

// faulted leaves a call that ended with EFAULT to the engine, without a flag changed: perhaps a lost page is to blame.
//
//	lea 14(%rax),%rcx; jrcxz bad; leave
//	bad: mov %rax,%fs:slotRAX; jmp finish
func (b *builder) faulted() {
	if !b.mirror {
		b.leave()
		return
	}
	bad := b.NewLabel()
	b.Lea(x86.RCX, x86.At(x86.RAX, efault))
	b.Jrcxz(bad)
	b.leave()
	b.Bind(bad)
	b.save(x86.RAX)
	b.Jmp(b.finish)
}

const efault = 14 // asm-generic/errno-base.h
