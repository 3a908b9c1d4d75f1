package translator

import "kmv/translator/x86"

// Idle registers. A register that the block overwrites before it reads it again is scratch for free of a reload: its value
// is put into SlotIdle, for whoever looks at the registers meanwhile (Restore), and stays there until the program itself
// overwrites the register. Only instructions whose translation needs nothing of ours may lie in between.

// idle is the register on loan, if any.
type idle struct {
	n     uint8 // 1 if there is one: it is saved[0] then
	reg   x86.Reg
	until uint64 // native pc behind the instruction that overwrites it
}

// window is what a block's later instructions are foreseen from.
type window struct {
	code   []byte
	leader func(pc uint64) bool
}

// foresight is how many instructions are looked at: most loans are found within a few, and each is decoded once more.
const foresight = 12

// carry makes the loan go on in a new instruction, or ends it.
func (i *idle) carry(t *Translator) {
	if i.n == 0 {
		return
	}
	if t.pc == i.until {
		*i = idle{}
		return
	}
	t.save(Saved{Reg: i.reg, Slot: SlotIdle})
	t.busy |= 1 << i.reg
}

// borrow gives a scratch register outside of avoid: the idle one, or one that becomes it, or a spilled one.
//
//	mov %r,%fs:SlotIdle
//
// To spill a register and load it again takes as long as forwarding a store. So that this does not add up, it is one that is
// not used soon, and in different places different ones.
func (t *Translator) borrow(avoid x86.RegSet) x86.Reg {
	if t.idle.n > 0 && t.n == 1 && avoid>>t.idle.reg&1 == 0 {
		return t.idle.reg
	}
	avoid |= t.busy
	r, until, soon := t.foresee(avoid)
	if r != x86.NoReg && t.n == 0 {
		t.glue()
		t.a.MovMR(slot(SlotIdle), r, 8)
		t.save(Saved{Reg: r, Slot: SlotIdle})
		t.busy |= 1 << r
		t.idle = idle{1, r, until}
		return r
	}
	for i := range uint64(16) {
		if r := x86.Reg((t.pc + i) & 15); (avoid|soon)>>r&1 == 0 {
			t.spill(r)
			return r
		}
	}
	return t.scratch(avoid)
}

// foresee finds a register outside of avoid that is overwritten before it is read, and the native pc behind that; if there
// is none, it says which ones are used.
func (t *Translator) foresee(avoid x86.RegSet) (r x86.Reg, until uint64, soon x86.RegSet) {
	soon = 1 << x86.RSP
	code, pc := t.window.code, t.next
	for n := int(t.f.Insts); n < min(t.cfg.MaxInsts, int(t.f.Insts)+foresight); n++ {
		in := &t.foreseen
		if t.window.leader != nil && t.window.leader(pc) || x86.Decode(code, in) != nil || !t.plainly(pc+uint64(in.Len)) {
			break
		}
		code, pc = code[in.Len:], pc+uint64(in.Len)
		if r := overwrites(in); r != x86.NoReg && (avoid|soon)>>r&1 == 0 {
			return r, pc, soon
		}
		soon |= in.Reads | in.Writes
	}
	return x86.NoReg, 0, soon
}

// plainly says whether the translation of t.foreseen needs no register or slot of ours.
func (t *Translator) plainly(next uint64) bool {
	in := &t.foreseen
	switch {
	case in.Flow != x86.FlowNext, in.Addr32, in.Mem.Seg != x86.NoSeg, in.SegRead != x86.NoSeg, in.SegWrite != x86.NoSeg:
		return false
	case in.HasMem && in.Mem.RIP && !inInt32(int64(next)+in.Mem.Disp):
		return false
	case in.Enc == x86.Legacy && in.Map <= 1 && special[in.Map][in.Opcode] != nil:
		return in.Opcode == opLea && in.Map == 0
	case in.Form == x86.NoStore:
		return true
	case in.Form == x86.Repeatable:
		return !t.cfg.Fenced && !isX87(in)
	case in.Form == x86.ReadModify:
		return !in.Atomic() && t.modifiable(in)
	}
	return false
}

// overwrites is the register that a plain move fills whole without reading it, or NoReg.
func overwrites(in *x86.Inst) x86.Reg {
	if in.Enc != x86.Legacy || in.OpSize < 4 {
		return x86.NoReg
	}
	r := modReg(in)
	switch op := in.Opcode; {
	case in.Map == 0 && (op == 0x8b || op == 0x63 || op == opLea):
	case in.Map == 1 && (op == 0xb6 || op == 0xb7 || op == 0xbe || op == 0xbf):
	case in.Map == 0 && !in.HasMem && in.HasModRM && (op == 0x89 || op == 0xc7):
		r = modRM(in)
	case in.Map == 0 && (op&^7 == 0x58 || op&^7 == 0xb8):
		r = x86.Reg(op&7 | in.Rex&1<<3)
	case in.Map == 0 && !in.HasMem && (op == 0x31 || op == 0x33) && modRM(in) == r:
		return r // 0, whatever it was
	default:
		return x86.NoReg
	}
	if in.Reads>>r&1 != 0 || in.Writes>>r&1 == 0 {
		return x86.NoReg
	}
	return r
}
