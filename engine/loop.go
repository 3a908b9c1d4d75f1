package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/translator"
)

// loop handles stops until nothing of the target is left.
func (e *engine) loop() error {
	for {
		s, err := e.nextStop()
		if errors.Is(err, ptrace.ErrNoTarget) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := e.event(s); gone(err, s.Tid) {
			if t := e.threads[s.Tid]; t != nil {
				t.killed = true
			}
			e.logf("%d is gone: %v", s.Tid, err)
		} else if err != nil {
			return err
		}
	}
}

// gone says whether err is because the thread was killed while it was being looked at: its end will be reported.
func gone(err error, tid int) bool { return errors.Is(err, unix.ESRCH) || err != nil && dead(tid) }

// nextStop is the next stop to handle: one that had to wait, or a new one.
func (e *engine) nextStop() (ptrace.Stop, error) {
	if len(e.queue) > 0 && !e.paused {
		s := e.queue[0]
		e.queue = e.queue[1:]
		return s, nil
	}
	if len(e.debug.ready) > 0 && !e.paused {
		if s, ok, err := e.soon(); ok || err != nil {
			return s, err
		}
		if len(e.queue) > 0 && !e.paused {
			return e.nextStop()
		}
	}
	if e.debug.restart && e.deserted() {
		if err := e.startAgain(); err != nil {
			return ptrace.Stop{}, err
		}
		return e.nextStop()
	}
	if e.bell != nil && e.deserted() {
		e.bell.Close()
	}
	return ptrace.Wait(false)
}

// event handles one stop to its end.
func (e *engine) event(s ptrace.Stop) error {
	if e.bell != nil && e.bell.Rang(s) {
		return e.rung(s)
	}
	if e.paused && !s.End() {
		e.queue = append(e.queue, s)
		return nil
	}
	t := e.threads[s.Tid]
	if t == nil {
		return e.stray(s)
	}
	e.current = s.Tid
	before := t.stopped.Kind
	if s.End() {
		return e.ended(t, s)
	}
	if t.running {
		e.paced(t)
	}
	t.running, t.stopped = false, s
	if t.p != nil && t.p.sole != nil && t.p.sole.by != t && s.Kind != ptrace.Execed {
		t.p.sole.waiting = append(t.p.sole.waiting, s)
		return nil
	}
	t.watchEnd()
	if t.parent != 0 {
		t.parent = 0
		return e.firstStop(t)
	}
	t.clean = t.clean && s.Kind == ptrace.GroupStop
	switch s.Kind {
	case ptrace.Signaled:
		return e.signaled(t, s.Sig)
	case ptrace.GroupStop:
		return e.groupStop(t)
	case ptrace.Interrupted:
		if before == ptrace.GroupStop { // SIGCONT: here the kernel's EINTR is the program's (signal(7))
			return t.resume(0)
		}
		if err := ptrace.GetRegs(t.tid, &t.regs); err != nil {
			return err
		}
		return e.goOn(t)
	case ptrace.Cloned, ptrace.Forked:
		if s.Message == 0 { // killed at once: see lateBirth
			return nil
		}
		return e.born(t, int(s.Message))
	case ptrace.Execed:
		if s.Message == 0 {
			return nil
		}
		return e.execed(t, int(s.Message))
	case ptrace.VforkDone:
		t.vforking = false
		return t.resume(0)
	}
	return t.resume(0)
}

// resume continues a thread where it is.
func (t *thread) resume(sig unix.Signal) error {
	t.running = true
	atomic.StoreInt64(&t.ranAt, time.Now().UnixMicro())
	if t.stopDue { // before it executes anything it stops as its process does, if that is still stopped
		t.stopDue = false
		if err := ptrace.Interrupt(t.tid); err != nil {
			return err
		}
	}
	return ptrace.Cont(t.tid, sig)
}

// enter continues a thread in translated code: t.regs is native state, Rip native. Signals that had to wait come first.
func (e *engine) enter(t *thread) error {
	if e.paused {
		e.parked = append(e.parked, t)
		return nil
	}
	for len(t.deferred) > 0 {
		info := t.deferred[0]
		t.deferred = t.deferred[1:]
		sig := unix.Signal(info.Signo)
		if t.signalMask()&bit(sig) != 0 { // blocked by now: it is pending again
			if err := e.hold(t, info); err != nil {
				return err
			}
			continue
		}
		if t.stopped.Kind != ptrace.Signaled { // only such a stop can be turned into a delivery
			if err := t.trapHere(); err != nil {
				return err
			}
		}
		return e.deliver(t, info)
	}
	if t.p.modules == nil && e.debug.pending {
		e.resolvePending(t, false)
	}
	if t.p.watches != nil {
		if stopped, err := e.lookAtWatches(t); stopped || err != nil {
			return err
		}
	}
	if t.doom != nil {
		return e.doomed(t)
	}
	if e.held(t) {
		e.debug.ready = append(e.debug.ready, t)
		return nil
	}
	if r := t.rest; r != nil {
		if t.rest = nil; t.regs.Rip == r.next && t.regs.Rax == r.done {
			return e.moveRest(t, r)
		}
	}
	return e.enterWith(t, 0)
}

// trapHere makes a stopped thread trap, and keeps t.regs.
func (t *thread) trapHere() error {
	r := t.regs
	r.Rip = t.p.code.address(t.p.code.rt.gadgetInt)
	r.Orig_rax = noSyscall
	if err := ptrace.SetRegs(t.tid, &r); err != nil {
		return err
	}
	return t.runTo(r.Rip + 1)
}

// enterWith continues a thread at its native Rip, with a signal that does not disturb it (a stop).
func (e *engine) enterWith(t *thread, sig unix.Signal) error {
	b := t.p.ensure(t.regs.Rip)
	if len(t.p.unguarded) > 0 {
		if err := e.guard(t); err != nil {
			return err
		}
	}
	t.regs.Rip = t.p.code.address(b.direct())
	t.regs.Orig_rax = noSyscall
	if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	return t.resume(sig)
}

// signaled sorts what a signal-delivery-stop is: a trap of ours, a fault of translated code, or a signal to the program.
func (e *engine) signaled(t *thread, sig unix.Signal) error {
	if err := ptrace.GetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	var info ptrace.Siginfo
	if err := ptrace.GetSiginfo(t.tid, &info); err != nil {
		return err
	}
	if sig == unix.SIGTRAP && info.Code <= 0 {
		if err := t.behindTrap(); err != nil {
			return err
		}
	}
	if sig == unix.SIGTRAP && info.Code == siKernel { // an int3, not somebody's SIGTRAP behind one (stubs are neighbours)
		if off, ok := t.p.code.offset(t.regs.Rip - 1); ok {
			if handled, err := e.trap(t, off); handled || err != nil {
				return err
			}
		}
	}
	if fatal(sig) && info.Code > 0 {
		return e.fault(t, info)
	}
	return e.async(t, info)
}

// behindTrap puts a thread to which somebody has sent SIGTRAP back onto an int3 that it has just executed: the kernel keeps one such
// signal only, and the trap's was lost.
func (t *thread) behindTrap() error {
	c := t.p.code
	off, ok := c.offset(t.regs.Rip - 1)
	if !ok {
		return nil
	}
	if _, stub := c.stubAt(off); !stub && off != c.rt.stop && off != c.rt.finish && off != c.rt.gadgetInt {
		return nil
	}
	t.regs.Rip--
	return ptrace.SetRegs(t.tid, &t.regs)
}

// trap handles an int3 of the cache.
func (e *engine) trap(t *thread, off uint32) (bool, error) {
	c := t.p.code
	switch off {
	case c.rt.gadgetInt:
		if t.call == nil {
			return false, nil
		}
		e.count("syscall return")
		return true, e.finish(t)
	case c.rt.stop:
		e.count("syscall")
		return true, e.syscall(t)
	case c.rt.finish:
		e.count("syscall end")
		return true, e.finishCall(t, off)
	}
	if s, ok := c.stubAt(off); ok {
		if s.kind == stubStop {
			e.count("instruction")
			return true, e.instruction(t, s)
		}
		if s.kind == stubBreak {
			e.count("breakpoint")
			return true, e.hitBreak(t, s.target)
		}
		e.count("link")
		if s.kind == stubChanged {
			t.p.text.forget(0, 1<<47)
			if c.leader(s.target) {
				c.drop(s.target)
			}
		}
		t.regs.Rip = s.target
		return true, e.enter(t)
	}
	if pc, ok := c.stale[off]; ok {
		e.count("stale")
		t.regs.Rip = pc
		return true, e.enter(t)
	}
	return false, nil
}

// async handles a signal that somebody sent.
func (e *engine) async(t *thread, info ptrace.Siginfo) error {
	sig := unix.Signal(info.Signo)
	e.count("signal")
	if e.changesMask(t) {
		t.deferred = append(t.deferred, info)
		if err := e.settle(t); err != nil {
			return err
		}
		return e.enter(t)
	}
	mask := t.signalMask()
	if t.swapped {
		mask = t.during
	}
	if unblockable&bit(sig)&mask != 0 {
		if err := e.hold(t, info); err != nil {
			return err
		}
		return e.goOn(t)
	}
	switch t.signals.effectOf(sig) {
	case effectIgnore:
		return e.goOn(t)
	case effectStop:
		return t.resume(sig)
	}
	if t.call != nil {
		if settled, err := e.leaveGadget(t); err != nil {
			return err
		} else if settled {
			return e.deliver(t, info)
		}
	}
	if e.interrupted(t) {
		if err := e.leaveCall(t); err != nil {
			return err
		}
		return e.deliver(t, info)
	}
	t.deferred = append(t.deferred, info)
	if err := e.settle(t); err != nil {
		var f *faultError
		if errors.As(err, &f) {
			return e.fault(t, f.info)
		}
		return err
	}
	return e.enter(t)
}

// atLookup says whether the thread is at the load of a jump map entry; the index may be any register.
//
//	65 [42] 8b 0c SIB disp32    mov %gs:JumpMap(,%r,4),%ecx
func (e *engine) atLookup(t *thread) bool {
	off, ok := t.p.code.offset(t.regs.Rip)
	if !ok {
		return false
	}
	m := t.p.code.mem[off : off+16]
	if m[0] != 0x65 {
		return false
	}
	if m = m[1:]; m[0] == 0x42 {
		m = m[1:]
	}
	const scale4NoBase = 0x85
	return m[0] == 0x8b && m[1] == 0x0c && m[2]&0xc7 == scale4NoBase &&
		int32(binary.LittleEndian.Uint32(m[3:])) == e.layout.JumpMap
}

// miss handles an indirect branch to a native address that the jump map does not know.
func (e *engine) miss(t *thread) error {
	e.count("miss")
	t.regs.Rcx, t.regs.Rip = t.slotAt(translator.SlotRCX), t.slotAt(translator.SlotTarget)
	if err := e.reached(t); err != nil {
		return err
	}
	t.p.code.indirect(t.p.ensure(t.regs.Rip))
	return e.enter(t)
}

func (e *engine) count(stop string) {
	e.stops[stop]++
	e.triggers.stops++
	e.here().stops[stop]++
}

func (e *engine) logf(format string, args ...any) {
	if e.log != nil {
		fmt.Fprintf(e.log, "kmv: "+format+"\n", args...)
	}
}
