// Package ptrace speaks to Linux about a target, from one thread.
//
// Rules: all calls of one target come from the goroutine that started it, locked to its OS thread (ptrace(2)); a Stop
// is decoded here once, so that nobody else sees a wait status; short transfers are errors. This is the only package of
// kmv that uses unsafe.
//
//	Wait --> Stop --> Regs, Memory ... --> Cont | Step | Listen | Detach
package ptrace

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests that x/sys does not name (include/uapi/linux/ptrace.h).
const (
	getSigmask = 0x420a
	setSigmask = 0x420b
	listen     = 0x4208
	seize      = 0x4206
	interrupt  = 0x4207
	getRegset  = 0x4204
	setRegset  = 0x4205
	eventStop  = 128
)

// Regs are the general registers of a thread, FS and GS base included.
type Regs = unix.PtraceRegs

// request makes a ptrace call whose data is a number.
func request(req, tid int, addr, data uintptr) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(req), uintptr(tid), addr, data, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// transfer makes a ptrace call whose data is memory of ours. The pointer becomes a number only in the call itself: a
// goroutine's stack may move before that (unsafe.Pointer, rule 4).
func transfer(req, tid int, addr uintptr, data unsafe.Pointer) error {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(req), uintptr(tid), addr, uintptr(data), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// Seize attaches to a thread without stopping it (ptrace(2), PTRACE_SEIZE).
func Seize(tid, options int) error { return request(seize, tid, 0, uintptr(options)) }

// Interrupt stops a running thread; the Stop that follows is Interrupted.
func Interrupt(tid int) error { return request(interrupt, tid, 0, 0) }

// Listen leaves a group-stopped thread stopped until SIGCONT.
func Listen(tid int) error { return request(listen, tid, 0, 0) }

// Cont resumes a stopped thread, delivering sig unless it is 0.
func Cont(tid int, sig unix.Signal) error { return request(unix.PTRACE_CONT, tid, 0, uintptr(sig)) }

// Step resumes for one instruction. With a signal that has a handler the kernel builds its frame and stops again before
// the handler's first instruction (kernel/signal.c, signal_setup_done).
func Step(tid int, sig unix.Signal) error {
	return request(unix.PTRACE_SINGLESTEP, tid, 0, uintptr(sig))
}

// Syscall resumes until the next system call entry or exit.
func Syscall(tid int, sig unix.Signal) error {
	return request(unix.PTRACE_SYSCALL, tid, 0, uintptr(sig))
}

// Detach lets a stopped thread go, delivering sig unless it is 0.
func Detach(tid int, sig unix.Signal) error { return request(unix.PTRACE_DETACH, tid, 0, uintptr(sig)) }

// GetRegs reads the registers of a stopped thread.
func GetRegs(tid int, r *Regs) error {
	return transfer(unix.PTRACE_GETREGS, tid, 0, unsafe.Pointer(r))
}

// SetRegs writes the registers of a stopped thread. OrigRax decides whether the kernel still sees a system call to
// restart: set it to all ones to make it forget.
func SetRegs(tid int, r *Regs) error {
	return transfer(unix.PTRACE_SETREGS, tid, 0, unsafe.Pointer(r))
}

// EventMessage is the value that goes with an event: the new thread's id, the exit status, the former thread id.
func EventMessage(tid int) (uint64, error) {
	var v uint64
	err := transfer(unix.PTRACE_GETEVENTMSG, tid, 0, unsafe.Pointer(&v))
	return v, err
}

// Sigmask reads the kernel's signal mask of a stopped thread: bit n-1 is signal n.
func Sigmask(tid int) (uint64, error) {
	var v uint64
	err := transfer(getSigmask, tid, 8, unsafe.Pointer(&v))
	return v, err
}

// SetSigmask replaces the kernel's signal mask of a stopped thread.
func SetSigmask(tid int, mask uint64) error {
	return transfer(setSigmask, tid, 8, unsafe.Pointer(&mask))
}

// Siginfo is the kernel's siginfo_t (sigaction(2)); the union is kept as bytes, with accessors for what kmv needs.
type Siginfo struct {
	Signo, Errno, Code, _ int32
	Fields                [112]byte
}

// Addr is si_addr, valid for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP raised by the processor.
func (s *Siginfo) Addr() uint64 { return *(*uint64)(unsafe.Pointer(&s.Fields[0])) }

// SetAddr sets si_addr.
func (s *Siginfo) SetAddr(a uint64) { *(*uint64)(unsafe.Pointer(&s.Fields[0])) = a }

// Bytes are the siginfo_t as the kernel writes it (128 bytes).
func (s *Siginfo) Bytes() []byte { return (*[unsafe.Sizeof(*s)]byte)(unsafe.Pointer(s))[:] }

// Value is si_value of a queued signal.
func (s *Siginfo) Value() uint64 { return *(*uint64)(unsafe.Pointer(&s.Fields[8])) }

// GetSiginfo reads what a signal-delivery-stop is about. A thread that has been killed since may stand at its end already (see
// Ending): as without that stop, it is not there any more.
func GetSiginfo(tid int, s *Siginfo) error {
	const atEnd = int32(unix.SIGTRAP) | unix.PTRACE_EVENT_EXIT<<8
	if err := transfer(unix.PTRACE_GETSIGINFO, tid, 0, unsafe.Pointer(s)); err != nil {
		return err
	}
	if s.Code == atEnd {
		return unix.ESRCH
	}
	return nil
}

// SetSiginfo replaces it: the next Cont or Step with that signal delivers s.
func SetSiginfo(tid int, s *Siginfo) error {
	return transfer(unix.PTRACE_SETSIGINFO, tid, 0, unsafe.Pointer(s))
}

// xstateNote is NT_X86_XSTATE, the register set of all vector and x87 state (elf.h).
const xstateNote = 0x202

// Xstate reads the thread's vector and x87 state into buf, in XSAVE's standard format, and returns its length.
func Xstate(tid int, buf []byte) (int, error) {
	iov := unix.Iovec{Base: &buf[0], Len: uint64(len(buf))}
	err := transfer(getRegset, tid, xstateNote, unsafe.Pointer(&iov))
	return int(iov.Len), err
}

// SetXstate writes it back.
func SetXstate(tid int, buf []byte) error {
	iov := unix.Iovec{Base: &buf[0], Len: uint64(len(buf))}
	return transfer(setRegset, tid, xstateNote, unsafe.Pointer(&iov))
}

// debugRegister is the offset of u_debugreg in struct user (sys/user.h).
const debugRegister = 848

// SetBreakpoint arms debug register 0 for execution at addr, or disarms it when addr is 0 (SDM 3B 19.2).
func SetBreakpoint(tid int, addr uint64) error {
	if err := request(unix.PTRACE_POKEUSR, tid, debugRegister+7*8, 0); err != nil {
		return fmt.Errorf("disarm debug register: %w", err)
	}
	if addr == 0 {
		return nil
	}
	if err := request(unix.PTRACE_POKEUSR, tid, debugRegister, uintptr(addr)); err != nil {
		return fmt.Errorf("set debug register: %w", err)
	}
	return request(unix.PTRACE_POKEUSR, tid, debugRegister+7*8, 1)
}

// Requeue makes a signal pending again for a thread, with the siginfo it had.
func Requeue(pid, tid int, s *Siginfo) error {
	q := *s
	if q.Code >= 0 || q.Code == siTkill { // the kernel takes these codes only from itself (rt_sigqueueinfo(2))
		q.Code = siQueue
	}
	_, _, e := unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(pid), uintptr(tid), uintptr(q.Signo), uintptr(unsafe.Pointer(&q)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// Values of si_code (sigaction(2)).
const (
	siQueue = -1
	siTkill = -6
)

// peekSiginfo is PTRACE_PEEKSIGINFO.
const peekSiginfo = 0x4209

// FaultPending says whether a stopped thread has a signal of the processor's pending: an exception that it ran into just
// before it was interrupted, and that it will stop for when it is resumed.
func FaultPending(tid int) (bool, error) {
	args := struct {
		off   uint64
		flags uint32
		nr    int32
	}{nr: 8}
	var infos [8]Siginfo
	for { // there may be many, real-time signals queue; and each time only some are told, if kmv itself has a signal pending
		n, _, e := unix.RawSyscall6(unix.SYS_PTRACE, peekSiginfo, uintptr(tid), uintptr(unsafe.Pointer(&args)), uintptr(unsafe.Pointer(&infos)), 0, 0)
		if e != 0 {
			return false, e
		}
		for _, s := range infos[:n] {
			switch unix.Signal(s.Signo) {
			case unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE, unix.SIGTRAP:
				if s.Code > 0 {
					return true, nil
				}
			}
		}
		if n == 0 || args.off == 0 && !synchronousPending(tid) {
			return false, nil
		}
		args.off += uint64(n)
	}
}

// synchronousPending says whether any signal that exceptions come as is pending for a thread, whoever sent it.
func synchronousPending(tid int) bool {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(status, []byte("SigPnd:\t"))
	mask, err := strconv.ParseUint(string(rest[:min(16, len(rest))]), 16, 64)
	const synchronous = 1<<(unix.SIGSEGV-1) | 1<<(unix.SIGBUS-1) | 1<<(unix.SIGILL-1) | 1<<(unix.SIGFPE-1) | 1<<(unix.SIGTRAP-1)
	return err != nil || mask&synchronous != 0
}
