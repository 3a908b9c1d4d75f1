// Package translator turns one native basic block into one that stores twice.
//
// It is pure: bytes and a Config in, a Fragment out; the engine places fragments, links them and runs them.
//
// Translated code uses three address bases and steals no register:
//
//	GS   base = mirror offset: the mirror write of most stores is the same instruction with a GS prefix
//	FS   base = the thread block (Slot* below): spill slots, the program's own FS base
//	abs  native addresses below 2 GiB as disp32 or imm32, so a fragment runs wherever it is placed
//
// The invariant: between two native instructions every register and every byte of native memory is what it would be
// natively, and every mirrored byte equals its copy. Inside an instruction's translation, Points say how to get back.
package translator

import "kmv/translator/x86"

// Slots of the thread block, as offsets from the FS base of translated code. Each is 8 bytes.
const (
	SlotRCX     = 0x00 // rcx of the program while an indirect branch is under way; restored by the target's prefix
	SlotTarget  = 0x08 // native target of the indirect branch under way, for a miss
	SlotFSBase  = 0x10 // the program's own FS base
	SlotA       = 0x18 // spills inside one instruction's translation
	SlotB       = 0x20
	SlotC       = 0x28
	SlotD       = 0x30
	SlotE       = 0x38
	SlotIdle    = 0x40  // a register that is scratch until the program overwrites it (idle.go)
	SlotRuntime = 0x80  // from here on the engine's own runtime routines may keep what they like
	SlotsEnd    = 0x200 // end of what translated code may touch
)

// Config is what a translation depends on besides the bytes. Two translations with equal Config of equal bytes at the
// same address are equal, byte for byte: the engine relies on it to rebuild Points on demand.
type Config struct {
	Offset   uint64 // mva = nva + Offset; equals the GS base
	JumpMap  int32  // %gs:JumpMap(,%reg,4) is the cache address (4 bytes, zero-extended) of native address reg
	Mirror   bool   // false: emit no mirror writes at all (--mirror none)
	Fenced   bool   // plain stores too use the race-proof form of design section 9
	MaxInsts int    // upper bound of native instructions in one fragment
	Answers  uint32 // where the answers of cpuid lie (cpuid.go), 0 if there are none
}

// ExitKind says where control goes at an exit.
type ExitKind uint8

// The exits. Each but ExitFall owns a rel32 in Code that does not cross an 8-byte boundary where the fragment was
// translated for (see Block's phase), so that a patch is one atomic store; the rel32 counts from its own end.
const (
	ExitJump    ExitKind = iota // to the translation of native Target
	ExitFall                    // at the very end of Code: execution continues with the translation of Target
	ExitSyscall                 // to the runtime's syscall routine with native rcx = Target (the next instruction), already loaded
	ExitStop                    // to an engine stop: Stop says why, Target is the native pc of the instruction
)

// StopReason says why translated code asks for the engine.
type StopReason uint8

// The reasons of ExitStop. The native state is whole at the stop (registers in place, nothing of the instruction done),
// except for StopCPUID.
const (
	StopUndefined   StopReason = iota // #UD natively
	StopPrivileged                    // #GP natively
	StopInt                           // int3, int1, int n: Imm in Exit.Vector
	StopUnknown                       // not decodable: a named gap if reached
	StopUnsupported                   // decodable but not translated (far branches, Unmirrorable stores): named gap if reached
	StopCPUID                         // cpuid was executed; the input leaf (eax) is in SlotA, subleaf (ecx) in SlotB; results in the registers. Target is the NEXT native pc
	StopFetch                         // the block's bytes end here (unreadable next page): reaching it faults natively
)

// Exit is one way out of a fragment.
type Exit struct {
	Kind   ExitKind
	Off    uint32 // offset of the rel32 in Code (unused for ExitFall)
	Target uint64 // native address
	Stop   StopReason
	Vector uint8
}

// PointState says what has been done at a cache position.
type PointState uint8

// The states, in the order in which an instruction passes through them.
const (
	Clean  PointState = iota // exactly between two native instructions: PC is the next one; applying Restore gives the state
	Before                   // PC's instruction has had no native effect yet; applying Restore gives the state before it
	Repeat                   // inside a native instruction that may fault half way; see below
	Done                     // the native effect is complete, the mirror's or a register's restoration is not: only forward. Restore gives the registers after the instruction, but for rcx, rsi and rdi in the mirror's half of a rep
	Ahead                    // the mirror write is done or next, the native effect is not: forward, or, if the native write faults, applying Restore gives PC and the mirror must be made equal to native again; arithmetic flags may be those behind PC's instruction (modify.go)
)

// At Repeat, a fault has left the state that the processor leaves natively, and the bytes written so far must be mirrored
// before anybody sees it. With rep movs and rep stos, rcx, rsi and rdi are live; the original rdi is in SlotA and the
// original rcx in SlotB, so the bytes lie between SlotA and rdi (below SlotA plus the element size when DF is set). With
// a scatter (VSIB operand), the elements written are those whose bits are set in SlotE (the original mask, 16 bits) and
// clear in the mask register. With enter, they are among the 8*(level+1) bytes below rsp.

// Saved says how to get a register's native value back: from the slot, or, for RSP, by adding Add to it (Slot < 0).
type Saved struct {
	Reg  x86.Reg
	Slot int32
	Add  int32
}

// Role is what a run of translated bytes does; it is for people (kmv translate, the screen).
type Role uint8

// The roles.
const (
	RoleNative Role = iota // the program's own instruction, possibly rewritten
	RoleMirror             // the write to the mirror
	RoleGlue               // spills, restores, lookups
)

// Point describes the cache bytes from Off to the next Point's Off.
type Point struct {
	Off     uint32
	PC      uint64 // native pc that the state belongs to
	State   PointState
	Role    Role
	N       uint8    // used entries of Restore
	Restore [4]Saved // how to get from here to the native state at PC
}

// Gap is a write that this fragment executes without doubling it. It is reported, never silent.
type Gap struct {
	PC   uint64
	Name string // mnemonic
	Why  string
}

// Fragment is the translation of one native basic block.
type Fragment struct {
	Native   uint64 // first native address
	Size     uint32 // native bytes covered
	Insts    uint32
	Stores   uint32 // native store instructions
	Mirrored uint32 // of them doubled
	Prefix   uint32 // Code[Prefix:] is the direct entry; Code[0:Prefix] restores rcx for entry through the jump map
	ReturnTo uint64 // the native address after a call that ends the block, 0 if none: it will be returned to
	Last     x86.Inst
	Code     []byte
	Exits    []Exit
	Points   []Point
	Gaps     []Gap
}
