package translator

import "kmv/translator/x86"

// readModify executes natively and copies what was written:
//
//	insn m
//	mov %s,%fs:SlotA
//	mov m,%s; mov %s,%gs:m      8, 4, 2 or 1 bytes at a time
//	mov %fs:SlotA,%s
//
// If the instruction changes a register of the address, the address is taken before:
//
//	mov %p,%fs:SlotA; lea m,%p; insn (%p); ...
func (t *Translator) readModify() {
	m := t.executePinned()
	t.copyOut(m, int(t.in.StoreSize))
	t.restore()
}

// executePinned emits the native instruction and returns an operand that is the written memory after it.
func (t *Translator) executePinned() x86.Mem {
	m, changed := t.operand(x86.NoReg)
	if t.mustPin(m) {
		m, changed = t.pin(m), true
	}
	t.native()
	t.copyInst(m, changed)
	return m
}

// mustPin says whether m would not mean the same memory after the instruction, or not in instructions of ours.
func (t *Translator) mustPin(m x86.Mem) bool {
	regs := regsOf(m) &^ t.busy
	switch {
	case t.in.Addr32 && (regs != 0 || m.Base == x86.NoReg && m.Disp < 0), !inInt32(m.Disp + int64(t.in.StoreSize)):
		return true
	case t.isPopM() && m.Base == x86.RSP:
		return false // computed with the rsp that it leaves behind
	}
	return t.in.Writes&regs != 0
}

// pin takes the address of m into a scratch register that the instruction leaves alone.
func (t *Translator) pin(m x86.Mem) x86.Mem { return t.pinOutside(m, t.touched()) }

// pinOutside takes the address of m into a scratch register outside of avoid. It is the one that operand made up, if any.
func (t *Translator) pinOutside(m x86.Mem, avoid x86.RegSet) x86.Mem {
	var p x86.Reg
	if t.n > 0 {
		if p = t.saved[t.n-1].Reg; m == x86.At(p, 0) {
			return m // whole already: a 67 prefix would truncate the sum
		}
	} else {
		p = t.scratch(avoid | regsOf(m) | 1<<x86.RSP)
	}
	t.address(p, m)
	return x86.At(p, 0)
}

// copyOut copies size bytes from native m to its mirror through a spilled register.
func (t *Translator) copyOut(m x86.Mem, size int) {
	s := t.scratch(regsOf(m) | 1<<x86.RSP)
	t.copyThrough(s, m, size)
	t.restoreOne()
}

// copyThrough copies size bytes through s.
func (t *Translator) copyThrough(s x86.Reg, m x86.Mem, size int) {
	t.mirror()
	for size > 0 {
		n := pieceOf(size)
		t.a.MovRM(s, m, n)
		t.a.MovMR(m.In(x86.GS), s, n)
		m = m.Plus(int64(n))
		size -= n
	}
}

// pieceOf is the largest power of two up to 8 that is not more than size.
func pieceOf(size int) int {
	n := 8
	for n > size {
		n >>= 1
	}
	return n
}
