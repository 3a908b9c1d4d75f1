package engine

import "kmv/translator/x86"

// The copies from native to mirror: p is a register that carries an argument, rax and rcx are free, the flags too. A
// fault in here is no error: runtimeFault lets the engine copy instead.

// loopMost is the size up to which 8-byte moves are used: rep movsb takes a while to start.
const loopMost = 64

// directMost is the size up to which a fixed size is copied without a loop.
const directMost = 160

// move copies size (1, 2, 4 or 8) bytes at m by way of rax.
func (b *builder) move(m x86.Mem, size int) {
	if size < 4 {
		b.MovzxRM(x86.RAX, m, size)
	} else {
		b.MovRM(x86.RAX, m, size)
	}
	b.MovMR(m.In(x86.GS), x86.RAX, size)
}

// copyFixed copies n bytes at p; the last move may overlap the one before.
func (b *builder) copyFixed(p x86.Reg, n int64) {
	if n > directMost {
		b.MovRI(x86.RCX, uint64(n))
		b.copyLoop(p)
		return
	}
	b.AluMI(x86.AluAdd, slot(slotBytes), n, 8)
	size := int64(8)
	for n < size {
		size /= 2
	}
	at := int64(0)
	for ; at+size <= n; at += size {
		b.move(x86.At(p, at), int(size))
	}
	if at < n {
		b.move(x86.At(p, n-size), int(size))
	}
}

// copyLoop copies rcx bytes at p, at least 8 of them, from the end to the start:
//
//	add %rcx,%fs:slotBytes
//	again: mov -8(p,%rcx),%rax; mov %rax,%gs:-8(p,%rcx); sub $8,%rcx; cmp $8,%rcx; ja again
//	mov (p),%rax; mov %rax,%gs:(p)
func (b *builder) copyLoop(p x86.Reg) {
	b.AluMR(x86.AluAdd, slot(slotBytes), x86.RCX, 8)
	again := b.Here()
	b.move(x86.AtIndex(p, x86.RCX, 1, -8), 8)
	b.AluRI(x86.AluSub, x86.RCX, 8, 8)
	b.AluRI(x86.AluCmp, x86.RCX, 8, 8)
	b.Jcc(x86.CondA, again)
	b.move(x86.At(p, 0), 8)
}

// copyBytes copies rcx bytes at p, at least one.
func (b *builder) copyBytes(p x86.Reg) {
	small, big, done := b.NewLabel(), b.NewLabel(), b.NewLabel()
	b.AluRI(x86.AluCmp, x86.RCX, 8, 8)
	b.Jcc(x86.CondB, small)
	b.AluRI(x86.AluCmp, x86.RCX, loopMost, 8)
	b.Jcc(x86.CondA, big)
	b.copyLoop(p)
	b.Jmp(done)
	b.Bind(small)
	b.copySmall(p, done)
	b.Bind(big)
	b.copyBig(p)
	b.Bind(done)
}

// copySmall copies 1 to 7 bytes, as two moves that may overlap, and goes to done.
func (b *builder) copySmall(p x86.Reg, done x86.Label) {
	b.AluMR(x86.AluAdd, slot(slotBytes), x86.RCX, 8)
	for size := 4; size > 1; size /= 2 {
		less := b.NewLabel()
		b.AluRI(x86.AluCmp, x86.RCX, int64(size), 8)
		b.Jcc(x86.CondB, less)
		b.move(x86.At(p, 0), size)
		b.move(x86.AtIndex(p, x86.RCX, 1, -int64(size)), size)
		b.Jmp(done)
		b.Bind(less)
	}
	b.move(x86.At(p, 0), 1)
	b.Jmp(done)
}

// copyBig lets the processor copy. A direction flag that is set across a system call is left to the engine.
//
//	test $DF,%r11d; jnz finish
//	mov %rsi,%fs:slotRSI; mov %rdi,%fs:slotRDI; mov p,%rsi; mov $Offset,%rax; lea (%rsi,%rax),%rdi
//	rep movsb
func (b *builder) copyBig(p x86.Reg) {
	b.TestRI(x86.R11, directionFlag, 4)
	b.Jcc(x86.CondNE, b.finish)
	b.save(x86.RSI)
	b.save(x86.RDI)
	b.AluMR(x86.AluAdd, slot(slotBytes), x86.RCX, 8)
	if p != x86.RSI {
		b.MovRR(x86.RSI, p, 8)
	}
	b.MovRI(x86.RAX, b.layout.Offset)
	b.Lea(x86.RDI, x86.AtIndex(x86.RSI, x86.RAX, 1, 0))
	b.RepMovs(1)
	b.restore(x86.RDI)
	b.restore(x86.RSI)
}

// copyLoose makes n bytes at p equal, 8 at a time, and leaves alone what is equal: other threads may be in the middle of
// storing twice there, and a store of an old value behind theirs would stay.
//
//	mov $n,%ecx
//	next: mov -8(p,%rcx),%rax; cmp %rax,%gs:-8(p,%rcx); je same; xchg %rax,%gs:-8(p,%rcx); jmp next
//	same: sub $8,%rcx; jnz next
func (b *builder) copyLoose(p x86.Reg, n int64) {
	if n%8 != 0 {
		panic("BUG: a loose effect whose size is no multiple of 8")
	}
	b.AluMI(x86.AluAdd, slot(slotBytes), n, 8)
	b.MovRI(x86.RCX, uint64(n))
	m := x86.AtIndex(p, x86.RCX, 1, -8)
	next, same := b.Here(), b.NewLabel()
	b.MovRM(x86.RAX, m, 8)
	b.AluMR(x86.AluCmp, m.In(x86.GS), x86.RAX, 8)
	b.Jcc(x86.CondE, same)
	b.XchgMR(m.In(x86.GS), x86.RAX, 8)
	b.Jmp(next)
	b.Bind(same)
	b.AluRI(x86.AluSub, x86.RCX, 8, 8)
	b.Jcc(x86.CondNE, next)
}

// copyWord carries the current 4 bytes at p to the mirror, again until they have not moved meanwhile (design section 9):
//
//	again: mov (p),%ecx; mov %ecx,%eax; xchg %eax,%gs:(p); cmp (p),%ecx; jne again
func (b *builder) copyWord(p x86.Reg) {
	m := x86.At(p, 0)
	again := b.Here()
	b.MovRM(x86.RCX, m, 4)
	b.MovRR(x86.RAX, x86.RCX, 4)
	b.XchgMR(m.In(x86.GS), x86.RAX, 4)
	b.AluRM(x86.AluCmp, x86.RCX, m, 4)
	b.Jcc(x86.CondNE, again)
}

// directionFlag in RFLAGS makes string instructions go down.
const directionFlag = 0x400
