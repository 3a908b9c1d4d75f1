package engine

import (
	"golang.org/x/sys/unix"

	"kmv/engine/syscalls"
	"kmv/translator/x86"
)

// sigprocmask changes the thread's mask, the program's own in slotMask and the kernel's, which gets a copy of the set without what may
// not be blocked. It stops where signals are held that it might let go, and where the kernel's old mask, which it writes, is not the program's:
//
//	cmp $8,%r10; jne stop; cmp $0,slotHeld; jne stop
//	mov slotMask,%rax
//	oldset: test %rdx,%rdx; jz set; test $unblockable,%eax; jnz stop
//	        movzbl (%rdx),%ecx; movzbl 7(%rdx),%ecx
//	        cmp slotGuardHigh,%rdx; jae set; lea 8(%rdx),%rcx; cmp slotGuardLow,%rcx; ja stop
//	set:    mov %rsi,slotUse; test %rsi,%rsi; jz same
//	        mov (%rsi),%rcx; mov %rcx,slotKernelSet; and $~unblockable,slotKernelSet
//	        by %edi: or %rcx,%rax | not %rcx; and %rcx,%rax | mov %rcx,%rax | jmp stop
//	        and $~neverMasked,%rax; mov slotKernelAt,%rcx; mov %rcx,slotUse
//	same:   mov %rax,slotMaskNew
//	flags as in enterCompared; mov %rsi,slotRSI; mov slotUse,%rsi
//	syscall
//	mov slotMaskNew,%rcx; mov %rcx,slotMask; mov slotRSI,%rsi
//	copy oldset
func (b *builder) sigprocmask() x86.Label {
	set, same, block, unblock, replace, masked := b.NewLabel(), b.NewLabel(), b.NewLabel(), b.NewLabel(), b.NewLabel(), b.NewLabel()
	stop := b.stop.compared
	b.saved = 0
	entry := b.Here()
	b.at(deciding)
	b.saveFlags()
	b.AluRI(x86.AluCmp, x86.R10, 8, 8)
	b.Jcc(x86.CondNE, stop)
	b.AluMI(x86.AluCmp, slot(slotHeld), 0, 8)
	b.Jcc(x86.CondNE, stop)
	b.MovRM(x86.RAX, slot(slotMask), 8)
	b.TestRR(x86.RDX, x86.RDX, 8)
	b.Jcc(x86.CondE, set)
	b.TestRI(x86.RAX, unblockable, 4)
	b.Jcc(x86.CondNE, stop)
	b.MovzxRM(x86.RCX, x86.At(x86.RDX, 0), 1) // see touch
	b.MovzxRM(x86.RCX, x86.At(x86.RDX, 7), 1)
	b.AluRM(x86.AluCmp, x86.RDX, slot(slotGuardHigh), 8) // see guardCheck
	b.Jcc(x86.CondAE, set)
	b.Lea(x86.RCX, x86.At(x86.RDX, 8))
	b.AluRM(x86.AluCmp, x86.RCX, slot(slotGuardLow), 8)
	b.Jcc(x86.CondA, stop)
	b.Bind(set)
	b.MovMR(slot(slotUse), x86.RSI, 8)
	b.TestRR(x86.RSI, x86.RSI, 8)
	b.Jcc(x86.CondE, same)
	b.MovRM(x86.RCX, x86.At(x86.RSI, 0), 8)
	b.MovMR(slot(slotKernelSet), x86.RCX, 8)
	b.AluMI(x86.AluAnd, slot(slotKernelSet), ^unblockable, 8)
	for how, to := range []x86.Label{unix.SIG_BLOCK: block, unix.SIG_UNBLOCK: unblock, unix.SIG_SETMASK: replace} {
		b.AluRI(x86.AluCmp, x86.RDI, int64(how), 4)
		b.Jcc(x86.CondE, to)
	}
	b.Jmp(stop)
	b.Bind(block)
	b.AluRR(x86.AluOr, x86.RAX, x86.RCX, 8)
	b.Jmp(masked)
	b.Bind(unblock)
	b.Not(x86.RCX, 8)
	b.AluRR(x86.AluAnd, x86.RAX, x86.RCX, 8)
	b.Jmp(masked)
	b.Bind(replace)
	b.MovRR(x86.RAX, x86.RCX, 8)
	b.Bind(masked)
	b.AluRI(x86.AluAnd, x86.RAX, ^neverMasked, 8)
	b.MovRM(x86.RCX, slot(slotKernelAt), 8)
	b.MovMR(slot(slotUse), x86.RCX, 8)
	b.Bind(same)
	b.MovMR(slot(slotMaskNew), x86.RAX, 8)
	b.enterCompared(ruleLabels{b.NewLabel(), b.NewLabel()})
	b.save(x86.RSI)
	b.MovRM(x86.RSI, slot(slotUse), 8)
	b.call()
	b.save(x86.RAX)
	b.MovRM(x86.RCX, slot(slotMaskNew), 8)
	b.MovMR(slot(slotMask), x86.RCX, 8)
	b.restore(x86.RSI)
	b.wrote(&syscalls.Rule{Kind: syscalls.Regular, Effects: []syscalls.Effect{{Ptr: 2, N: 8}}})
	return entry
}

// sigaction only asks, where the kernel knows the answer: of the signals that it may not block it does not (see sigaction in
// handlers.go). Programs ask for all signals when they start, and before they start others.
//
//	test %rsi,%rsi; jnz stop; cmp $sig,%edi; je stop; ... the call
func (b *builder) sigaction() x86.Label {
	ask := b.rule(&syscalls.Rule{Kind: syscalls.Regular, Effects: []syscalls.Effect{{Ptr: 2, N: 32}}})
	entry := b.Here()
	b.saved = 0
	b.at(deciding)
	b.saveFlags()
	b.TestRR(x86.RSI, x86.RSI, 8)
	b.Jcc(x86.CondNE, b.stop.compared)
	for sig := unix.Signal(1); sig < signals; sig++ {
		if unblockable&bit(sig) != 0 {
			b.AluRI(x86.AluCmp, x86.RDI, int64(sig), 4)
			b.Jcc(x86.CondE, b.stop.compared)
		}
	}
	b.Jmp(ask.compared)
	return entry
}
