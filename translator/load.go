package translator

import "kmv/translator/x86"

// Instructions that store nothing. Nearly all are copied:
//
//	insn
//
// One with a memory operand that translated code cannot use (see operand.go) gets another operand:
//
//	mov %s,%fs:SlotA; mov %fs:SlotFSBase,%s; insn x(%s); mov %fs:SlotA,%s
//
// and a load that overwrites its register needs no spill:
//
//	mov %fs:SlotFSBase,%rax; mov x(%rax),%rax
func (t *Translator) load() {
	if !t.in.HasMem || t.in.Mem.Seg == x86.NoSeg && !t.in.Mem.RIP || t.addressOnly() {
		t.at(RoleNative)
		t.a.Buf = append(t.a.Buf, t.bytes...)
		if t.cfg.Mirror && t.prefetches() {
			t.state = Done
			t.mirror()
			t.a.Buf = t.in.AppendSeg(t.a.Buf, t.bytes, x86.GS)
		}
		return
	}
	m, changed := t.operand(t.overwritten())
	t.native()
	t.copyInst(m, changed)
	t.restore()
}

// addressOnly says whether the memory operand of the instruction is not accessed in a way that matters: lea, nop,
// prefetch.
func (t *Translator) addressOnly() bool {
	in := t.in
	if in.Enc != x86.Legacy {
		return false
	}
	return in.Map == 0 && in.Opcode == opLea || in.Map == 1 && (in.Opcode == 0x0d || in.Opcode&^7 == 0x18)
}

// prefetches says whether the instruction fetches a cache line that may be stored to soon: then its copy is wanted too. zstd
// does so with its tables. A prefetch never faults (SDM 2B, PREFETCHh); what is not temporal is read only once.
//
//	prefetcht0 m; prefetcht0 %gs:m
func (t *Translator) prefetches() bool {
	in := t.in
	if in.Enc != x86.Legacy || in.Map != 1 || !in.HasMem || in.Mem.Seg != x86.NoSeg || in.Mem.RIP || in.Addr32 {
		return false
	}
	hint := in.ModRM >> 3 & 7
	return in.Opcode == 0x18 && hint >= 1 && hint <= 3 || in.Opcode == 0x0d
}

// overwritten is the register that a plain load overwrites whole without reading it, or NoReg. If the load faults, its
// old value is lost: that is visible to a handler of the fault only, and FS-relative loads do not fault.
func (t *Translator) overwritten() x86.Reg {
	in := t.in
	if in.Enc != x86.Legacy || in.OpSize < 4 || !in.HasModRM || in.Mem.Seg != x86.FS || in.Addr32 {
		return x86.NoReg
	}
	switch {
	case in.Map == 0 && (in.Opcode == 0x8b || in.Opcode == 0x63):
	case in.Map == 1 && (in.Opcode == 0xb6 || in.Opcode == 0xb7 || in.Opcode == 0xbe || in.Opcode == 0xbf):
	default:
		return x86.NoReg
	}
	r := modReg(in)
	if in.Reads>>r&1 != 0 || r == x86.RSP {
		return x86.NoReg
	}
	return r
}

// modReg is the register in ModRM.reg.
func modReg(in *x86.Inst) x86.Reg { return x86.Reg(in.ModRM>>3&7 | in.Rex&4<<1) }

// modRM is the register in ModRM.rm.
func modRM(in *x86.Inst) x86.Reg { return x86.Reg(in.ModRM&7 | in.Rex&1<<3) }

// translatable says whether there is a rule for the instruction at all.
func (t *Translator) translatable() bool {
	in := t.in
	switch {
	case in.Form == x86.Unmirrorable && t.cfg.Mirror:
		return false
	case in.Mem.Seg == x86.GS && !t.addressOnly():
		return false // the program's GS base is ours
	case in.Form == x86.Enter && in.OpSize == 2:
		return false // leaves the upper part of rbp, so rbp does not say where it wrote
	case in.Addr32:
		return t.translatable32()
	}
	return true
}

// translatable32 refuses what adds to an address before the 67 prefix truncates it, where the operand must be replaced.
func (t *Translator) translatable32() bool {
	in := t.in
	replaced := in.Mem.Seg == x86.FS || in.HasMem && in.Mem.RIP
	bits := in.Form == x86.BitString || in.Mnemonic == x86.OpBT && in.ImmLen == 0
	return in.Form != x86.DirectStore && !(replaced && (bits || in.Mem.VSIB || in.Form == x86.MaskStore))
}

// lea of a RIP operand loads a constant:
//
//	mov $imm,%r
func (t *Translator) lea() outcome {
	if !t.in.Mem.RIP || !t.in.HasMem {
		return nothing
	}
	t.at(RoleNative)
	at, r := uint64(t.absolute(t.in.Mem.Disp)), modReg(t.in)
	switch t.in.OpSize {
	case 8:
		t.a.MovRI(r, at)
	case 4:
		t.a.MovRI(r, at&0xffffffff)
	default:
		t.a.MovRI16(r, int64(at))
	}
	return done
}
