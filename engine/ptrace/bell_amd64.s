#include "textflag.h"

// func cloneBell() int
//
// The child has the caller's memory and stack pointer, and touches neither: it only pauses.
TEXT ·cloneBell(SB), NOSPLIT, $0-8
	MOVQ $56, AX       // clone
	MOVQ $0x700, DI    // CLONE_VM | CLONE_FS | CLONE_FILES, no signal at its end
	XORL SI, SI
	XORL DX, DX
	XORL R10, R10
	XORL R8, R8
	SYSCALL
	TESTQ AX, AX
	JZ   child
	MOVQ AX, ret+0(FP)
	RET
child:
	MOVQ $34, AX       // pause
	SYSCALL
	JMP  child
