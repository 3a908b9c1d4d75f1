// Package x86 turns bytes into instructions and back: lengths, operands, and what each instruction writes where.
//
// Its one rule: an instruction whose effects are not known does not decode. Everything that executes under kmv went
// through Decode, so a guess here is silent corruption later; ErrUnknown is the only answer to doubt.
//
//	legacy prefixes   REX, VEX, EVEX, XOP   opcode     ModRM SIB   displacement   immediate
//	|                 |                     |          |           |              |          |
//	0                 PrefixEnd             OpcodeOff  ModRMOff    DispOff        ImmOff     Len
//
// Decode is table driven (SDM volume 2, appendix A; AMD APM volume 3, appendix A): an instruction is a row of gen/*.txt, and
// what it reads and writes follows from the operands of its row. The same row gives its Text. AppendSeg and AppendMem write
// an instruction again with another memory operand; Asm writes new ones. The package is pure: no I/O, no state, no allocation
// on the decoding path.
package x86

// Reg is a general purpose register in its encoding order (SDM 2A 3.1.1.1).
type Reg uint8

// The general purpose registers. NoReg marks an absent base or index.
const (
	RAX Reg = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
	NoReg Reg = 0xff
)

// RegSet is a set of general purpose registers: bit n is register n.
type RegSet uint16

// Flags is a set of RFLAGS bits that translation cares about.
type Flags uint8

// The flags, in the order of RFLAGS.
const (
	CF Flags = 1 << iota
	PF
	AF
	ZF
	SF
	OF
	DF
)

// Seg is a segment override that has an effect in 64-bit mode.
type Seg uint8

// The segments with a base of their own; CS, DS, ES and SS overrides are ignored by the processor and are NoSeg here.
const (
	NoSeg Seg = iota
	FS
	GS
)

// Encoding says how the opcode is carried.
type Encoding uint8

// The encodings (SDM 2A 2.1, 2.3, 2.7; APM 3 1.1 for XOP).
const (
	Legacy Encoding = iota
	VEX
	EVEX
	XOP
)

// Mem is a memory operand given by ModRM (and SIB). Seg is also set for implicit operands that obey an override (movs, lods,
// cmps, outs, xlat, maskmov, clzero), although HasMem is not.
type Mem struct {
	Base  Reg   // NoReg when absent
	Index Reg   // NoReg when absent; a vector register number when VSIB
	Scale uint8 // 1, 2, 4 or 8
	Disp  int64 // the effective displacement: for EVEX already multiplied by N
	Seg   Seg
	RIP   bool // Disp is relative to the end of the instruction
	VSIB  bool
}

// Flow is what an instruction does to RIP.
type Flow uint8

// The kinds of control flow. Everything but FlowNext ends a basic block.
const (
	FlowNext       Flow = iota // falls through, no other way out
	FlowJcc                    // conditional direct jump
	FlowLoop                   // loop, loope, loopne, jrcxz/jecxz: 8-bit displacement only, reads (and writes) rcx
	FlowJmp                    // direct jump
	FlowCall                   // near direct call
	FlowJmpInd                 // near indirect jump
	FlowCallInd                // near indirect call
	FlowRet                    // near return; Imm is the extra pop
	FlowSyscall                // syscall
	FlowInt                    // int3, int1, int n, into: Imm is the vector (3, 1, n)
	FlowUndefined              // ud0, ud1, ud2: raises #UD by definition
	FlowXbegin                 // xbegin: Rel is the abort target
	FlowPrivileged             // raises #GP in user mode (hlt, in, out, cli, sysenter-like ...), by definition or in practice
	FlowFar                    // far call, jmp, ret, iret, sysret, sysenter: not translated
)

// Form says how a memory write of an instruction must be doubled. It is a property of the instruction, not of the policy.
type Form uint8

// The forms of memory writes.
const (
	NoStore Form = iota
	// Repeatable: an explicit ModRM store whose value depends on registers only and which changes no register and no
	// flag of its own inputs; executing it again with another segment stores the same bytes (mov, setcc, movaps,
	// vmovdqu64 with mask, vpcompress, xsave, fxsave, fst without pop, stmxcsr, movnti, sgdt, smsw ...). xsave and xsaveopt
	// also read the header that they write (MemRead): the copies must have been equal before.
	Repeatable
	// ReadModify: an explicit ModRM destination that is also read, or a store that changes registers (xchg, xadd,
	// cmpxchg, cmpxchg8b/16b, add, inc, shl, bts, fstp, fisttp, pop m, fnsave, fnstenv ...): do it natively, then copy
	// StoreSize bytes from native to mirror.
	ReadModify
	// BitString: bt{s,r,c} m, r: the written byte lies at an offset given by the register operand (SDM 2A, BTS).
	BitString
	// Push: writes StoreSize bytes below the old RSP (push, pushf; call is FlowCall with this form too).
	Push
	// Enter: enter imm16, imm8.
	Enter
	// StringStore: movs, stos, ins: writes at ES:RDI by DF; Rep tells whether rcx counts.
	StringStore
	// MaskStore: maskmovq, maskmovdqu: writes at DS:RDI (or an FS/GS override) under a vector mask.
	MaskStore
	// Scatter: VSIB store which clears its mask register.
	Scatter
	// DirectStore: movdir64b, enqcmd: 64 bytes at the address in the ModRM.reg register.
	DirectStore
	// Unmirrorable: writes memory in a way that the translator must refuse or report by name (wrss, AMX tile stores ...).
	Unmirrorable
)

// Inst is one decoded instruction. Offsets count from its first byte. It holds no pointers and no copy of its bytes.
type Inst struct {
	Len       uint8
	Enc       Encoding
	Map       uint8 // 0 one byte, 1 0F, 2 0F38, 3 0F3A, 5, 6 (EVEX); XOP 8, 9, 10
	Opcode    uint8
	PrefixEnd uint8 // offset of the REX, VEX, EVEX or XOP prefix if any, else of the opcode: legacy prefixes, and a void REX, lie before
	OpcodeOff uint8
	ModRMOff  uint8 // valid when HasModRM
	DispOff   uint8
	DispLen   uint8 // bytes of displacement or of moffs
	ImmOff    uint8
	ImmLen    uint8
	Rex       uint8 // 0 when absent
	ModRM     uint8

	HasModRM bool
	HasMem   bool // Mem is valid: ModRM.mod != 3, or a moffs address (Base and Index NoReg)
	Lock     bool
	Rep      bool // F3 with the meaning rep/repe, and F2 on movs, stos, lods, ins, outs, where it is the same
	Repne    bool // F2 with the meaning repne
	Op16     bool // 66 given (also when it is a mandatory prefix)
	Addr32   bool // 67 given

	Flow Flow
	Form Form

	OpSize    uint8  // effective operand size in bytes (1, 2, 4, 8) for integer instructions, else 0
	StoreSize uint16 // bytes written by Form; 0 = depends on machine state (xsave), on rcx (rep), or on a mask
	MemSize   uint16 // bytes of the explicit memory operand; an upper bound when a mask decides
	MemRead   bool   // the explicit memory operand is read
	CarryIn   bool   // reads CF, so that a repetition computes something else (adc, sbb, rcl, rcr)

	Mem  Mem
	Imm  int64 // the first immediate, sign-extended except in ret, int and enter; enter's second is Imm2
	Rel  int64 // displacement of a direct branch, from the end of the instruction
	Imm2 uint8

	Reads, Writes         RegSet // general purpose registers, implicit ones and address registers included
	FlagsRead, FlagsWrite Flags  // FlagsWrite includes undefined ones
	Mnemonic              Op

	SegRead  Seg // FS or GS when its base is read as a value (rdfsbase, rdgsbase)
	SegWrite Seg // FS or GS when its selector or base is loaded (mov, pop, lfs, lgs, wrfsbase, wrgsbase)

	row uint16 // index into rows
}

// Op names an instruction for reports and for the few rules that need to know it. Its String is the SDM's mnemonic in
// lower case.
type Op uint16
