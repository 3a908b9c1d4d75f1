package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/seccomp"
	"kmv/engine/syscalls"
)

// The kernel is not given the filters that a program installs: it would judge kmv's calls too. A thread has them in
// thread.filters, and calls that one of them does not allow whatever the arguments are stop, to be judged here.

// judgeCall acts on what the thread's filters say about a system call; done says that it is not to be made. t.regs is as in syscall.
func (e *engine) judgeCall(t *thread, nr uint64, args [6]uint64) (done bool, err error) {
	v := t.filters.Judge(&seccomp.Data{Number: uint32(nr), Arch: seccomp.ArchX86_64, IP: t.regs.Rcx, Args: args})
	switch v.Action {
	case unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_LOG:
		return false, nil
	case unix.SECCOMP_RET_ERRNO:
		return true, e.answer(t, -int64(min(v.Data, 4095)))
	case unix.SECCOMP_RET_TRACE, unix.SECCOMP_RET_USER_NOTIF: // there is no tracer, and no listener
		return true, e.answer(t, fail(unix.ENOSYS))
	}
	e.logf("%d: %s is forbidden by its filter: %#x", t.tid, syscalls.Describe(nr, args), v.Action)
	if v.Action == unix.SECCOMP_RET_KILL_THREAD && e.others(t) {
		t.regs.Rax, t.regs.Rdi = unix.SYS_EXIT, uint64(unix.SIGSYS)
		return true, exit(e, t, arguments(&t.regs))
	}
	t.regs.Rip, t.regs.R11, t.regs.Orig_rax = t.regs.Rcx, t.regs.Eflags, noSyscall
	if v.Action == seccomp.KillStrictly {
		return true, e.kill(t, ptrace.Siginfo{Signo: int32(unix.SIGKILL)})
	}
	info := ptrace.Siginfo{Signo: int32(unix.SIGSYS), Errno: int32(v.Data), Code: 1} // SYS_SECCOMP: address, number, architecture
	info.SetAddr(t.regs.Rip)
	binary.LittleEndian.PutUint32(info.Fields[8:], uint32(nr))
	binary.LittleEndian.PutUint32(info.Fields[12:], seccomp.ArchX86_64)
	if v.Action == unix.SECCOMP_RET_TRAP && t.signalMask()&bit(unix.SIGSYS) == 0 && t.signals.effectOf(unix.SIGSYS) == effectHandler {
		return true, e.deliver(t, info)
	}
	t.signals.actions[unix.SIGSYS].handler = sigDefault // it kills whatever the program thinks of the signal
	if err := e.resetAction(t, unix.SIGSYS); err != nil {
		return true, err
	}
	if err := ptrace.SetSigmask(t.tid, t.signalMask()&^unblockable&^bit(unix.SIGSYS)); err != nil {
		return true, err
	}
	return true, e.deliver(t, info)
}

// others says whether t's process has threads besides it that have not begun to end.
func (e *engine) others(t *thread) bool {
	for _, u := range e.threads {
		if u.pid == t.pid && u != t && !u.exiting {
			return true
		}
	}
	return false
}

// stopJudged makes the calls stop that a chain has to be asked about.
func (e *engine) stopJudged(c *codeCache, f *seccomp.Chain) {
	if f == nil {
		return
	}
	for nr := range c.judged {
		c.judged[nr] = c.judged[nr] || f.Judges(uint64(nr))
	}
	e.allowCalls(c)
}

// Operations and flags of seccomp(2) that x/sys does not name.
const (
	setModeStrict = 0
	setModeFilter = 1
	newListener   = 8
	filterFlags   = 0x3f
)

// seccompCall is seccomp(2) and prctl(PR_SET_SECCOMP), which has no flags.
func seccompCall(e *engine, t *thread, a [6]uint64) error {
	op, flags, program := uint32(a[0]), a[1], a[2]
	if uint32(t.regs.Rax) == unix.SYS_PRCTL {
		switch a[1] {
		case unix.SECCOMP_MODE_STRICT:
			op, flags, program = setModeStrict, 0, 0
		case unix.SECCOMP_MODE_FILTER:
			op, flags = setModeFilter, 0
		default:
			return e.answer(t, fail(unix.EINVAL))
		}
	}
	switch {
	case op == setModeStrict && flags == 0 && program == 0 && t.filters.Mode() != unix.SECCOMP_MODE_FILTER:
		t.filters = seccomp.Strict()
		e.stopJudged(t.p.code, t.filters)
		return e.answer(t, 0)
	case op == setModeFilter:
		return e.setFilter(t, uint32(flags), program)
	case op == setModeStrict:
		return e.answer(t, fail(unix.EINVAL))
	}
	return e.pass(t, nil) // a question
}

// setFilter adds a filter to a thread's, in the order of the kernel's checks.
func (e *engine) setFilter(t *thread, flags uint32, at uint64) error {
	const sync, either = unix.SECCOMP_FILTER_FLAG_TSYNC, unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
	if flags&^filterFlags != 0 || flags&(sync|newListener|either) == sync|newListener {
		return e.answer(t, fail(unix.EINVAL))
	}
	program, errno := t.p.filterAt(at)
	if flags&newListener != 0 { // without a filter it is only asked whether the flag is known
		if errno == 0 {
			e.gap("syscall", t.regs.Rcx-2, "seccomp: a filter with a listener is refused")
		}
		return e.answer(t, fail(unix.EINVAL))
	}
	if errno != 0 {
		return e.answer(t, fail(errno))
	}
	alone, err := t.mayFilter()
	if err != nil {
		return err
	}
	if alone == 0 {
		return e.answer(t, fail(unix.EACCES))
	}
	chain, errno := t.filters.Add(program)
	if errno == 0 && t.filters.Mode() == unix.SECCOMP_MODE_STRICT {
		errno = unix.EINVAL
	}
	if errno != 0 {
		return e.answer(t, fail(errno))
	}
	if flags&sync != 0 {
		if other := e.unrelated(t); other != 0 {
			if flags&either != 0 {
				return e.answer(t, fail(unix.ESRCH))
			}
			return e.answer(t, int64(other))
		}
		if err := e.synchronise(t, chain, alone == noNewPrivileges); err != nil {
			return err
		}
	}
	t.filters = chain
	e.stopJudged(t.p.code, chain)
	return e.answer(t, 0)
}

// filterAt reads a struct sock_fprog: a length, and where the instructions are.
func (p *process) filterAt(at uint64) ([]seccomp.Instruction, unix.Errno) {
	var head [16]byte
	if p.mem.Read(at, head[:]) != nil {
		return nil, unix.EFAULT
	}
	n, instructions := binary.LittleEndian.Uint16(head[:]), binary.LittleEndian.Uint64(head[8:])
	if n == 0 || n > seccomp.Most || instructions == 0 {
		return nil, unix.EINVAL
	}
	b := make([]byte, int(n)*seccomp.InstructionSize)
	if p.mem.Read(instructions, b) != nil {
		return nil, unix.EFAULT
	}
	return seccomp.Decode(b), 0
}

// permission is what lets a thread install a filter; 0 is nothing.
type permission uint8

const (
	noNewPrivileges permission = iota + 1
	capability                 // CAP_SYS_ADMIN in its user namespace
)

// mayFilter says what allows the thread to install a filter.
func (t *thread) mayFilter() (permission, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/status", t.pid, t.tid))
	if err != nil {
		return 0, err
	}
	if no, err := parseMask(b, "NoNewPrivs:"); err != nil || no != 0 {
		return noNewPrivileges, err
	}
	if caps, err := parseMask(b, "CapEff:"); err != nil || caps>>unix.CAP_SYS_ADMIN&1 == 0 {
		return 0, err
	}
	return capability, nil
}

// unrelated is a thread of t's process whose filters are not among t's; 0 if there is none.
func (e *engine) unrelated(t *thread) int {
	for _, u := range e.threads {
		if u.pid == t.pid && u != t && !u.exiting && !t.filters.Has(u.filters) {
			return u.tid
		}
	}
	return 0
}

// synchronise gives all threads of t's process a chain, and what allowed t to install it.
func (e *engine) synchronise(t *thread, chain *seccomp.Chain, noNew bool) error {
	for _, u := range e.threads {
		if u.pid == t.pid && u != t {
			u.filters = chain
		}
	}
	if !noNew {
		return nil
	}
	others, err := e.park(t)
	for _, u := range others {
		own := e.borrow(u, &call{nr: unix.SYS_PRCTL, args: [6]uint64{unix.PR_SET_NO_NEW_PRIVS, 1}})
		if err == nil && !gone(own, u.tid) {
			err = own
		}
	}
	return errors.Join(err, e.unpark(others))
}
