package engine

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
)

// action is one entry of the program's signal table, as rt_sigaction(2) has it on x86-64.
type action struct {
	handler  uint64 // SIG_DFL, SIG_IGN or a native address
	flags    uint64
	restorer uint64
	mask     uint64
}

const (
	sigDefault = 0
	sigIgnore  = 1
	signals    = 65
)

// signalTable is what CLONE_SIGHAND shares. The kernel has the same handlers; this copy says what a signal will do.
type signalTable struct {
	actions [signals]action
}

// Flags of sigaction that the engine looks at (asm/signal.h).
const (
	saNodefer   = 0x40000000
	saResethand = 0x80000000
)

// effect is what a signal does to the program.
type effect uint8

const (
	effectIgnore effect = iota
	effectStop
	effectKill
	effectHandler
)

// effectOf says what delivering a signal does (signal(7), "Signal dispositions").
func (st *signalTable) effectOf(s unix.Signal) effect {
	switch st.actions[s].handler {
	case sigIgnore:
		if s == unix.SIGKILL || s == unix.SIGSTOP {
			break
		}
		return effectIgnore
	case sigDefault:
	default:
		return effectHandler
	}
	switch s {
	case unix.SIGCHLD, unix.SIGURG, unix.SIGWINCH, unix.SIGCONT:
		return effectIgnore
	case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		return effectStop
	}
	return effectKill
}

// deliver hands a signal to the program. The thread is in a signal-delivery-stop and t.regs is native state between two
// instructions, Rip native; Orig_rax tells whether a system call was interrupted. It ends with the thread running.
func (e *engine) deliver(t *thread, info ptrace.Siginfo) error {
	sig := unix.Signal(info.Signo)
	does := t.signals.effectOf(sig)
	if does != effectIgnore {
		e.emit(view.Event{Kind: view.EventSignal, Pid: t.pid, Thread: t.tid, PC: t.regs.Rip, Value: uint64(sig)})
	}
	switch does {
	case effectIgnore:
		return e.enter(t)
	case effectStop:
		return e.enterWith(t, sig)
	case effectKill:
		if e.debug.active && !e.paused {
			return e.foretell(t, info)
		}
		return e.kill(t, info)
	}
	return e.handle(t, info)
}

// kill lets the program die of a signal, in native state, after a last verification.
func (e *engine) kill(t *thread, info ptrace.Siginfo) error {
	if err := e.verifyAtEnd(t); err != nil {
		return err
	}
	if err := e.beforeCore(t, unix.Signal(info.Signo)); err != nil {
		return err
	}
	t.p.exiting = t.p.exiting || t.pid == t.p.pid
	for _, u := range e.threads {
		if t.p.shares && u.p == t.p {
			u.robust = u.robustWords()
		}
	}
	t.regs.Fs_base, t.regs.Gs_base = t.fsBase(), 0
	if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	if err := ptrace.SetSiginfo(t.tid, &info); err != nil {
		return err
	}
	e.logf("%d: dies of %v at %#x", t.tid, unix.Signal(info.Signo), t.regs.Rip)
	t.running = true
	return ptrace.Cont(t.tid, unix.Signal(info.Signo))
}

// handle lets the kernel build the frame of a handler and enters the handler's translation.
func (e *engine) handle(t *thread, info ptrace.Siginfo) error {
	sig := unix.Signal(info.Signo)
	act := t.signals.actions[sig]
	before := t.regs
	t.rest = nil // a call that a handler interrupts is short
	if err := e.intoHandler(t); err != nil {
		return err
	}
	e.touchStack(t)
	if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	if err := ptrace.SetSiginfo(t.tid, &info); err != nil {
		return err
	}
	if err := ptrace.Step(t.tid, sig); err != nil {
		return err
	}
	s, err := t.next()
	for err == nil && s.Kind == ptrace.Interrupted { // asked for before: the frame is there, its notice is still to come
		if err = ptrace.Step(t.tid, 0); err == nil {
			s, err = t.next()
		}
	}
	if err != nil {
		return err
	}
	if err := ptrace.GetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	if s.Kind != ptrace.Signaled || s.Sig != unix.SIGTRAP || t.regs.Rip != act.handler {
		// No frame: the stack is not writable, and the kernel forces SIGSEGV (signal(7)).
		if again, err := e.sweepStack(t, s); err != nil {
			return err
		} else if again {
			t.regs = before
			return e.handle(t, info)
		}
		return e.noFrame(t, s)
	}
	t.stopped.Kind = ptrace.Other // the kernel's notice of the frame: nothing can be delivered from it
	mask := t.signalMask()
	if t.swapped {
		mask, t.swapped = t.during, false
	}
	if err := e.finishFrame(t, before, info); err != nil {
		return err
	}
	mask |= act.mask
	if act.flags&saNodefer == 0 {
		mask |= bit(sig)
	}
	if act.flags&saResethand != 0 {
		t.signals.actions[sig].handler = sigDefault
	}
	t.noteMask(mask)
	if err := ptrace.SetSigmask(t.tid, mask&^unblockable); err != nil {
		return err
	}
	return e.enter(t)
}

// Offsets in a signal frame (asm/ucontext.h, asm/sigcontext.h): rdx points to the ucontext at a handler's entry.
const (
	ucGregs   = 40
	ucEflags  = ucGregs + 17*8
	ucErr     = ucGregs + 19*8
	ucTrapno  = ucGregs + 20*8
	ucCr2     = ucGregs + 22*8
	ucSigmask = 296
)

// finishFrame puts the program's view into a frame that the kernel built, and mirrors the frame.
func (e *engine) finishFrame(t *thread, before ptrace.Regs, info ptrace.Siginfo) error {
	uc := t.regs.Rdx
	var word [8]byte
	// With a popf at its address, the kernel takes the flag that steps the thread for the program's (is_setting_trap_flag).
	binary.LittleEndian.PutUint64(word[:], before.Eflags&^trapFlag)
	if err := t.p.mem.Write(uc+ucEflags, word[:]); err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(word[:], t.signalMask())
	if err := t.p.mem.Write(uc+ucSigmask, word[:]); err != nil {
		return err
	}
	if t.fetchFault {
		for off, v := range map[uint64]uint64{ucErr: 0x14, ucTrapno: 14, ucCr2: info.Addr()} {
			binary.LittleEndian.PutUint64(word[:], v)
			if err := t.p.mem.Write(uc+off, word[:]); err != nil {
				return err
			}
		}
	}
	t.fetchFault = false
	end := before.Rsp
	if t.regs.Rsp > end || end-t.regs.Rsp > 1<<20 { // on another stack: the frame ends above the saved state
		end = t.regs.Rsp + maxFrame
		if m, ok := t.p.space.Find(nativeAddr(t.regs.Rsp)); ok {
			end = min(end, uint64(m.End))
		}
	}
	return t.p.copyToMirror(t.regs.Rsp, end-t.regs.Rsp)
}

// maxFrame is more than any signal frame with all of AVX-512 and AMX state (sysconf(_SC_MINSIGSTKSZ) is below 12 KiB).
const maxFrame = 16 << 10

// noFrame deals with a delivery that ended elsewhere than in the handler.
func (e *engine) noFrame(t *thread, s ptrace.Stop) error {
	if s.Kind != ptrace.Signaled {
		return fmt.Errorf("unexpected stop in a signal delivery: %v", s)
	}
	var info ptrace.Siginfo
	if err := ptrace.GetSiginfo(t.tid, &info); err != nil {
		return err
	}
	if s.Sig == unix.SIGSEGV {
		t.signals.actions[unix.SIGSEGV].handler = sigDefault
		return e.kill(t, info)
	}
	return e.deliver(t, info)
}

// sigreturn lets the kernel take down a frame; the thread goes on where the frame says (rt_sigreturn(2)).
func (e *engine) sigreturn(t *thread) error {
	e.touchPages(t.p, t.regs.Rsp-8, t.regs.Rsp+maxFrame)
	r := t.regs
	r.Rip = t.p.code.address(t.p.code.rt.gadget)
	r.Orig_rax = noSyscall
	if err := ptrace.SetRegs(t.tid, &r); err != nil {
		return err
	}
	for seen := 0; ; { // entry, exit; and with a bad frame, for which the kernel forces SIGSEGV, that
		if err := ptrace.Syscall(t.tid, 0); err != nil {
			return err
		}
		s, err := t.next()
		if err != nil {
			return err
		}
		t.stopped = s
		switch s.Kind {
		case ptrace.SyscallStop:
			if seen++; seen < 2 {
				continue
			}
			if err := ptrace.GetRegs(t.tid, &r); err != nil {
				return err
			}
			if bad, err := ptrace.FaultPending(t.tid); err != nil {
				return err
			} else if !bad { // registers are restored before the vector state, of which the frame may be short
				return e.returned(t, r)
			}
		case ptrace.Interrupted:
		case ptrace.Signaled:
			var info ptrace.Siginfo
			if err := ptrace.GetSiginfo(t.tid, &info); err != nil {
				return err
			}
			if s.Sig == unix.SIGSEGV && info.Code > 0 { // a bad frame
				if again, err := e.sweepStack(t, s); err != nil {
					return err
				} else if again {
					return e.sigreturn(t)
				}
				return e.noFrame(t, s)
			}
			t.deferred = append(t.deferred, info) // it came before the call had begun
		default:
			return fmt.Errorf("unexpected stop in rt_sigreturn: %v", s)
		}
	}
}

// returned goes on where a frame has said.
func (e *engine) returned(t *thread, r ptrace.Regs) error {
	t.regs = r
	mask, err := ptrace.Sigmask(t.tid)
	if err != nil {
		return err
	}
	t.noteMask(mask)
	if err := ptrace.SetSigmask(t.tid, mask&^unblockable); err != nil {
		return err
	}
	t.regs.Orig_rax = noSyscall
	return e.enter(t)
}
