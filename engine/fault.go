package engine

import (
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
	"kmv/translator"
	"kmv/translator/x86"
)

func nativeAddr(a uint64) shadowmem.Native { return shadowmem.Native(a) }

// fault handles a processor exception in translated code: an indirect branch that misses, a mirror write that finds no
// twin, or a fault that the program would have had natively. t.regs is as the exception left it.
func (e *engine) fault(t *thread, info ptrace.Siginfo) error {
	c := t.p.code
	sig := unix.Signal(info.Signo)
	if sig == unix.SIGSEGV && (t.regs.Rip == 0 || e.atLookup(t)) {
		return e.miss(t)
	}
	if e.watched(t.p, info) && t.inBlock() {
		return e.watchFault(t)
	}
	if done, err := e.recoverFault(t, info); done || err != nil {
		return err
	}
	off, ok := c.offset(t.regs.Rip)
	if !ok {
		return fmt.Errorf("BUG: %v at %#x, outside the code cache (thread %d, address %#x)", sig, t.regs.Rip, t.tid, info.Addr())
	}
	if off < c.rt.end {
		return e.runtimeFault(t, off, info)
	}
	pt, ok := t.p.point(off)
	if !ok {
		return fmt.Errorf("BUG: %v at cache offset %#x, of which nothing is known", sig, off)
	}
	switch pt.State {
	case translator.Clean, translator.Before, translator.Ahead:
		if sig == unix.SIGSEGV && e.protectedByUs(t, info) {
			if err := t.takeStoreBack(pt); err != nil {
				return err
			}
			return e.codeWrite(t, info)
		}
		if pt.Role == translator.RoleMirror {
			return e.skipAhead(t, info)
		}
		if pt.State == translator.Ahead { // the mirror has what native refused
			if err := e.undoAhead(t, info.Addr()); err != nil {
				return err
			}
		}
		if at := info.Addr(); at == t.regs.Rip { // the processor's own address: SIGFPE, SIGILL
			info.SetAddr(pt.PC)
		}
		t.restore(pt)
		return e.deliverSync(t, info)
	case translator.Repeat:
		if err := e.mirrorRepeat(t, pt); err != nil {
			return err
		}
		if sig == unix.SIGSEGV && e.protectedByUs(t, info) {
			return e.codeWrite(t, info)
		}
		return e.deliverSync(t, info)
	}
	return e.mirrorFault(t, pt, info)
}

// storeReach is more than any store that is doubled in advance writes, on both sides of the address that faulted.
const storeReach = 4096

// undoAhead makes the halves equal again around a store that was done in the mirror and faulted natively, at addr. For a wild
// pointer between -64 TiB and -1 TiB the sum with the offset wraps around: what was taken for the mirror is native memory, and
// its own copy has the bytes that it held.
func (e *engine) undoAhead(t *thread, addr uint64) error {
	again := t.p.copyToMirror
	if wrapped := addr + e.layout.Offset; wrapped < addr {
		addr, again = wrapped, func(addr, size uint64) error { return e.copyToNative(t.p, addr, size) }
	}
	if addr < storeReach || !e.layout.InNative(addr) {
		return nil
	}
	return e.alone(t, func() error { // no store of others may be half done while its bytes are copied
		return again(addr-storeReach, 2*storeReach)
	})
}

// copyToNative takes the bytes of [addr, addr+size) that differ from the mirror. Without one, what a wild store has put there
// stays, and is a gap.
func (e *engine) copyToNative(p *process, addr, size uint64) error {
	var err error
	p.space.Each(nativeAddr(addr), nativeAddr(addr+size), func(m shadowmem.Mapping) bool {
		if !m.Writable() {
			return true
		}
		m = m.Clip(nativeAddr(addr), nativeAddr(addr+size))
		if !m.Copied() {
			e.unmirrored("store", uint64(m.Start), "a store through a wild pointer, which faulted, may have changed memory without a mirror")
			return true
		}
		native, mirror := make([]byte, m.Len()), make([]byte, m.Len())
		n, _ := p.mem.ReadSome(uint64(m.Start), native)
		k, _ := p.mem.ReadSome(uint64(e.layout.Mirror(m.Start)), mirror)
		for _, d := range shadowmem.Compare(native[:min(n, k)], mirror[:min(n, k)], m.Start) {
			if err = p.mem.Write(uint64(d.Start), mirror[d.Start-m.Start:d.End-m.Start]); err != nil {
				return false
			}
		}
		return true
	})
	return err
}

// takeStoreBack brings a thread whose native store has to be made again in front of the instruction, and the mirror with it: it may
// be looked at before it stores.
func (t *thread) takeStoreBack(pt translator.Point) error {
	if pt.State != translator.Ahead || pt.Role == translator.RoleMirror {
		t.restore(pt)
		return nil
	}
	x, err := t.storing(pt)
	if err != nil {
		return err
	}
	return t.p.copyToMirror(x.addr, x.size)
}

// skipAhead goes on behind a mirror write that comes in front of its native store and faulted: there is no mirror where
// there is no native memory, so the native store will show the fault as it is natively.
func (e *engine) skipAhead(t *thread, info ptrace.Siginfo) error {
	native := e.layout.Native(shadowmem.Mirror(info.Addr()))
	if m, ok := t.p.space.Find(native); ok && m.Writable() && info.Signo == int32(unix.SIGSEGV) && info.Code != siKernel {
		return fmt.Errorf("BUG: the mirror of %v cannot be written at %#x\n%s", m, uint64(native), e.describe(t))
	}
	return e.skipMirror(t)
}

// deliverSync hands a fault to the program, in native state. A fault that is blocked or ignored kills, as the kernel's
// force_sig does.
func (e *engine) deliverSync(t *thread, info ptrace.Siginfo) error {
	sig := unix.Signal(info.Signo)
	t.regs.Orig_rax = noSyscall
	act := &t.signals.actions[sig]
	if t.signalMask()&bit(sig) != 0 || act.handler == sigIgnore {
		act.handler = sigDefault
		if err := e.resetAction(t, sig); err != nil {
			return err
		}
	}
	return e.deliver(t, info)
}

// mirrorFault handles a fault behind the native effect of an instruction.
func (e *engine) mirrorFault(t *thread, pt translator.Point, info ptrace.Siginfo) error {
	addr := info.Addr()
	if m, mapped := t.p.space.Find(nativeAddr(addr)); e.layout.InNative(addr) && (!mapped || m.Prot == unix.PROT_NONE) {
		// A copy ran off the end of what there is: xsave's, of what another thread has unmapped, or of an x87 store that has
		// not stored because of an exception (Intel's processors do not look at the address then).
		return e.endCopy(t, pt)
	}
	if !e.layout.InMirror(addr) {
		return fmt.Errorf("BUG: signal %d (code %d, address %#x) in the mirror part of the instruction at %#x\n%s", info.Signo, info.Code, addr, pt.PC, e.describe(t))
	}
	native := e.layout.Native(shadowmem.Mirror(addr))
	m, ok := t.p.space.Find(native)
	if ok && m.Twin == shadowmem.SourceNone && m.Writable() {
		e.logf("%d: first mirror write to %v", t.tid, m)
		return fmt.Errorf("BUG: %v is written and has no twin (instruction at %#x)", m, pt.PC)
	}
	if !ok || !m.Writable() { // unmapped or protected by another thread since the native write
		return e.skipMirror(t)
	}
	return fmt.Errorf("BUG: signal %d (code %d, address %#x) in the mirror part of the instruction at %#x, in %v\n%s", info.Signo, info.Code, addr, pt.PC, m, e.describe(t))
}

// endCopy goes on behind an instruction whose native effect is done and whose copy can go no further.
func (e *engine) endCopy(t *thread, pt translator.Point) error {
	var in x86.Inst
	if err := x86.Decode(t.p.source(pt.PC), &in); err != nil {
		return fmt.Errorf("BUG: the instruction at %#x: %w", pt.PC, err)
	}
	t.restore(pt)
	t.regs.Rip = pt.PC + uint64(in.Len)
	return e.enter(t)
}

// skipMirror goes on behind the cache instruction that faulted in the mirror half.
func (e *engine) skipMirror(t *thread) error {
	n, err := t.instructionLength(t.regs.Rip)
	if err != nil {
		return err
	}
	t.regs.Rip += uint64(n)
	if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	return t.resume(0)
}

// instruction handles a native instruction that translated code leaves to the engine.
func (e *engine) instruction(t *thread, s *stub) error {
	pc := s.target
	t.regs.Rip = pc
	var info ptrace.Siginfo
	fill := func(sig unix.Signal, code int32, addr uint64) {
		info.Signo, info.Code = int32(sig), code
		info.SetAddr(addr)
	}
	switch s.stop {
	case translator.StopCPUID:
		e.maskCPUID(t)
		return e.enter(t)
	case translator.StopUnknown, translator.StopUnsupported:
		e.gap("instruction", pc, t.p.describeInstruction(pc))
		fill(unix.SIGILL, illIllopn, pc)
	case translator.StopUndefined:
		fill(unix.SIGILL, illIllopn, pc)
	case translator.StopPrivileged:
		fill(unix.SIGSEGV, siKernel, 0)
	case translator.StopInt:
		e.interruptInfo(t, s, &info)
	case translator.StopFetch:
		if t.p.readable(pc) { // it was translated for a process that was killed meanwhile, or more is mapped by now
			if t.p.code.leader(pc) {
				t.p.code.drop(pc)
			}
			return e.enter(t)
		}
		code := int32(segvMaperr)
		if _, ok := t.p.space.Find(nativeAddr(pc)); ok {
			code = segvAccerr
		}
		t.fetchFault = true
		fill(unix.SIGSEGV, code, pc)
	}
	return e.deliverSync(t, info)
}

// Codes of siginfo_t (asm-generic/siginfo.h).
const (
	illIllopn  = 2
	segvMaperr = 1
	segvAccerr = 2
	siKernel   = 0x80
)

// interruptInfo is what int n raises in user mode (SDM 3A 6.12.1.2): 3 and 1 trap, others are not allowed.
func (e *engine) interruptInfo(t *thread, s *stub, info *ptrace.Siginfo) {
	pc := s.target
	switch s.vector {
	case 3, 1:
		n := uint64(1)
		if b := t.p.source(pc); len(b) > 1 && b[0] == 0xcd {
			n = 2
		}
		t.regs.Rip = pc + n
		info.Signo, info.Code = int32(unix.SIGTRAP), siKernel
		return
	case 0x80:
		e.gap("instruction", pc, "int $0x80 (32-bit system calls)")
	}
	info.Signo, info.Code = int32(unix.SIGSEGV), siKernel
}

// maskCPUID takes out of a cpuid result what kmv does not mirror, so that programs do not choose it. t.regs has the
// instruction's results; the inputs are in the slots that the translation saved them in.
//
//	leaf 7.0  ebx 4 HLE, 11 RTM; ecx 5 WAITPKG, 7 CET_SS, 27-28 MOVDIRI/64B, 29 ENQCMD; edx 5 UINTR, 11-13 RTM, 20 CET_IBT, 22, 24, 25 AMX
//	leaf 7.1  eax 21 AMX-FP16; edx 4, 5, 8 AMX
//	leaf D.0  eax 17, 18 AMX state
//	leaf 1d, 1e: AMX
func (e *engine) maskCPUID(t *thread) {
	maskCPUID(uint32(t.slotAt(translator.SlotA)), uint32(t.slotAt(translator.SlotB)), &t.regs)
}

func maskCPUID(leaf, sub uint32, r *ptrace.Regs) {
	clear := func(r *uint64, bits ...int) {
		for _, b := range bits {
			*r &^= 1 << b
		}
	}
	switch {
	case leaf == 7 && sub == 0:
		clear(&r.Rbx, 4, 11)
		clear(&r.Rcx, 5, 7, 29)
		clear(&r.Rdx, 5, 11, 13, 20, 22, 24, 25)
	case leaf == 7 && sub == 1:
		clear(&r.Rax, 21)
		clear(&r.Rdx, 4, 5, 8)
	case leaf == 0xd && sub == 0:
		clear(&r.Rax, 17, 18)
	}
}
