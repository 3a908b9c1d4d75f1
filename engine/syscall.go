package engine

import (
	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/syscalls"
)

// pending is a system call that a thread makes through the gadget, on behalf of the program.
type pending struct {
	nr    uint64
	args  [6]uint64 // as the program gave them
	next  uint64    // native address behind the syscall instruction
	plan  *syscalls.Pending
	after func(e *engine, t *thread, ret int64) (int64, error) // what else to do when it is done; may be nil

	wasCut bool       // by a stop of the engine's own
	rest   *remainder // the call is a part of this one, with its number and arguments
}

func arguments(r *ptrace.Regs) [6]uint64 {
	return [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}
}

// syscall handles a system call instruction of the program. t.regs is native but for Rip and rcx, which holds the
// address of the next instruction.
func (e *engine) syscall(t *thread) error {
	nr, args := t.regs.Rax, arguments(&t.regs)
	if e.opts.VerifyCalls && e.verify.DivergentBytes == 0 {
		if err := e.verifyProcess(t); err != nil {
			return err
		}
	}
	if nr == testNumber && e.opts.testCall != nil {
		return e.answer(t, e.opts.testCall(e, t, args))
	}
	if err := e.reached(t); err != nil {
		return err
	}
	if t.filters.Judges(uint64(uint32(nr))) {
		if done, err := e.judgeCall(t, nr, args); done || err != nil {
			return err
		}
	}
	row := syscalls.Lookup(nr)
	rule := row.For(args)
	for _, s := range [...]*SyscallStats{&e.sys, &e.accountOf(t.pid).sys} {
		s.Total++
		s.Stopped++
	}
	if rule.Gap {
		note := e.unmirrored
		if rule.Kind == syscalls.Unsupported {
			note = e.gap
		}
		note("syscall", t.regs.Rcx-2, syscalls.Describe(nr, args)+": "+rule.Why)
	}
	if rule.Kind == syscalls.Unsupported {
		return e.answer(t, fail(rule.Errno))
	}
	if h, ok := handlers[uint64(uint32(nr))]; ok {
		return h(e, t, args)
	}
	return e.pass(t, nil)
}

// answer gives the program the result of a system call that it made, and lets it go on.
func (e *engine) answer(t *thread, ret int64) error {
	if t.p.watches != nil {
		t.p.watches.by = writer{pc: t.regs.Rcx - 2, call: true}
	}
	t.regs.Rax = uint64(ret)
	t.regs.Rip = t.regs.Rcx
	t.regs.R11 = t.regs.Eflags
	t.regs.Orig_rax = noSyscall
	return e.enter(t)
}

// pass lets the kernel do the system call, in the program's own thread; finish is called when it returns.
func (e *engine) pass(t *thread, after func(*engine, *thread, int64) (int64, error)) error {
	args := arguments(&t.regs)
	t.wait = wait{}
	t.call = &pending{nr: t.regs.Rax, args: args, next: t.regs.Rcx, after: after}
	t.call.plan = syscalls.Plan(t.regs.Rax, args, nativeMemory{t.p})
	if err := e.unguardWritten(t, t.call.plan); err != nil {
		return err
	}
	e.touchBuffers(t.p, t.call.plan)
	return e.runGadget(t)
}

// runGadget starts the system call in t.regs.
func (e *engine) runGadget(t *thread) error {
	t.regs.Rip = t.p.code.address(t.p.code.rt.gadget)
	t.regs.Orig_rax = noSyscall
	if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	return t.resume(0)
}

// nativeMemory reads a process's native memory for syscalls.Plan.
type nativeMemory struct{ p *process }

func (n nativeMemory) Read(addr uint64, buf []byte) error { return n.p.mem.Read(addr, buf) }

// finish ends a system call that went through the gadget.
func (e *engine) finish(t *thread) error {
	c := t.call
	ret := int64(t.regs.Rax)
	if again, err := e.sweepAfter(t, ret); err != nil {
		return err
	} else if again {
		return e.callAgain(t, c)
	}
	if ret == fail(unix.EFAULT) && len(t.p.guarded) > 0 { // perhaps because of pages that kmv protects: once more
		if err := e.unguardAll(t); err != nil {
			return err
		}
		return e.callAgain(t, c)
	}
	t.call = nil
	c.putBack(&t.regs)
	if err := e.mirrorWrites(t, c, ret); err != nil {
		return err
	}
	rest, ret := c.left(t, ret)
	if rest != nil {
		return e.moveRest(t, rest)
	}
	if c.after != nil {
		var err error
		if ret, err = c.after(e, t, ret); err != nil {
			return err
		}
	}
	return e.answer(t, ret)
}

// callAgain makes a call again, or the part of one.
func (e *engine) callAgain(t *thread, c *pending) error {
	t.call = nil
	if c.rest != nil {
		return e.moveRest(t, c.rest)
	}
	t.regs.Rax = c.nr
	c.putBack(&t.regs)
	return e.syscall(t)
}

// putBack restores the registers that a handler may have changed for the kernel.
func (c *pending) putBack(r *ptrace.Regs) {
	r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9 = c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5]
	r.Rcx = c.next
}

// mirrorWrites copies what a system call wrote.
func (e *engine) mirrorWrites(t *thread, c *pending, ret int64) error {
	p := t.p
	if c.nr == unix.SYS_PROCESS_VM_WRITEV { // the ranges are in another process
		if p = e.processes[int(int32(c.args[0]))]; p == nil {
			return nil
		}
	}
	before := p.copied
	for _, r := range c.plan.Writes(ret, nativeMemory{t.p}) {
		if err := p.copyToMirror(r.Addr, r.Len); err != nil {
			return err
		}
	}
	e.sys.BytesMirrored += p.copied - before
	e.accountOf(t.pid).sys.BytesMirrored += p.copied - before
	if c.plan.Gap() != "" && ret >= 0 {
		return e.unknownWrites(t, c)
	}
	return nil
}

// unknownWrites reports a call of which not everything is known that it writes, and copies what differs in the pages that
// the argument of an unknown ioctl points to: most write there, and nowhere else.
func (e *engine) unknownWrites(t *thread, c *pending) error {
	if rule := syscalls.Lookup(c.nr).For(c.args); !rule.Gap { // else it was noted before the call
		e.unmirrored("syscall", c.next-2, c.plan.Gap())
	}
	if c.nr != unix.SYS_IOCTL {
		return nil
	}
	return e.alone(t, func() error { // no store of others may be half done while its bytes are copied
		return t.p.copyToMirror(c.args[2]&^4095, 2*4096)
	})
}

// leaveGadget brings a thread that a signal found in the gadget to native state: in front of the system call if it has
// not begun, else behind it. An interrupted one keeps the kernel's restart code and Orig_rax: with these the kernel
// restarts it, or makes it EINTR, when it sets up a handler (arch/x86/kernel/signal.c, handle_signal).
func (e *engine) leaveGadget(t *thread) (bool, error) {
	c := t.call
	switch t.regs.Rip {
	case t.p.code.address(t.p.code.rt.gadget):
		if err := e.notBegun(t); err != nil {
			return false, err
		}
		if c.rest != nil {
			return true, e.leaveRest(t, c, 0)
		}
		t.regs.Rax = c.nr
		c.putBack(&t.regs)
		t.regs.Rip = c.next - 2
		t.regs.Orig_rax = noSyscall
		t.call = nil
		return true, nil
	case t.p.code.address(t.p.code.rt.gadget) + 2:
	default:
		return false, nil
	}
	ret := int64(t.regs.Rax)
	if c.rest != nil {
		return true, e.leaveRest(t, c, ret)
	}
	c.putBack(&t.regs)
	t.regs.Rip = c.next
	t.regs.R11 = t.regs.Eflags
	t.call = nil
	seen := ret
	if restart(ret) {
		if err := e.notBegun(t); err != nil {
			return false, err
		}
		seen = fail(unix.EINTR)
	} else {
		t.regs.Orig_rax = noSyscall
	}
	if err := e.mirrorWrites(t, c, seen); err != nil {
		return false, err
	}
	if c.after != nil && !restart(ret) {
		ret, err := c.after(e, t, ret)
		t.regs.Rax = uint64(ret)
		return true, err
	}
	return true, nil
}

// notBegun undoes what was done in advance for a call that is to be made again, perhaps, when a handler has run.
func (e *engine) notBegun(t *thread) error {
	if t.birth != nil {
		return e.notBorn(t)
	}
	e.endSole(t)
	return nil
}

// restart says whether a result means that the kernel wants to restart the call (include/linux/errno.h).
func restart(ret int64) bool { return ret <= -512 && ret >= -516 && ret != -515 }
