package translator

import "kmv/translator/x86"

// modify translates the common read-modify-writes so that, as with plain stores, the mirror is written first (see
// repeatable), and once only, so that both copies get the same value whatever other threads do:
//
//	add %r,m
//	mov %s,%fs:SlotA
//	mov m,%s; add %r,%s
//	mov %s,%gs:m; mov %s,m
//	mov %fs:SlotA,%s
//
// s is a register that the block overwrites soon, if there is one: then the last line is not needed (idle.go).
//
// If m may be read but not written, the fault comes when the flags are those behind the instruction. Executed once more, it
// sets them again; a handler that looks at the six arithmetic flags sees the difference. If m cannot even be read, the fault's
// error code says read, and across the end of read-only memory the address is that of what is missing behind it.
func (t *Translator) modify() {
	in := t.in
	m, _ := t.operand(x86.NoReg)
	s := t.borrow(t.modifyAvoids())
	t.glue()
	t.a.MovzxRM(s, m, int(in.StoreSize))
	t.glue()
	buf, ok := in.AppendReg(t.a.Buf, t.bytes, s)
	if !ok {
		panic("BUG: " + in.Mnemonic.String() + " has no register form")
	}
	t.a.Buf = buf
	t.state = Ahead
	t.mirror()
	t.a.MovMR(m.In(x86.GS), s, int(in.StoreSize))
	t.native()
	t.a.MovMR(m, s, int(in.StoreSize))
	t.restore()
}

// modifyAvoids are the registers that modify cannot work in: a byte operation without REX may name ah to bh.
func (t *Translator) modifyAvoids() x86.RegSet {
	avoid := t.touched()
	if t.in.OpSize == 1 {
		avoid |= 0xfff0
	}
	return avoid
}

// modifiable says whether modify applies. What reads CF could not be executed again after a fault of its store, when CF
// has changed. A rotation by more than one leaves OF undefined (SDM 2B, RCL/RCR/ROL/ROR), and Intel's processors leave
// another one for a register than for memory.
func (t *Translator) modifiable(in *x86.Inst) bool {
	switch in.Mnemonic {
	case x86.OpADD, x86.OpSUB, x86.OpAND, x86.OpOR, x86.OpXOR, x86.OpINC, x86.OpDEC, x86.OpNEG, x86.OpNOT,
		x86.OpSHL, x86.OpSHR, x86.OpSAR:
	case x86.OpROL, x86.OpROR:
		if in.Opcode&^1 != 0xd0 { // by 1
			return false
		}
	default:
		return false
	}
	m := in.Mem
	fs := m.Seg == x86.FS
	return in.Enc == x86.Legacy && in.HasMem && in.HasModRM && !t.cfg.Fenced && !in.Addr32 && !in.CarryIn &&
		!(fs && in.OpSize == 1) && (m.RIP || inInt32(m.Disp+8))
}
