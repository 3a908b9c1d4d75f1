package engine

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/translator"
)

// pause parks everything; stops that come later wait until resume.
func (e *engine) pause(reason string) error { return e.pauseAt(nil, reason) }

// pauseAt is pause, because of a thread that stands in native state; nil chooses one to look at.
func (e *engine) pauseAt(t *thread, reason string) error {
	if e.paused {
		return nil
	}
	parked, err := e.everyone()
	if err != nil {
		return err
	}
	e.parked = append(append(e.parked, e.debug.ready...), parked...)
	if t != nil {
		e.parked = append(e.parked, t)
	}
	e.debug.ready = nil
	e.paused, e.reason = true, reason
	e.pausedNow.Store(true)
	if err := e.calm(); err != nil {
		return err
	}
	for _, u := range e.threads {
		e.dropGoal(u)
	}
	if t == nil {
		t = e.shown()
	}
	ev := view.Event{Kind: view.EventStop, Text: reason}
	if t != nil {
		e.current = t.tid
		r := e.nativeRegs(t)
		ev.Pid, ev.Thread, ev.PC, ev.Symbol = t.pid, t.tid, r.Rip, e.symbolAt(t.p, r.Rip)
	}
	e.emit(ev)
	return nil
}

// goOnAll ends a pause.
func (e *engine) goOnAll() error {
	if !e.paused {
		return nil
	}
	e.paused, e.reason = false, ""
	e.pausedNow.Store(false)
	e.emit(view.Event{Kind: view.EventResume})
	e.passHere(e.threads[e.current])
	return e.release()
}

// passHere keeps a thread that is looked at from stopping again where it stands.
func (e *engine) passHere(t *thread) {
	if t != nil && t.p != nil && slices.Contains(e.parked, t) && !e.inCall(t) {
		t.over = t.regs.Rip
	}
}

// release lets everything go that is parked.
func (e *engine) release() error {
	parked := e.parked
	e.parked = nil
	return e.unpark(parked)
}

// someone is the thread that stopped last, or another one if that is gone.
func (e *engine) someone() *thread {
	if t := e.threads[e.current]; t != nil && t.p != nil {
		return t
	}
	var best *thread
	for _, t := range e.threads {
		if t.p != nil && !t.exiting && (best == nil || t.tid < best.tid) {
			best = t
		}
	}
	return best
}

// shown is the thread to look at first: someone, but rather one that can be stepped than one that waits in a system call.
func (e *engine) shown() *thread {
	first := e.someone()
	if first == nil || !e.inCall(first) {
		return first
	}
	var best *thread
	for _, t := range e.parked {
		if t.p == first.p && !t.exiting && !e.inCall(t) && (best == nil || t.tid < best.tid) {
			best = t
		}
	}
	if best == nil {
		return first
	}
	return best
}

// calm brings threads whose stop has to wait to native state, where that takes no running of theirs: then they can be
// looked at and stepped like the others.
func (e *engine) calm() error {
	queue := e.queue
	e.queue = nil
	for _, s := range queue {
		t := e.threads[s.Tid]
		if t != nil && t.parent != 0 {
			t.running, t.stopped, t.parent = false, s, 0
			if err := e.firstStop(t); err != nil && !gone(err, t.tid) { // ends in enter, which parks
				return err
			}
			continue
		}
		if t == nil || s.Kind != ptrace.Signaled {
			e.queue = append(e.queue, s)
			continue
		}
		t.running, t.stopped = false, s
		done, err := e.calmAt(t, s)
		if gone(err, t.tid) {
			continue
		}
		if err != nil {
			return err
		}
		if !done {
			e.queue = append(e.queue, s)
		}
	}
	return nil
}

// calmAt parks a thread that stopped for s; false leaves it as it is. What the engine owes it is done when it is resumed:
// the instruction, or the system call, is executed again.
func (e *engine) calmAt(t *thread, s ptrace.Stop) (bool, error) {
	if err := ptrace.GetRegs(t.tid, &t.regs); err != nil {
		return false, err
	}
	var info ptrace.Siginfo
	if err := ptrace.GetSiginfo(t.tid, &info); err != nil {
		return false, err
	}
	if !fatal(s.Sig) || info.Code <= 0 {
		return false, nil
	}
	c := t.p.code
	park := func() (bool, error) {
		e.parked = append(e.parked, t)
		return true, nil
	}
	if s.Sig == unix.SIGTRAP && info.Code == siKernel {
		off, ok := c.offset(t.regs.Rip - 1)
		if !ok {
			return false, nil
		}
		if off == c.rt.stop {
			t.regs.Rip = t.regs.Rcx - 2
			return park()
		}
		if st, ok := c.stubAt(off); ok && (st.kind == stubStop || st.kind == stubBreak) {
			e.nativeAtStub(t, st)
			return park()
		}
		return true, e.signaled(t, s.Sig) // ends in enter, which parks
	}
	if t.regs.Rip == 0 || e.atLookup(t) {
		_, err := e.nativeHere(t)
		if err != nil {
			return false, err
		}
		return park()
	}
	off, ok := c.offset(t.regs.Rip)
	if !ok || off < c.rt.end {
		return false, nil
	}
	pt, ok := t.p.point(off)
	if !ok || pt.State == translator.Done || pt.Role == translator.RoleMirror {
		return false, nil
	}
	if err := e.undo(t, pt, info); err != nil {
		return false, err
	}
	return park()
}

// inCall says whether a parked thread is in a system call.
func (e *engine) inCall(t *thread) bool { return t.call != nil || e.interrupted(t) }

// nativeRegs are a stopped thread's registers as it would have them natively. Behind a system call that is under way they
// are what the kernel shows of it.
func (e *engine) nativeRegs(t *thread) ptrace.Regs {
	r := t.regs
	switch {
	case t.p == nil || t.running:
	case t.call != nil:
		t.call.putBack(&r)
		if r.Rip = t.call.next; t.regs.Rip == t.p.code.address(t.p.code.rt.gadget) {
			r.Rip -= 2
		}
		r.R11 = r.Eflags
	default:
		r = e.shownRegs(t)
	}
	if t.p != nil {
		r.Fs_base, r.Gs_base = t.fsBase(), 0
	}
	r.Eflags &^= trapFlag
	return r
}

// shownRegs are the native registers of a thread that may have stopped anywhere in translated code: in the syscall routine, or where
// a stop of its own still has to be handled. Nothing is done to the thread.
func (e *engine) shownRegs(t *thread) ptrace.Regs {
	u := *t
	if pl, ok := e.placeOf(t, t.stopped); ok {
		if pl.phase == returned || e.interrupted(t) {
			u.completeCall(pl)
		} else {
			u.takeBack(pl)
		}
		return u.regs
	}
	off, ok := t.p.code.offset(t.regs.Rip)
	if !ok || off < t.p.code.rt.end {
		return t.regs
	}
	if s, ok := t.p.code.stubAt(off); ok {
		u.regs.Rip = s.target
	} else if pt, ok := t.p.point(off); ok {
		u.restore(pt)
	}
	return u.regs
}

// stands says whether a thread stands between two native instructions, and nothing of it runs.
func (e *engine) stands(t *thread) bool {
	return e.paused && slices.Contains(e.parked, t) && !e.inCall(t)
}

// still runs f while nothing of the program runs, like atRest, and threads whose stop had to wait are in native state too: one
// can be lent for system calls then. f's own error is returned.
func (e *engine) still(f func() error) error {
	if e.paused {
		if err := e.calm(); err != nil { // a child may have come to life meanwhile
			e.failed = err
			return err
		}
		return f()
	}
	before := e.parked // that stay so, while one thread is stepped
	e.parked = nil
	parked, err := e.everyone()
	e.parked = append(e.parked, parked...)
	var own error
	if err == nil {
		e.paused = true
		if err = e.calm(); err == nil {
			own = f()
		}
		e.paused = false
	}
	if err == nil {
		err = e.release()
	}
	e.parked = append(before, e.parked...)
	if err != nil && !errors.Is(err, unix.ESRCH) {
		e.failed = err
	}
	return own
}
