package engine

import (
	"kmv/engine/syscalls"
	"kmv/shadowmem"
	"kmv/translator"
	"kmv/translator/x86"
)

// routines are the cache offsets of what the engine itself puts at the start of the cache.
type routines struct {
	mirror    bool   // they copy what system calls write
	gadget    uint32 // syscall; int3: one system call on behalf of the program
	gadgetInt uint32
	batch     uint32 // rbp calls of {nr, 6 arguments, result} at rbx, then int3
	batchInt  uint32
	syscall   uint32 // where translated system calls go: rcx is the next native pc
	stop      uint32 // the int3 of a system call that the engine must see
	finish    uint32 // the int3 behind a system call whose writes the engine must copy
	end       uint32
	places    []place // what is known of each offset from syscall on
}

// runtimeImage is the routines as bytes: equal in every code cache of a run.
type runtimeImage struct {
	routines
	code  []byte
	table [syscalls.Max]uint32 // cache addresses of the system calls' handlers; 0 stops
}

// The slots of the thread block that the routines use. SlotRCX and SlotTarget hold the next native pc meanwhile, so that
// the way out is an indirect branch's.
const (
	slotNumber = translator.SlotRuntime + 8*iota // rax at the entry
	slotRAX                                      // the result, while rax is needed
	slotRSI
	slotRDI
	slotCalls    // counts the system calls that were run here
	slotBytes    // counts the bytes that were copied here
	slotGuardLow // the range around the pages that guard protected; slotGuardHigh is 0 if there are none
	slotGuardHigh
	slotVector    // while the routine touches what a struct iovec array names
	slotVectorLow // where that begins
	slotMask      // the program's signal mask (runtime_signals.go)
	slotMaskNew   // what it is to be
	slotKernelSet // the set that the kernel gets
	slotKernelAt  // where that is
	slotUse       // the same, or 0 if the mask is only read
	slotHeld      // how many signals are held for the thread
	slotsEnd
)

// slot is a slot as a memory operand.
func slot(off int64) x86.Mem { return x86.Abs(off).In(x86.FS) }

// runtime is the image for this run; VerifyCalls wants every system call to stop.
func (e *engine) runtime() *runtimeImage {
	if e.emitted != nil {
		e.image, e.emitted = <-e.emitted, nil
	}
	if e.image == nil || e.config().Mirror && !e.image.mirror {
		e.image = emitRuntime(e.layout, e.config().Mirror, e.opts.VerifyCalls)
	}
	return e.image
}

// emitEarly begins with it while the program is being started.
func (e *engine) emitEarly() {
	e.emitted = make(chan *runtimeImage, 1)
	go cpuidAnswers()
	go func(to chan<- *runtimeImage, l shadowmem.Layout, mirror, stopAll bool) {
		to <- emitRuntime(l, mirror, stopAll)
	}(e.emitted, e.layout, e.config().Mirror, e.opts.VerifyCalls)
}

// emitRuntime assembles the routines.
//
//	gadget: syscall; int3
//	batch:  mov (%rbx),%eax; mov 8(%rbx),%rdi ... mov 48(%rbx),%r9; syscall; mov %rax,56(%rbx)
//	        add $64,%rbx; sub $1,%rbp; jnz batch; int3
//	syscall: see runtime_dispatch.go
func emitRuntime(l shadowmem.Layout, mirror, stopAll bool) *runtimeImage {
	b := newBuilder(l, mirror)
	b.image.mirror = mirror
	a, r := &b.Asm, &b.image.routines
	a.Int3() // cache offset 0 is never a target: it means "none" in the jump map
	r.gadget = uint32(a.Len())
	a.Syscall()
	r.gadgetInt = uint32(a.Len())
	a.Int3()
	a.Int3()
	again := a.Here()
	r.batch = uint32(a.Len())
	a.MovRM(x86.RAX, x86.At(x86.RBX, 0), 4)
	for i, reg := range argumentRegs {
		a.MovRM(reg, x86.At(x86.RBX, int64(8+8*i)), 8)
	}
	a.Syscall()
	a.MovMR(x86.At(x86.RBX, 56), x86.RAX, 8)
	a.AluRI(x86.AluAdd, x86.RBX, callSize, 8)
	a.AluRI(x86.AluSub, x86.RBP, 1, 8)
	a.Jcc(x86.CondNE, again)
	r.batchInt = uint32(a.Len())
	a.Int3()
	b.dispatch()
	if !stopAll {
		b.handlers()
	}
	a.Link()
	b.fillTable()
	r.end = uint32(a.Len())
	b.image.code = a.Buf
	return b.image
}

// install puts the routines into a new cache.
func (c *codeCache) install(image *runtimeImage) {
	c.rt = image.routines
	c.pos = uint32(copy(c.mem, image.code))
}

// argumentRegs carry the arguments of a system call.
var argumentRegs = [6]x86.Reg{x86.RDI, x86.RSI, x86.RDX, x86.R10, x86.R8, x86.R9}
