package engine

import (
	"errors"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// whileParked runs f while threads are parked. They go on whatever f returns: it may fail because t is killed, and they may be of
// another process that shares its memory.
func (e *engine) whileParked(wanted func(*thread) bool, f func() error) error {
	parked, err := e.parkWhere(wanted)
	if err == nil {
		err = f()
	}
	if err2 := e.unpark(parked); err == nil {
		err = err2
	}
	return err
}

// alone runs f while the other threads of t's address space are parked.
func (e *engine) alone(t *thread, f func() error) error {
	return e.whileParked(func(u *thread) bool { return u != t && u.p == t.p }, f)
}

// park parks the other threads of t's address space.
func (e *engine) park(t *thread) ([]*thread, error) {
	return e.parkWhere(func(u *thread) bool { return u != t && u.p == t.p })
}

// parkWhere brings threads to a point between two native instructions, or into a system call that has not written anything
// yet.
func (e *engine) parkWhere(wanted func(*thread) bool) ([]*thread, error) {
	var parked []*thread
	for _, u := range e.threads {
		if !wanted(u) {
			continue
		}
		if u.p == nil {
			continue
		}
		if u.exiting && (u.tid != u.pid || u.p.threads == 1 && u.p.shares && len(u.robust) > 0) { // the kernel still writes for it: let it come to its end
			if e.forget(u) {
				_ = ptrace.Cont(u.tid, 0)
			}
			s, err := ptrace.WaitEnd(u.tid)
			if err == nil {
				err = e.ended(u, s)
			}
			if err != nil && !gone(err, u.tid) {
				return parked, err
			}
			continue
		}
		if !u.running || u.exiting || u.vforking || u.p.exiting {
			continue
		}
		still, err := e.parkOne(u)
		if err != nil && !gone(err, u.tid) { // what happens to it does not concern the others
			return parked, err
		}
		if u.killed = err != nil; still && err == nil {
			parked = append(parked, u)
		}
	}
	back, err := e.takeBack(wanted)
	return append(parked, back...), err
}

// parkOne stops a thread that runs; false says that its stop waits in the queue.
func (e *engine) parkOne(u *thread) (still bool, err error) {
	if err := ptrace.Interrupt(u.tid); err != nil {
		return false, err
	}
	s, err := u.next()
	if err != nil {
		return false, err
	}
	if s, err = u.pendingFault(s); err != nil {
		return false, err
	}
	u.running, u.stopped = false, s
	return e.parkAt(u, s)
}

// pendingFault turns an interruption that came just after an exception into the stop for that: the kernel reports the
// interruption first, and the instruction pointer is already behind the int3 (kernel/signal.c, get_signal).
func (t *thread) pendingFault(s ptrace.Stop) (ptrace.Stop, error) {
	for s.Kind == ptrace.Interrupted {
		pending, err := ptrace.FaultPending(s.Tid)
		if err != nil || !pending {
			return s, err
		}
		if err := ptrace.Cont(s.Tid, 0); err != nil {
			return s, err
		}
		if s, err = t.next(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// parkAt settles a thread after the stop s; false means that the stop itself waits in the queue, and continues it.
func (e *engine) parkAt(u *thread, s ptrace.Stop) (bool, error) {
	if s.Kind != ptrace.Interrupted && s.Kind != ptrace.Signaled {
		e.queue = append(e.queue, s)
		return false, u.mirrorBirth()
	}
	if err := ptrace.GetRegs(u.tid, &u.regs); err != nil {
		return false, err
	}
	if s.Kind == ptrace.Interrupted { // no trap is pending: if it has executed an int3, that trap was lost
		if err := u.behindTrap(); err != nil {
			return false, err
		}
	}
	if u.call != nil { // in the gadget: before, inside or just behind its system call
		u.call.wasCut = u.call.wasCut || u.regs.Rip == u.p.code.address(u.p.code.rt.gadget)+2
		if s.Kind == ptrace.Signaled {
			e.queue = append(e.queue, s)
		}
		return s.Kind != ptrace.Signaled, e.mirrorEarly(u)
	}
	if pl, ok := e.placeOf(u, s); ok && (s.Kind == ptrace.Signaled || e.interrupted(u)) {
		if err := e.mirrorResult(u, pl); err != nil {
			return false, err
		}
		if s.Kind == ptrace.Signaled {
			e.queue = append(e.queue, s)
		}
		return s.Kind != ptrace.Signaled, nil
	}
	if s.Kind == ptrace.Signaled {
		if off, ok := u.p.code.offset(u.regs.Rip - 1); ok && s.Sig == unix.SIGTRAP && u.p.code.mem[off] == int3 {
			e.queue = append(e.queue, s)
			return false, nil
		}
		var info ptrace.Siginfo
		if err := ptrace.GetSiginfo(u.tid, &info); err != nil {
			return false, err
		}
		if fatal(s.Sig) && info.Code > 0 { // a lost page is repaired now: a string instruction may be in its middle, unmirrored
			if fixed, err := e.mend(u, info); !fixed { // else nothing of the instruction is done, and it will fault again
				e.queue = append(e.queue, s)
				return false, err
			}
		} else {
			u.deferred = append(u.deferred, info)
		}
	}
	if err := e.settle(u); err != nil {
		var f *faultError
		if !errors.As(err, &f) {
			return false, err
		}
		e.queue = append(e.queue, u.stopped)
		return false, nil
	}
	return true, nil
}

// mirrorEarly copies what a system call wrote whose return has not been handled yet.
func (e *engine) mirrorEarly(u *thread) error {
	if u.regs.Rip == u.p.code.address(u.p.code.rt.gadget) {
		return nil
	}
	ret := int64(u.regs.Rax)
	if restart(ret) { // nanosleep and select tell the time that is left each time
		ret = fail(unix.EINTR)
	}
	return e.mirrorWrites(u, u.call, ret)
}

// unpark lets parked threads go on.
func (e *engine) unpark(threads []*thread) error {
	for _, u := range threads {
		if e.threads[u.tid] != u || u.p == nil {
			continue
		}
		if e.paused {
			e.parked = append(e.parked, u)
			continue
		}
		var err error
		e.touchAgain(u)
		if u.call != nil || e.interrupted(u) {
			err = e.backToCall(u)
		} else {
			err = e.enter(u)
		}
		if err != nil && !gone(err, u.tid) {
			return err
		}
	}
	return nil
}
