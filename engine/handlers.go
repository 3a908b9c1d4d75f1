package engine

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"kmv/engine/syscalls"
	"kmv/shadowmem"
	"kmv/translator"
)

// handlers are the system calls that the engine implements or wraps. Add a call here and its row in syscalls/table.go.
var handlers map[uint64]func(*engine, *thread, [6]uint64) error

func init() {
	handlers = map[uint64]func(*engine, *thread, [6]uint64) error{
		unix.SYS_MMAP: ret(func(e *engine, t *thread, a [6]uint64) (int64, error) {
			return e.mmap(t, a[0], a[1], t.implied(int(int32(a[2]))), int(int32(a[3])), a[4], a[5])
		}),
		unix.SYS_MUNMAP: ret(func(e *engine, t *thread, a [6]uint64) (int64, error) { return e.munmap(t, a[0], a[1]) }),
		unix.SYS_MPROTECT: ret(func(e *engine, t *thread, a [6]uint64) (int64, error) {
			return e.mprotect(t, a[0], a[1], t.implied(int(int32(a[2]))))
		}),
		unix.SYS_PKEY_MPROTECT: ret(func(e *engine, t *thread, a [6]uint64) (int64, error) {
			if int32(a[3]) != -1 {
				return fail(unix.EINVAL), nil // as on a machine without protection keys
			}
			return e.mprotect(t, a[0], a[1], t.implied(int(int32(a[2]))))
		}),
		unix.SYS_BRK: ret(func(e *engine, t *thread, a [6]uint64) (int64, error) { return e.brk(t, a[0]) }),
		unix.SYS_MREMAP: ret(func(e *engine, t *thread, a [6]uint64) (int64, error) {
			return e.mremap(t, a[0], a[1], a[2], int(int32(a[3])), a[4])
		}),
		unix.SYS_MADVISE: ret(func(e *engine, t *thread, a [6]uint64) (int64, error) {
			return e.madvise(t, a[0], a[1], int(int32(a[2])))
		}),
		unix.SYS_SHMAT:      ret((*engine).shmat),
		unix.SYS_SHMDT:      ret((*engine).shmdt),
		unix.SYS_MLOCKALL:   ret((*engine).mlockall),
		unix.SYS_MUNLOCKALL: ret((*engine).munlockall),

		unix.SYS_RT_SIGACTION:    sigaction,
		unix.SYS_RT_SIGPROCMASK:  ret((*engine).sigprocmask),
		unix.SYS_RT_SIGRETURN:    func(e *engine, t *thread, _ [6]uint64) error { return e.sigreturn(t) },
		unix.SYS_RT_SIGSUSPEND:   func(e *engine, t *thread, a [6]uint64) error { return e.withMask(t, &t.regs.Rdi, a[0]) },
		unix.SYS_RT_SIGPENDING:   sigpending,
		unix.SYS_RT_SIGTIMEDWAIT: sigtimedwait,
		unix.SYS_PPOLL:           func(e *engine, t *thread, a [6]uint64) error { return e.withMask(t, &t.regs.R10, a[3]) },
		unix.SYS_EPOLL_PWAIT:     func(e *engine, t *thread, a [6]uint64) error { return e.withMask(t, &t.regs.R8, a[4]) },
		unix.SYS_EPOLL_PWAIT2:    func(e *engine, t *thread, a [6]uint64) error { return e.withMask(t, &t.regs.R8, a[4]) },
		unix.SYS_PSELECT6:        pselect,

		unix.SYS_CLONE:  clone,
		unix.SYS_CLONE3: clone3,
		unix.SYS_FORK:   func(e *engine, t *thread, _ [6]uint64) error { return e.clone(t, cloneArgs{}) },
		unix.SYS_VFORK: func(e *engine, t *thread, _ [6]uint64) error {
			return e.clone(t, cloneArgs{flags: unix.CLONE_VM | unix.CLONE_VFORK})
		},
		unix.SYS_SET_TID_ADDRESS: setTIDAddress,
		unix.SYS_EXIT:            exit,
		unix.SYS_EXIT_GROUP:      exit,
		unix.SYS_EXECVE:          execve,
		unix.SYS_EXECVEAT:        execve,

		unix.SYS_ARCH_PRCTL: archPrctl,
		unix.SYS_PRCTL:      prctl,
		unix.SYS_SECCOMP:    seccompCall,
		unix.SYS_MEMBARRIER: membarrier,
	}
}

// ret makes a handler of a function that computes the result.
func ret(f func(*engine, *thread, [6]uint64) (int64, error)) func(*engine, *thread, [6]uint64) error {
	return func(e *engine, t *thread, a [6]uint64) error {
		v, err := f(e, t, a)
		if err != nil {
			return err
		}
		return e.answer(t, v)
	}
}

// word reads 8 bytes of native memory.
func (p *process) word(addr uint64) (uint64, error) {
	var b [8]byte
	err := p.mem.Read(addr, b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}

// write stores into both halves, on behalf of the kernel: it fails where the program could not have written. The mirror
// comes first, as in translated code: who sees the native bytes may store over them at once.
func (p *process) write(addr uint64, b []byte) bool {
	end := nativeAddr(addr + uint64(len(b)))
	ok := p.writable(addr, uint64(len(b)))
	p.space.Each(nativeAddr(addr), end, func(m shadowmem.Mapping) bool {
		if ok && m.Copied() {
			part := m.Clip(nativeAddr(addr), end)
			ok = p.mem.Write(uint64(p.space.Layout.Mirror(part.Start)), b[uint64(part.Start)-addr:][:part.Len()]) == nil
		}
		return ok
	})
	return ok && p.mem.Write(addr, b) == nil
}

func (p *process) writable(addr, n uint64) bool {
	for a := addr; a < addr+n; {
		m, ok := p.space.Find(nativeAddr(a))
		if !ok || !m.Writable() {
			return false
		}
		a = uint64(m.End)
	}
	return true
}

func (p *process) writeWord(addr, v uint64) bool {
	return p.write(addr, binary.LittleEndian.AppendUint64(nil, v))
}

// sigaction lets the kernel keep the handler too, and remembers it, in one step: a signal that another thread gets meanwhile would
// meet a table that is not the kernel's. What was there before is told from the engine's own table for those signals that it does
// not block: a forced one that the program ignores has changed the kernel's.
func sigaction(e *engine, t *thread, a [6]uint64) error {
	sig := unix.Signal(a[0])
	if sig < 1 || sig >= signals || a[3] != 8 {
		return e.pass(t, nil)
	}
	var set [32]byte
	at := uint64(0)
	if a[1] != 0 {
		if t.p.mem.Read(a[1], set[:]) != nil {
			return e.answer(t, fail(unix.EFAULT))
		}
		at = t.p.code.threadAddress(t.slot) + actionOffset
		copy(t.p.code.thread(t.slot)[actionOffset:], set[:])
	}
	old := t.p.code.thread(t.slot)[actionOffset+32:][:32]
	c := &call{nr: unix.SYS_RT_SIGACTION, args: [6]uint64{a[0], at, t.p.code.threadAddress(t.slot) + actionOffset + 32, 8}}
	if err := t.inject(c); err != nil {
		return err
	}
	if c.ret != 0 {
		return e.answer(t, c.ret)
	}
	if unblockable&bit(sig) != 0 {
		copy(old, t.signals.actions[sig].bytes())
	}
	if a[1] != 0 {
		t.signals.actions[sig] = action{binary.LittleEndian.Uint64(set[:]), binary.LittleEndian.Uint64(set[8:]),
			binary.LittleEndian.Uint64(set[16:]), binary.LittleEndian.Uint64(set[24:]) &^ neverMasked}
	}
	if a[2] != 0 && !t.p.write(a[2], old) {
		return e.answer(t, fail(unix.EFAULT))
	}
	return e.answer(t, 0)
}

// actionOffset is where an action for the kernel, and behind it the former one, lie in a thread's block.
const actionOffset = batchOffset - 64

func (a action) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(nil, a.handler)
	b = binary.LittleEndian.AppendUint64(b, a.flags)
	b = binary.LittleEndian.AppendUint64(b, a.restorer)
	return binary.LittleEndian.AppendUint64(b, a.mask)
}

// resetAction makes the kernel's action for a signal the default one.
func (e *engine) resetAction(t *thread, sig unix.Signal) error {
	clear(t.p.code.thread(t.slot)[actionOffset:][:32])
	return t.inject(&call{nr: unix.SYS_RT_SIGACTION, args: [6]uint64{uint64(sig), t.p.code.threadAddress(t.slot) + actionOffset, 0, 8}})
}

// withMask makes a system call that has a temporary signal mask: the kernel gets a copy without what may not be blocked.
func (e *engine) withMask(t *thread, arg *uint64, addr uint64) error {
	if addr == 0 {
		return e.pass(t, nil)
	}
	mask, err := t.p.word(addr)
	if err != nil {
		return e.answer(t, fail(unix.EFAULT))
	}
	put := t.p.code.thread(t.slot)[maskOffset:]
	binary.LittleEndian.PutUint64(put, mask&^unblockable)
	own := t.p.code.threadAddress(t.slot) + maskOffset
	e.during(t, mask)
	if err := e.prepare(t); err != nil {
		return err
	}
	*arg = own
	return e.runGadget(t)
}

// maskOffset is where a thread's temporary masks lie in its block.
const maskOffset = 0x3000

// during notes the mask that is in force inside the next system call, and lets go what it does not block.
func (e *engine) during(t *thread, mask uint64) {
	t.during, t.swapped = mask&^neverMasked, true
	keep := t.held[:0]
	for _, info := range t.held {
		if mask&bit(unix.Signal(info.Signo)) != 0 || e.requeue(t, info) != nil {
			keep = append(keep, info)
		}
	}
	t.holdBack(keep)
}

// prepare makes the system call in t.regs the pending one.
func (e *engine) prepare(t *thread) error {
	args := arguments(&t.regs)
	t.call = &pending{nr: t.regs.Rax, args: args, next: t.regs.Rcx}
	t.call.plan = syscalls.Plan(t.regs.Rax, args, nativeMemory{t.p})
	e.touchBuffers(t.p, t.call.plan)
	t.call.after = func(e *engine, t *thread, ret int64) (int64, error) {
		t.swapped = false
		return ret, nil
	}
	return nil
}

// pselect is withMask for a mask that lies behind a structure of a pointer and a size (select(2), "C library/kernel
// differences").
func pselect(e *engine, t *thread, a [6]uint64) error {
	if a[5] == 0 {
		return e.pass(t, nil)
	}
	ptr, err := t.p.word(a[5])
	size, err2 := t.p.word(a[5] + 8)
	if err != nil || err2 != nil {
		return e.answer(t, fail(unix.EFAULT))
	}
	if ptr == 0 {
		return e.pass(t, nil)
	}
	mask, err := t.p.word(ptr)
	if err != nil {
		return e.answer(t, fail(unix.EFAULT))
	}
	mem := t.p.code.thread(t.slot)[maskOffset:]
	own := t.p.code.threadAddress(t.slot) + maskOffset
	binary.LittleEndian.PutUint64(mem, own+16)
	binary.LittleEndian.PutUint64(mem[8:], size)
	binary.LittleEndian.PutUint64(mem[16:], mask&^unblockable)
	e.during(t, mask)
	if err := e.prepare(t); err != nil {
		return err
	}
	t.regs.R9 = own
	return e.runGadget(t)
}

// fsBase is the program's own FS base.
func (t *thread) fsBase() uint64 { return t.slotAt(translator.SlotFSBase) }

// archPrctl keeps the program's segment bases (arch_prctl(2)).
func archPrctl(e *engine, t *thread, a [6]uint64) error {
	const setGS, setFS, getFS, getGS, setCPUID = 0x1001, 0x1002, 0x1003, 0x1004, 0x1012
	switch a[0] {
	case setFS:
		if a[1] >= 1<<47 {
			return e.answer(t, fail(unix.EPERM))
		}
		t.setSlot(translator.SlotFSBase, a[1])
		return e.answer(t, 0)
	case getFS, getGS:
		v := uint64(0)
		if a[0] == getFS {
			v = t.fsBase()
		}
		if !t.p.writeWord(a[1], v) {
			return e.answer(t, fail(unix.EFAULT))
		}
		return e.answer(t, 0)
	case setGS:
		if a[1] != 0 {
			e.gap("syscall", t.regs.Rcx-2, "arch_prctl(ARCH_SET_GS): kmv needs the GS base")
			return e.answer(t, fail(unix.EPERM))
		}
		return e.answer(t, 0)
	case setCPUID:
		t.p.code.forgetAnswers()
	}
	return e.pass(t, nil)
}

func prctl(e *engine, t *thread, a [6]uint64) error {
	switch a[0] {
	case unix.PR_SET_MM:
		return e.answer(t, fail(unix.EPERM))
	case unix.PR_SET_SECCOMP:
		return seccompCall(e, t, a)
	case unix.PR_GET_SECCOMP:
		return e.answer(t, t.filters.Mode())
	case unix.PR_MCE_KILL:
		return memoryKill(e, t, a)
	case unix.PR_MCE_KILL_GET:
		return memoryKillNow(e, t, a)
	case unix.PR_GET_DUMPABLE:
		return dumpable(e, t)
	case unix.PR_SET_DUMPABLE:
		return setDumpable(e, t, a[1])
	case setMemoryMerge: // a hint for the kernel: see noMerging
		return e.answer(t, 0)
	}
	return e.pass(t, nil)
}

func setTIDAddress(e *engine, t *thread, a [6]uint64) error {
	t.clearTID = a[0]
	return e.pass(t, nil)
}
