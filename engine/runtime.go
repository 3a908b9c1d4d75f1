package engine

import (
	"kmv/translator/x86"
)

// routines are the cache offsets of what the engine itself puts at the start of the cache.
type routines struct {
	gadget    uint32 // syscall; int3: one system call on behalf of the program
	gadgetInt uint32
	batch     uint32 // rbp calls of {nr, 6 arguments, result} at rbx, then int3
	batchInt  uint32
	syscall   uint32 // where translated system calls go: rcx is the next native pc
	stop      uint32 // the int3 of a system call that the engine must see
	end       uint32
}

// emitRuntime writes the routines.
//
//	gadget: syscall; int3
//	batch:  mov (%rbx),%eax; mov 8(%rbx),%rdi ... mov 48(%rbx),%r9; syscall; mov %rax,56(%rbx)
//	        add $64,%rbx; sub $1,%rbp; jnz batch; int3
func emitRuntime(c *codeCache) routines {
	var a x86.Asm
	var r routines
	a.Int3() // cache offset 0 is never a target: it means "none" in the jump map
	r.gadget = uint32(a.Len())
	a.Syscall()
	r.gadgetInt = uint32(a.Len())
	a.Int3()
	again := a.Here()
	r.batch = uint32(a.Len())
	a.MovRM(x86.RAX, x86.At(x86.RBX, 0), 4)
	for i, reg := range [...]x86.Reg{x86.RDI, x86.RSI, x86.RDX, x86.R10, x86.R8, x86.R9} {
		a.MovRM(reg, x86.At(x86.RBX, int64(8+8*i)), 8)
	}
	a.Syscall()
	a.MovMR(x86.At(x86.RBX, 56), x86.RAX, 8)
	a.AluRI(x86.AluAdd, x86.RBX, callSize, 8)
	a.AluRI(x86.AluSub, x86.RBP, 1, 8)
	a.Jcc(x86.CondNE, again)
	r.batchInt = uint32(a.Len())
	a.Int3()
	r.syscall = uint32(a.Len())
	r.stop = r.syscall
	a.Int3()
	a.Link()
	c.pos = uint32(copy(c.mem, a.Buf))
	r.end = c.pos
	return r
}
