package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// call is one system call that the engine makes in a target.
type call struct {
	nr   uint64
	args [6]uint64
	ret  int64 // result, or -errno
}

// The batch lies in the thread block: callSize bytes a call.
const (
	callSize    = 64
	batchOffset = 0x4000
	batchMost   = (threadBlock - slotsAt - batchOffset) / callSize
)

// err is the call's failure, nil if it succeeded.
func (c *call) err() error {
	if e, failed := errno(c.ret); failed {
		return e
	}
	return nil
}

// errno splits a raw system call result (syscall(2): -4095 to -1 are errors).
func errno(ret int64) (unix.Errno, bool) {
	if ret < 0 && ret >= -4095 {
		return unix.Errno(-ret), true
	}
	return 0, false
}

// inject makes the calls in the stopped thread, one stop for all of them, and leaves its registers as they were. The
// calls must not block. Signals that arrive meanwhile are deferred to the next time that the thread enters native code.
func (t *thread) inject(calls ...*call) error {
	for len(calls) > batchMost {
		if err := t.inject(calls[:batchMost]...); err != nil {
			return err
		}
		calls = calls[batchMost:]
	}
	if len(calls) == 0 {
		return nil
	}
	mem := t.p.code.thread(t.slot)[batchOffset:]
	for i, c := range calls {
		binary.LittleEndian.PutUint64(mem[i*callSize:], c.nr)
		for j, a := range c.args {
			binary.LittleEndian.PutUint64(mem[i*callSize+8+8*j:], a)
		}
	}
	r := t.regs
	r.Rip = t.p.code.address(t.p.code.rt.batch)
	r.Rbx = t.p.code.threadAddress(t.slot) + batchOffset
	r.Rbp = uint64(len(calls))
	r.Orig_rax = noSyscall
	if err := ptrace.SetRegs(t.tid, &r); err != nil {
		return err
	}
	native := t.regs
	if err := t.runTo(t.p.code.address(t.p.code.rt.batchInt) + 1); err != nil {
		var f *faultError
		if errors.As(err, &f) {
			panic(fmt.Sprintf("BUG: signal %d (code %d, address %#x) at %#x in an injected system call", f.info.Signo, f.info.Code, f.info.Addr(), t.regs.Rip))
		}
		return err
	}
	t.regs = native
	for i, c := range calls {
		c.ret = int64(binary.LittleEndian.Uint64(mem[i*callSize+56:]))
	}
	return nil
}

// noSyscall in Orig_rax tells the kernel that there is no system call to restart.
const noSyscall = ^uint64(0)

// runTo continues the thread until it traps with its instruction pointer at rip.
func (t *thread) runTo(rip uint64) error {
	for {
		if err := ptrace.Cont(t.tid, 0); err != nil {
			return err
		}
		s, err := t.next()
		if err != nil {
			return err
		}
		switch s.Kind {
		case ptrace.Interrupted:
			continue
		case ptrace.Signaled:
		default:
			return fmt.Errorf("stop while the engine makes a system call: %v", s)
		}
		var r ptrace.Regs
		if err := ptrace.GetRegs(t.tid, &r); err != nil {
			return err
		}
		t.stopped = s
		if s.Sig == unix.SIGTRAP && r.Rip == rip {
			return nil
		}
		var info ptrace.Siginfo
		if err := ptrace.GetSiginfo(t.tid, &info); err != nil {
			return err
		}
		if fatal(s.Sig) && info.Code > 0 {
			t.regs = r
			return &faultError{info}
		}
		t.deferred = append(t.deferred, info)
	}
}

// next is the next stop of a thread that the engine has let run for a purpose of its own. A stopping signal that takes effect
// meanwhile comes again when the program goes on: see resume.
func (t *thread) next() (ptrace.Stop, error) {
	s, err := ptrace.WaitFor(t.tid)
	if s.Kind == ptrace.GroupStop && err == nil {
		t.stopDue, s.Kind = true, ptrace.Interrupted
	}
	return s, err
}

// fatal are the signals that the processor raises.
func fatal(s unix.Signal) bool {
	switch s {
	case unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE, unix.SIGTRAP:
		return true
	}
	return false
}
