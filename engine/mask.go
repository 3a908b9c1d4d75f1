package engine

import (
	"slices"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/syscalls"
	"kmv/translator/x86"
)

// A thread's signal mask, as the program sees it, lies in the thread's block: rt_sigprocmask runs in the target (runtime_signals.go). The
// kernel's mask is the same but for the signals that it may never hold back.

// unblockable are the signals that the kernel may never hold back from a thread, because faults and traps of translated
// code arrive as them: forced while blocked, they would reset the program's handler (kernel/signal.c, force_sig_info).
const unblockable = 1<<(unix.SIGSEGV-1) | 1<<(unix.SIGBUS-1) | 1<<(unix.SIGTRAP-1) | 1<<(unix.SIGILL-1) | 1<<(unix.SIGFPE-1)

// neverMasked are those that nobody can block.
const neverMasked = 1<<(unix.SIGKILL-1) | 1<<(unix.SIGSTOP-1)

// bit is a signal's bit in a mask.
func bit(s unix.Signal) uint64 { return 1 << (s - 1) }

// takeBlock gives the thread a block in its code cache.
func (t *thread) takeBlock() {
	t.slot = t.p.code.slots.take()
	clear(t.p.code.thread(t.slot)[:slotsEnd])
	t.setSlot(slotMask, t.mask)
	t.setSlot(slotKernelAt, t.p.code.threadAddress(t.slot)+slotKernelSet)
	t.holdBack(t.held)
}

// signalMask is the program's mask: bit n-1 is signal n.
func (t *thread) signalMask() uint64 {
	if t.p == nil {
		return t.mask
	}
	return t.slotAt(slotMask)
}

// noteMask makes mask the program's, where the kernel has it already: what it lets go of the signals that were held is to be delivered.
func (t *thread) noteMask(mask uint64) {
	mask &^= neverMasked
	released := t.signalMask() &^ mask
	t.setSlot(slotMask, mask)
	if released&unblockable == 0 || len(t.held) == 0 {
		return
	}
	keep := t.held[:0]
	for _, info := range t.held {
		if mask&bit(unix.Signal(info.Signo)) == 0 {
			t.deferred = append(t.deferred, info)
		} else {
			keep = append(keep, info)
		}
	}
	t.holdBack(keep)
}

// setMask makes mask the thread's signal mask.
func (t *thread) setMask(mask uint64) error {
	old := t.signalMask()
	t.noteMask(mask)
	if (old^mask)&^(unblockable|neverMasked) == 0 {
		return nil
	}
	return ptrace.SetSigmask(t.tid, mask&^unblockable)
}

// holdBack makes list the signals that are held for the thread: while there are some, a change of its mask stops.
func (t *thread) holdBack(list []ptrace.Siginfo) {
	t.held = list
	if t.p != nil {
		t.setSlot(slotHeld, uint64(len(list)))
	}
}

// hold makes a signal pending for a thread that blocks it.
func (e *engine) hold(t *thread, info ptrace.Siginfo) error {
	if unblockable&bit(unix.Signal(info.Signo)) != 0 {
		if !slices.ContainsFunc(t.held, func(held ptrace.Siginfo) bool { return held.Signo == info.Signo }) { // one is pending, as natively
			t.holdBack(append(t.held, info))
		}
		return nil
	}
	return ptrace.Requeue(t.pid, t.tid, &info)
}

// changesMask says whether a thread was stopped while it changes its mask: before the kernel has done it or behind that.
func (e *engine) changesMask(t *thread) bool {
	_, ok := e.placeOf(t, t.stopped)
	return ok && t.slotAt(slotNumber) == unix.SYS_RT_SIGPROCMASK
}

// sigprocmask is the engine's own where the routine leaves it: the kernel's mask differs in what may not be blocked.
func (e *engine) sigprocmask(t *thread, a [6]uint64) (int64, error) {
	if a[3] != 8 {
		return fail(unix.EINVAL), nil
	}
	old := t.signalMask()
	mask := old
	if a[1] != 0 {
		set, err := t.p.word(a[1])
		if err != nil {
			return fail(unix.EFAULT), nil
		}
		switch int32(a[0]) {
		case unix.SIG_BLOCK:
			mask |= set
		case unix.SIG_UNBLOCK:
			mask &^= set
		case unix.SIG_SETMASK:
			mask = set
		default:
			return fail(unix.EINVAL), nil
		}
		if err := t.setMask(mask); err != nil {
			return 0, err
		}
	}
	if a[2] != 0 && !t.p.writeWord(a[2], old) {
		return fail(unix.EFAULT), nil
	}
	return 0, nil
}

// sigpending tells the signals that are held, too.
func sigpending(e *engine, t *thread, a [6]uint64) error {
	return e.pass(t, func(e *engine, t *thread, ret int64) (int64, error) {
		set, err := t.p.word(a[0])
		if ret != 0 || a[1] < 8 || err != nil {
			return ret, nil
		}
		for _, info := range t.held {
			set |= bit(unix.Signal(info.Signo))
		}
		t.p.writeWord(a[0], set)
		return ret, nil
	})
}

// sigtimedwait takes one of the signals that are held, if it is waited for. One that comes later the kernel takes out itself, unless
// it came before the call had begun (goOn).
func sigtimedwait(e *engine, t *thread, a [6]uint64) error {
	if ret := t.takeHeld(a); ret != 0 {
		return e.answer(t, ret)
	}
	return e.pass(t, nil)
}

// takeHeld is what sigtimedwait returns for a signal that is held, 0 if there is none for it.
func (t *thread) takeHeld(a [6]uint64) int64 {
	if len(t.held) == 0 || a[3] != 8 {
		return 0
	}
	set, err := t.p.word(a[0])
	i := slices.IndexFunc(t.held, func(info ptrace.Siginfo) bool { return set&bit(unix.Signal(info.Signo)) != 0 })
	if err != nil || i < 0 {
		return 0
	}
	info := t.held[i]
	t.holdBack(slices.Delete(t.held, i, i+1))
	if a[1] != 0 && !t.p.write(a[1], info.Bytes()) {
		return fail(unix.EFAULT)
	}
	return int64(info.Signo)
}

// ownRoutines are calls that the engine implements and that mostly need no stop: code of their own runs them, or leaves them to the
// engine.
var ownRoutines = map[uint64]func(*builder) x86.Label{
	unix.SYS_RT_SIGPROCMASK: (*builder).sigprocmask,
	unix.SYS_RT_SIGACTION:   (*builder).sigaction,
}

// mayRunInTarget says whether any call of a number is run without a stop.
func mayRunInTarget(nr uint64) bool {
	return ownRoutines[nr] != nil || syscalls.Lookup(nr).MayRunInTarget()
}
