#include "textflag.h"

// func typedHandler()
//
// The kernel calls it: DI is the signal, SI its siginfo_t with si_code at 8, DX the context.
TEXT ·typedHandler(SB), NOSPLIT|NOFRAME, $0-0
	MOVL DI, CX
	LEAQ ·sentCount(SB), AX
	CMPL 8(SI), $0x80 // SI_KERNEL
	JNE  count
	LEAQ ·typedCount(SB), AX
count:
	LOCK
	INCL (AX)(CX*4)
	MOVQ ·typedNext(SB), AX
	JMP  AX

// func typedAddress() uintptr
TEXT ·typedAddress(SB), NOSPLIT, $0-8
	LEAQ ·typedHandler(SB), AX
	MOVQ AX, ret+0(FP)
	RET
