package engine

import (
	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// System calls of the syscall routine that do not simply return: the kernel interrupts them, or the engine must end them.

// finishCall ends a call of the routine that stands behind its system call, like finish for the gadget's.
func (e *engine) finishCall(t *thread, off uint32) error {
	p := t.p.code.rt.place(off)
	ret := int64(t.unsaved(p).Rax)
	if again, err := e.sweepAfter(t, ret); err != nil {
		return err
	} else if again {
		t.completeCall(p)
		t.regs.Rax = t.slotAt(slotNumber)
		return e.syscall(t)
	}
	if ret == fail(unix.EFAULT) && len(t.p.guarded) > 0 { // perhaps because of pages that kmv protects: once more
		t.completeCall(p)
		if err := e.unguardAll(t); err != nil {
			return err
		}
		t.regs.Rax = t.slotAt(slotNumber)
		return e.syscall(t)
	}
	if err := e.mirrorResult(t, p); err != nil {
		return err
	}
	t.completeCall(p)
	if done, err := e.readRest(t, t.slotAt(slotNumber), ret); done || err != nil {
		return err
	}
	return e.answer(t, ret)
}

// readRest goes on with a read that ended at a lost page: it is repaired, and what is still to be read is read. The program
// sees one call.
func (e *engine) readRest(t *thread, nr uint64, ret int64) (bool, error) {
	a := arguments(&t.regs)
	if nr != unix.SYS_READ && nr != unix.SYS_PREAD64 || ret <= 0 || uint64(ret) >= a[2] {
		return false, nil
	}
	at := a[1] + uint64(ret)
	if _, err := t.p.mem.ReadRaw(at, make([]byte, 1)); err == nil {
		return false, nil
	}
	if fixed, err := e.repair(t.p, at, "syscall"); !fixed || err != nil {
		return false, err
	}
	if nr == unix.SYS_READ && !readable(t.pid, a[0]) { // it ended there anyway: more would have to be waited for
		return false, nil
	}
	var one [1]byte
	for next := at; next < a[1]+a[2]; next = next&^4095 + 4096 { // what else is lost in the rest
		if _, err := t.p.mem.ReadSome(next, one[:]); err != nil {
			break
		}
	}
	t.regs.Rax, t.regs.Rsi, t.regs.Rdx = nr, at, a[2]-uint64(ret)
	if nr == unix.SYS_PREAD64 {
		t.regs.R10 = a[3] + uint64(ret)
	}
	return true, e.pass(t, func(_ *engine, t *thread, more int64) (int64, error) {
		t.regs.Rsi, t.regs.Rdx, t.regs.R10 = a[1], a[2], a[3]
		return ret + max(more, 0), nil
	})
}

// readable says whether a read of a process's descriptor would not wait.
func readable(pid int, fd uint64) bool {
	mine, err := ptrace.TakeFD(pid, int(int32(fd)))
	if err != nil {
		return false
	}
	defer unix.Close(mine)
	p := []unix.PollFd{{Fd: int32(mine), Events: unix.POLLIN}}
	n, err := unix.Poll(p, 0)
	return err == nil && n == 1
}

// interrupted says whether the thread stands behind a system call of the routine that was not done because of the stop.
// The kernel restarts it, or goOn does, unless a handler is to run first.
func (e *engine) interrupted(t *thread) bool {
	c := t.p.code
	off, ok := c.offset(t.regs.Rip)
	if !ok || off >= c.rt.end || !c.rt.place(off).back || int64(t.regs.Orig_rax) < 0 {
		return false
	}
	ret := int64(t.regs.Rax)
	return restart(ret) || ret == fail(unix.EINTR)
}

// leaveCall makes t.regs native behind a call that was interrupted. The kernel's restart code and Orig_rax stay: with
// these it restarts the call, or makes it EINTR, when it sets up a handler (arch/x86/kernel/signal.c, handle_signal).
func (e *engine) leaveCall(t *thread) error {
	p, _ := e.placeOf(t, t.stopped)
	nr := t.regs.Orig_rax
	if err := e.mirrorResult(t, p); err != nil {
		return err
	}
	t.completeCall(p)
	t.regs.Orig_rax = nr
	return nil
}

// backToCall continues a parked thread in its system call. Signals that came while it was used for calls of the engine's own
// would have interrupted it.
func (e *engine) backToCall(t *thread) error {
	mask, keep := t.signalMask(), t.deferred[:0]
	if t.swapped {
		mask = t.during
	}
	for _, info := range t.deferred {
		switch sig := unix.Signal(info.Signo); {
		case t.signals.effectOf(sig) == effectIgnore:
		case mask&bit(sig) != 0 || t.signals.effectOf(sig) == effectStop:
			if err := e.hold(t, info); err != nil {
				return err
			}
		default:
			keep = append(keep, info)
		}
	}
	if t.deferred = keep; len(keep) == 0 {
		return e.goOn(t)
	}
	if t.call == nil {
		if err := e.leaveCall(t); err != nil {
			return err
		}
		return e.enter(t)
	}
	left, err := e.leaveGadget(t)
	switch {
	case err != nil:
		return err
	case !left:
		return e.goOn(t)
	}
	return e.enter(t)
}

// goOn continues a thread after a stop that the program must not notice. The kernel restarts most system calls by itself;
// those that never are (signal(7), "Interruption of system calls by stop signals") are made again here.
func (e *engine) goOn(t *thread) error {
	c := t.p.code
	nr := uint64(0)
	if t.call != nil {
		t.call.wasCut = t.call.wasCut || t.regs.Rip == c.address(c.rt.gadget)+2
	} else if p, ok := e.placeOf(t, t.stopped); ok && p.back && int64(t.regs.Rax) > 0 {
		if err := e.settle(t); err != nil {
			return err
		}
		return e.enter(t)
	}
	if behind := c.address(c.rt.gadget) + 2; t.call != nil && t.call.nr == unix.SYS_RT_SIGTIMEDWAIT &&
		(t.regs.Rip == behind-2 || t.regs.Rip == behind && int64(t.regs.Rax) == fail(unix.EINTR)) {
		if ret := t.takeHeld(t.call.args); ret != 0 {
			t.regs.Rax, t.regs.Rip, t.regs.Orig_rax = uint64(ret), behind, noSyscall
			if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
				return err
			}
			return t.resume(0)
		}
	}
	switch {
	case int64(t.regs.Rax) != fail(unix.EINTR):
		return t.resume(0)
	case t.call != nil && t.regs.Rip == c.address(c.rt.gadget)+2:
		nr = t.call.nr
	case e.interrupted(t):
		nr = t.slotAt(slotNumber)
	default:
		return t.resume(0)
	}
	left, finite := t.timeLeft(nr, arguments(&t.regs))
	switch {
	case finite && left <= 0:
		t.regs.Rax = uint64(timeouts[nr].ret)
	case finite && timeouts[nr].socket == 0:
		if t.call == nil {
			if err := e.intoGadget(t); err != nil {
				return err
			}
		}
		t.shorten(timeouts[nr], left)
		t.regs.Rax, t.regs.Rip = nr, c.address(c.rt.gadget)
	default:
		t.regs.Rax = nr
		t.regs.Rip -= 2
	}
	t.regs.Orig_rax = noSyscall
	if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	return t.resume(0)
}
