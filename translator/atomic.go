package translator

import "kmv/translator/x86"

// atomic executes a locked operation natively and then carries the *current* native value to the mirror, again until
// native has not moved meanwhile. The last thread to write the mirror carried v and has read native == v after a full
// barrier, so a later native write is followed by a mirror write of its own (design section 9). It holds per byte.
//
//	lock insn m
//	again:
//	mov m,%v; mov %v,%x; xchg %x,%gs:m
//	mov m,%ecx; not %rcx; lea 1(%v,%rcx),%rcx     %rcx = v - native, without touching flags
//	jrcxz same; jmp again
//	same:
//
// Wider operands (cmpxchg16b) are carried 8 bytes at a time.
func (t *Translator) atomic() {
	t.carry(t.executePinned(), int(t.in.StoreSize))
	t.restore()
}

// carry brings size bytes at m to the mirror.
func (t *Translator) carry(m x86.Mem, size int) {
	const rcx = x86.RCX
	avoid := regsOf(m) | 1<<x86.RSP | 1<<rcx
	if regsOf(m)>>rcx&1 != 0 {
		m = t.pin(m)
		avoid |= regsOf(m)
	}
	if t.busy>>rcx&1 == 0 {
		t.spill(rcx)
	}
	v := t.scratch(avoid)
	x := t.scratch(avoid)
	t.mirror()
	for size > 0 {
		n := pieceOf(size)
		t.carryPiece(m, n, v, x)
		m = m.Plus(int64(n))
		size -= n
	}
}

// carryPiece brings n bytes (1, 2, 4 or 8) at m to the mirror.
func (t *Translator) carryPiece(m x86.Mem, n int, v, x x86.Reg) {
	a := &t.a
	again, same := a.Here(), a.NewLabel()
	a.MovzxRM(v, m, n)
	a.MovRR(x, v, 8)
	a.XchgMR(m.In(x86.GS), x, n)
	a.MovzxRM(x86.RCX, m, n)
	a.Not(x86.RCX, 8)
	a.Lea(x86.RCX, x86.AtIndex(v, x86.RCX, 1, 1))
	a.Jrcxz(same)
	a.JmpShort(again)
	a.Bind(same)
}
