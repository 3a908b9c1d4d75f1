package x86

// effects fills in what the instruction does, from its row, and rejects encodings that the row does not allow.
func (d *decoder) effects() error {
	in, r := d.inst, d.row
	if d.bad {
		d.undefined()
		return nil
	}
	if err := d.allowed(); err != nil {
		return err
	}
	d.registers()
	d.store()
	d.flags()
	d.repeat()
	in.Flow = r.flow
	in.CarryIn = r.attr&aCarry != 0
	switch r.op {
	case OpINT3:
		in.Imm = 3
	case OpINT1:
		in.Imm = 1
	}
	if r.attr&(aSegRead|aSegWrite) != 0 {
		d.segments()
	}
	if !in.HasMem && r.attr&aSeg == 0 || r.op == OpLEA {
		in.Mem.Seg = NoSeg
	}
	if in.Lock && !d.lockable() {
		d.undefined()
	}
	return nil
}

// segments notes reads and writes of the segments that have a base.
func (d *decoder) segments() {
	in, seg := d.inst, NoSeg
	switch in.Mnemonic {
	case OpMOV, OpPUSH, OpPOP: // mov names it in ModRM.reg, pop in the opcode; bits 3 to 5 either way
		n := in.Opcode
		if in.HasModRM {
			n = in.ModRM
		}
		if n>>3&7 == 4 {
			seg = FS
		} else if n>>3&7 == 5 {
			seg = GS
		}
	case OpLFS, OpRDFSBASE, OpWRFSBASE:
		seg = FS
	case OpLGS, OpRDGSBASE, OpWRGSBASE:
		seg = GS
	}
	if d.row.attr&aSegWrite != 0 {
		in.SegWrite = seg
	}
	if d.row.attr&aSegRead != 0 {
		in.SegRead = seg
	}
}

// undefined turns the instruction into one that raises #UD: nothing is accessed.
func (d *decoder) undefined() {
	in := d.inst
	in.Flow, in.Form, in.StoreSize = FlowUndefined, NoStore, 0
	in.MemRead, in.CarryIn = false, false
	in.Reads, in.Writes, in.FlagsRead, in.FlagsWrite = 0, 0, 0, 0
}

// lockable says whether LOCK is allowed: on a memory destination of the instructions that the SDM lists (2A, LOCK).
func (d *decoder) lockable() bool { return d.row.attr&aLock != 0 && d.inst.HasMem }

// allowed checks the prefixes against the row; what is #UD or means different things on different processors is unknown.
func (d *decoder) allowed() error {
	in, r := d.inst, d.row
	if in.Enc == Legacy {
		if r.attr&aF64 != 0 && in.Op16 && !d.w {
			return ErrUnknown // Intel ignores 66 on near branches, AMD truncates RIP (APM 3, table 1-4)
		}
		return nil
	}
	if r.vvvv&opUsed == 0 && d.vvvv&^(d.hiIndex&vsibMask(r)) != 0 {
		return ErrUnknown
	}
	if in.Enc != EVEX {
		return nil
	}
	rounding := d.evexB && !in.HasMem
	if rounding && r.attr&(aRound|aSAE) == 0 {
		return ErrUnknown
	}
	if r.attr&aNoMask != 0 && d.evexMask != 0 || r.attr&aLong != 0 && d.vl == 0 && !rounding {
		return ErrUnknown
	}
	switch {
	case d.vl == 3 && !rounding, d.evexZ && (d.evexMask == 0 || in.HasMem && r.rm&opWrite != 0),
		d.evexB && in.HasMem && r.bcst == 0, r.attr&aVSIB != 0 && d.evexMask == 0,
		r.reg&opGPR != 0 && d.r&16 != 0, r.vvvv&opGPR != 0 && d.vvvv&16 != 0:
		return ErrUnknown
	}
	return nil
}

// vsibMask is the V' bit for rows that use it for their index.
func vsibMask(r *row) uint8 {
	if r.attr&aVSIB != 0 {
		return 16
	}
	return 0
}

// registers collects the general purpose registers.
func (d *decoder) registers() {
	in, r := d.inst, d.row
	in.Reads, in.Writes = r.implR, r.implW
	if in.OpSize == 1 || in.OpSize == 2 {
		in.Reads |= r.implW
	}
	if in.HasModRM {
		d.register(r.reg, in.ModRM>>3&7|d.r&8)
		if !in.HasMem {
			d.register(r.rm, in.ModRM&7|d.b)
		}
	}
	if r.attr&aLowReg != 0 {
		d.register(r.opcReg, in.Opcode&7|d.b)
	}
	if in.Enc != Legacy {
		d.register(r.vvvv, d.vvvv&15)
	}
	if in.Mem.Base != NoReg {
		in.Reads |= 1 << in.Mem.Base
	}
	if in.Mem.Index != NoReg && !in.Mem.VSIB {
		in.Reads |= 1 << in.Mem.Index
	}
}

// register notes the access to one register; a partial write keeps, and so reads, the rest.
func (d *decoder) register(o operand, n uint8) {
	if o&opGPR == 0 {
		return
	}
	if o&opB != 0 && d.inst.Rex == 0 && d.inst.Enc == Legacy && n >= 4 {
		n -= 4 // AH, CH, DH, BH
	}
	partial := o&(opB|opW) != 0 || o&opV != 0 && d.variableSize() == 2
	if o&opWrite != 0 {
		d.inst.Writes |= 1 << n
	}
	if o&opRead != 0 || o&opWrite != 0 && partial {
		d.inst.Reads |= 1 << n
	}
}

// store works out Form, StoreSize and MemRead.
func (d *decoder) store() {
	in, r := d.inst, d.row
	in.Form = r.form
	if in.HasMem {
		in.MemSize = d.memSize()
		if d.evexB && r.bcst != 0 {
			in.MemSize = uint16(r.bcst)
		}
		in.MemRead = r.rm&opRead != 0
		d.memoryForm()
	} else if r.form == ReadModify || r.form == Scatter {
		in.Form = NoStore
	}
	switch in.Form {
	case Push:
		in.StoreSize = 8
		if in.OpSize == 2 {
			in.StoreSize = 2
		}
	case Enter:
		in.StoreSize = uint16(in.OpSize) * (1 + uint16(in.Imm2&31))
	case StringStore:
		in.StoreSize = uint16(in.OpSize)
	case DirectStore:
		in.StoreSize = 64
	case Repeatable, ReadModify, BitString, Unmirrorable:
		in.StoreSize = in.MemSize
	}
	if r.attr&aMasked != 0 || d.evexMask != 0 {
		in.StoreSize = 0
	}
}

// memoryForm derives the form of an explicit memory operand.
func (d *decoder) memoryForm() {
	in, r := d.inst, d.row
	switch {
	case r.rm&opWrite == 0:
	case r.attr&aBits != 0:
		in.Form = BitString
	case r.form != NoStore:
	case r.rm&opRead != 0:
		in.Form = ReadModify
	default:
		in.Form = Repeatable
	}
}

// flags collects the flags. A shift by an immediate 0 and a repeated compare that does not run leave them alone.
func (d *decoder) flags() {
	in, r := d.inst, d.row
	in.FlagsRead, in.FlagsWrite = r.flagsR, r.flagsW
	mask := int64(31)
	if in.OpSize == 8 {
		mask = 63
	}
	if r.attr&aShift != 0 && in.Imm&mask == 0 {
		in.FlagsRead |= r.flagsW
	}
}

// repeat applies F2 and F3 to string instructions.
func (d *decoder) repeat() {
	in := d.inst
	switch {
	case d.rep == 0 || d.row.attr&(aRep|aRepCC) == 0:
		return
	case d.row.attr&aRepCC != 0 && d.rep == 0xf2:
		in.Repne = true
	default:
		in.Rep = true
	}
	in.Reads |= 1 << RCX
	in.Writes |= 1 << RCX
	in.Reads |= d.row.implW // lods leaves rAX alone when rCX is 0
	in.FlagsRead |= in.FlagsWrite
	if in.Form == StringStore {
		in.StoreSize = 0
	}
}

// Atomic reports whether the instruction reads and writes memory in one indivisible step: LOCK, xchg with memory
// (SDM 3A 9.1.2.1), and cmpccxadd.
func (i *Inst) Atomic() bool {
	return i.Lock && i.Flow != FlowUndefined || i.HasMem && rows[i.row].attr&aAtomic != 0
}

func (op Op) String() string {
	if int(op) < len(opNames) {
		return opNames[op]
	}
	return "(bad op)"
}
