package x86

//go:generate sh -c "cd gen && go run ."

// row is what the tables know of one instruction in one encoding. gen/*.txt is their source.
type row struct {
	op             Op
	text           uint16 // index into operandTexts
	attr           attr
	implR, implW   RegSet // implicit general purpose registers
	flagsR, flagsW Flags
	form           Form // NoStore: follows from the access to the memory operand
	flow           Flow
	rm, reg        operand // ModRM.rm and ModRM.reg
	vvvv, opcReg   operand // VEX.vvvv, and the register in the low bits of the opcode
	mem            memSize
	imm            immKind
	size           sizeKind
	bcst           uint8 // bytes of the element that EVEX.b broadcasts, 0 when it may not
	scale          uint8 // N of disp8*N when it is not the memory size
}

// attr is a set of properties of a row.
type attr uint32

const (
	aModRM    attr = 1 << iota // a ModRM byte follows the opcode
	aModReg                    // ModRM.mod is ignored, rm is a register (mov to and from control registers)
	aMoffs                     // the operand is an address without ModRM
	aLowReg                    // the low three bits of the opcode are a register
	aLock                      // LOCK is allowed with a memory destination
	aRep                       // F3 and F2 both repeat
	aRepCC                     // F3 is repe, F2 is repne
	aSeg                       // an implicit memory operand obeys segment overrides
	aVSIB                      // the index is a vector register
	aD64                       // the operand size is 8, or 2 with 66
	aF64                       // the operand size is 8; 66 means different things to Intel and AMD
	aShift                     // an immediate count of 0 leaves the flags alone
	aCarry                     // Inst.CarryIn
	aMasked                    // the mask alone decides what is accessed
	aBits                      // BitString when the destination is memory
	aAtomic                    // atomic without LOCK
	aSegWrite                  // loads a segment register or base
	aSIB                       // a SIB byte is required
	aSegRead                   // reads a segment base
	aNoMask                    // EVEX.aaa must be 0
	aLong                      // EVEX only: 256 or 512 bits
	aRound                     // EVEX.b selects a rounding mode in register forms
	aSAE                       // EVEX.b suppresses exceptions in register forms
)

// operand says how a register or ModRM operand is accessed.
type operand uint8

const (
	opRead  operand = 1 << iota
	opWrite         // of memory or of a register
	opGPR           // it is a general purpose register (not a vector, mask, ... register)
	opUsed          // vvvv only: it may be something else than 1111
	opB             // 8 bits of it
	opW             // 16 bits of it
	opV             // as many as the operand size
)

// sizeKind gives the integer operand size.
type sizeKind uint8

const (
	sizeNone sizeKind = iota
	sizeB
	sizeW
	sizeD
	sizeQ
	sizeV // 2, 4 or 8
	sizeY // 4 or 8
	sizeZ // 2 or 4
)

// immKind gives what follows the addressing form.
type immKind uint8

const (
	immNone immKind = iota
	immB
	immW // without a sign
	immZ
	immV
	immBB
	immWB
	immD
	relB
	relZ
	moffs
)

// memSize is the size in bytes of a memory operand, or from memV on a rule for it.
type memSize uint16

const (
	memV    memSize = iota + 1024 // operand size
	memZ                          // 2 or 4
	memY                          // 4 or 8
	memX                          // vector length
	memH                          // half of it
	memK                          // a quarter
	memE                          // an eighth
	memDup                        // movddup: 8, 32, 64
	memP                          // far pointer: 4, 6, 10
	memEnv                        // x87 environment: 14 or 28
	memSave                       // x87 state: 94 or 108
)

// The tables, in the order of roots: legacy maps 0 to 3, VEX maps 1 to 3, EVEX maps 1, 2, 3, 5, 6, XOP maps
// 8 to 10.
const (
	vexRoots  = 4
	evexRoots = 7
	xopRoots  = 12
)

// isNode marks an entry of roots or nodes that is another question.
const isNode = 0x8000

// The questions of nodes.
const (
	dimPP uint16 = iota
	dimMod
	dimReg
	dimRM
	dimW
	dimL
	dimB
)
