package engine

import (
	"encoding/binary"
	"fmt"
	"maps"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/translator"
)

// cloneArgs is what clone, clone3, fork and vfork have in common (clone(2)).
type cloneArgs struct {
	flags     uint64
	parentTID uint64
	pidfd     uint64
	childTID  uint64
	tls       uint64
	met       bool // the engine knows the child
}

func clone(e *engine, t *thread, a [6]uint64) error {
	return e.clone(t, cloneArgs{flags: a[0], parentTID: a[2], pidfd: a[2], childTID: a[3], tls: a[4]})
}

// clone3's arguments are 8-byte fields: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls ...
func clone3(e *engine, t *thread, a [6]uint64) error {
	var b [64]byte
	if a[1] < uint64(len(b)) || t.p.mem.Read(a[0], b[:]) != nil {
		return e.pass(t, nil) // the kernel says what is wrong
	}
	field := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	return e.clone(t, cloneArgs{flags: field(0), pidfd: field(1), childTID: field(2), parentTID: field(3), tls: field(7)})
}

// clone lets the kernel make the child; born meets it.
func (e *engine) clone(t *thread, a cloneArgs) error {
	if a.flags&unix.CLONE_UNTRACED != 0 {
		e.gap("process", t.regs.Rcx-2, "CLONE_UNTRACED: the flag is not honoured by the engine")
	}
	if a.flags&unix.CLONE_VM == 0 && e.scarce(t, 2*descriptorsMost) { // the child will execute something
		return e.answer(t, fail(unix.EAGAIN))
	}
	if a.flags&unix.CLONE_VM == 0 && t.p.threads > 1 { // a child must not be copied between a store and its mirror store
		var err error
		if t.parked, err = e.park(t); err != nil {
			return err
		}
		t.p.sole = &sole{by: t}
	}
	t.birth = &a
	binary.LittleEndian.PutUint64(t.p.code.thread(t.slot)[birthOffset:], uint64(t.tid))
	return e.pass(t, func(e *engine, t *thread, ret int64) (int64, error) { return ret, e.notBorn(t) })
}

// notBorn ends a clone.
func (e *engine) notBorn(t *thread) error {
	t.birth = nil
	e.endSole(t)
	return e.unparkFor(t)
}

// born handles the parent's clone event: the child exists, and stops before its first instruction.
func (e *engine) born(t *thread, child int) error {
	if t.birth == nil || t.call == nil {
		return fmt.Errorf("BUG: thread %d made %d without a system call", t.tid, child)
	}
	if err := t.mirrorBirth(); err != nil {
		return err
	}
	e.meet(t, child)
	e.endSole(t)
	if err := e.unparkFor(t); err != nil {
		return err
	}
	return t.resume(0)
}

// meet makes what the engine has of a thread for the child that t made.
func (e *engine) meet(t *thread, child int) {
	t.birth.met = true
	c := &thread{tid: child, parent: t.tid, mask: t.signalMask(), birth: t.birth, birthRegs: t.regs, filters: t.filters, watched: t.watched, readExec: t.readExec}
	if t.swapped {
		c.mask = t.during
	}
	c.birthRegs.Rip = t.call.next
	t.call.putBack(&c.birthRegs)
	flags := t.birth.flags
	c.signals = t.signals
	if flags&unix.CLONE_SIGHAND == 0 {
		s := *t.signals
		c.signals = &s
	}
	c.pid = child
	if flags&unix.CLONE_THREAD != 0 {
		c.pid = t.pid
	}
	c.p = t.p
	if flags&unix.CLONE_VM == 0 {
		c.p = t.p.fork(child)
		e.processes[child] = c.p
	}
	c.p.threads++
	c.repairs, c.early = c.p.repairs, t.early
	c.takeBlock()
	c.setSlot(translator.SlotFSBase, t.fsBase())
	c.showGuards()
	if flags&unix.CLONE_SETTLS != 0 {
		c.setSlot(translator.SlotFSBase, t.birth.tls)
	}
	if flags&unix.CLONE_CHILD_CLEARTID != 0 {
		c.clearTID = t.birth.childTID
	}
	c.pace, c.looked, c.ownCPUs = t.pace, t.looked, t.ownCPUs
	c.borrows = flags&unix.CLONE_VFORK != 0 && c.p.threads == 2
	if e.near.inherit(t, c); c.p.threads > 1 && !c.borrows {
		e.near.release(t)
		e.near.release(c)
	}
	t.vforking = flags&unix.CLONE_VFORK != 0
	e.threads[child] = c
	e.started++
	if c.pid == child {
		e.openAccount(child, t.pid, c.p.exe)
	} else {
		e.accountOf(c.pid).threads++
	}
	e.logf("%d: new %s %d", t.tid, map[bool]string{true: "thread", false: "process"}[flags&unix.CLONE_THREAD != 0], child)
	if flags&unix.CLONE_THREAD != 0 {
		e.emit(view.Event{Kind: view.EventThread, Pid: c.pid, Thread: child, On: true})
	} else {
		e.emit(view.Event{Kind: view.EventFork, Pid: t.pid, Thread: t.tid, Value: uint64(child)})
	}
	if s, ok := e.strays[child]; ok {
		delete(e.strays, child)
		e.queue = append(e.queue, s)
	}
}

// mirrorBirth copies what the kernel has written to its memory when a thread stops for having made another.
func (t *thread) mirrorBirth() error {
	if t.birth == nil {
		return nil
	}
	for flag, at := range map[uint64]uint64{unix.CLONE_PARENT_SETTID: t.birth.parentTID, unix.CLONE_PIDFD: t.birth.pidfd} {
		if t.birth.flags&flag == 0 {
			continue
		}
		if err := t.p.copyToMirror(at, 4); err != nil {
			return err
		}
	}
	return nil
}

// unparkFor lets the threads go on that waited for t's fork.
func (e *engine) unparkFor(t *thread) error {
	others := t.parked
	t.parked = nil
	return e.unpark(others)
}

// fork is the address space of a child: copied by the kernel, with the same code.
func (p *process) fork(pid int) *process {
	c := *p
	c.pid, c.threads, c.mem = pid, 0, nil
	c.space, c.forkOps = p.space.Fork()
	c.code.users++
	c.text = textCache{}
	c.objects, c.sole = nil, nil
	for o := range p.objects {
		c.use(o)
	}
	c.guarded, c.writes, c.unguarded = maps.Clone(p.guarded), maps.Clone(p.writes), nil
	c.copied, c.lockNew = 0, lockNone
	c.watches = p.watches.fork()
	c.lost, c.uffd = p.forkLost(), nil
	c.flips, c.stuck, c.errors = nil, nil, nil // they are the parent's frames
	return &c
}

// firstStop starts a new thread: with the registers of its parent, rax 0, and the stack that the kernel gave it.
func (e *engine) firstStop(t *thread) error {
	if t.p.mem == nil {
		if err := e.openMemory(t.p, t.tid); err != nil {
			return err
		}
	}
	var r ptrace.Regs
	if err := ptrace.GetRegs(t.tid, &r); err != nil {
		return err
	}
	rsp := r.Rsp
	t.regs = t.birthRegs
	t.regs.Rax, t.regs.Rsp, t.regs.R11 = 0, rsp, t.regs.Eflags
	t.regs.Fs_base, t.regs.Gs_base = t.p.code.threadAddress(t.slot), e.layout.Offset
	t.regs.Orig_rax = noSyscall
	b := t.birth
	t.birth = nil
	if err := e.apply(t, t.p.forkOps, 0); err != nil {
		return err
	}
	t.p.forkOps = nil
	if b.flags&unix.CLONE_CHILD_SETTID != 0 {
		if err := t.p.copyToMirror(b.childTID, 4); err != nil {
			return err
		}
	}
	return e.enter(t)
}

// leave takes a thread out of its address space.
func (e *engine) leave(t *thread) {
	p := t.p
	if p == nil {
		return
	}
	e.sys.addThread(t)
	e.accountOf(t.pid).sys.addThread(t)
	t.p = nil
	p.threads--
	p.code.slots.release(t.slot)
	if p.threads > 0 {
		return
	}
	changed := p.save(len(e.threads) == 0)
	e.total.add(p)
	e.accountOf(p.pid).code.add(p)
	e.accountOf(p.pid).mirrored = p.mirrored()
	if p.mem != nil {
		_ = p.mem.Close()
	}
	e.unuse(p, true)
	e.endLost(p)
	if p.uffd != nil {
		_ = p.uffd.Close()
	}
	e.retire(p, changed)
	if e.processes[p.pid] == p {
		delete(e.processes, p.pid)
	}
}

// exit mirrors what the kernel will write when a thread ends, and verifies before a process does.
func exit(e *engine, t *thread, a [6]uint64) error {
	if t.regs.Rax == unix.SYS_EXIT_GROUP || t.p.threads == 1 {
		if err := e.verifyAtEnd(t); err != nil {
			return err
		}
	}
	// Signals come too late from here on; one that did not would run a handler and make the call, and its verification,
	// again, for ever if they come fast.
	if err := ptrace.SetSigmask(t.tid, ^uint64(0)&^unblockable); err != nil {
		return err
	}
	t.exiting = true
	if t.p.threads > 1 || t.p.shares { // else nobody will look there
		t.robust = t.robustWords()
	}
	t.p.exiting = t.p.exiting || t.regs.Rax == unix.SYS_EXIT_GROUP && t.pid == t.p.pid
	if t.regs.Rax == unix.SYS_EXIT && t.p.threads > 1 && t.clearTID != 0 && len(t.robust) == 0 {
		if err := t.clearChildTID(); err != nil {
			return err
		}
	}
	return e.pass(t, nil)
}

// clearChildTID does what the kernel does for set_tid_address(2) when a thread ends: the word becomes 0, and a waiter is
// woken. The kernel's write could only be mirrored after it: then the waiter may already have stored something else there,
// as pthread_join does. An empty robust list lies in memory that the waiter may free: the kernel must not look there later.
func (t *thread) clearChildTID() error {
	word := t.clearTID
	t.clearTID = 0
	t.p.write(word, make([]byte, 4)) // the kernel does not mind a bad address either (kernel/fork.c, mm_release)
	return t.inject(
		&call{nr: unix.SYS_SET_ROBUST_LIST, args: [6]uint64{0, 24}},
		&call{nr: unix.SYS_SET_TID_ADDRESS},
		&call{nr: unix.SYS_FUTEX, args: [6]uint64{word, 1 /* FUTEX_WAKE */, 1}},
	)
}

// mirrorExit copies what the kernel has written when a thread ended: the futex words of its robust list (set_robust_list(2),
// Documentation/locking/robust-futexes.rst), and with them the word of set_tid_address.
func (e *engine) mirrorExit(t *thread) error {
	if len(t.robust) == 0 {
		return nil
	}
	for _, word := range append(t.robust, t.clearTID) {
		if word == 0 {
			continue
		}
		if err := t.p.copyToMirror(word, 4); err != nil {
			return err
		}
	}
	return nil
}

// robustMost bounds the walk over a robust list, as the kernel's ROBUST_LIST_LIMIT does.
const robustMost = 2048

// robustWords lists the futex words that the kernel will mark when the thread ends: of each entry of its list, and of the
// one that it was about to take or release. The head is {first entry, offset of the word, pending entry}.
func (t *thread) robustWords() (words []uint64) {
	head, err := ptrace.RobustList(t.tid)
	if head == 0 || err != nil {
		return nil
	}
	entry, err := t.p.word(head)
	offset, err2 := t.p.word(head + 8)
	pending, err3 := t.p.word(head + 16)
	if err != nil || err2 != nil || err3 != nil {
		return nil
	}
	if pending != 0 {
		words = append(words, pending&^1+offset)
	}
	for entry &^= 1; entry != head && len(words) < robustMost; entry &^= 1 {
		words = append(words, entry+offset)
		if entry, err = t.p.word(entry); err != nil {
			break
		}
	}
	return words
}

// ended handles the end of a thread, which for a group leader is the end of its process.
func (e *engine) ended(t *thread, s ptrace.Stop) error {
	e.logf("%v", s)
	p := t.p
	e.near.release(t)
	delete(e.threads, t.tid)
	e.forget(t)
	e.lateBirth(t)
	e.endSole(t)
	if err := e.unparkFor(t); err != nil {
		return err
	}
	if t.tid == t.pid { // its end is told of last: others that are still here have it, by an execve that nobody told of
		for _, u := range e.threads {
			if u.pid == t.pid {
				if err := e.ended(u, s); err != nil {
					return err
				}
			}
		}
	}
	if e.outlived(t) { // the kernel cleared its word whatever it died of
		t.robust = append(t.robust, t.clearTID)
		if err := e.mirrorExit(t); err != nil {
			return err
		}
		if err := e.evenOut(t); err != nil {
			return err
		}
	} else if p != nil && p.threads > 1 && s.Kind == ptrace.Exited && !p.exiting {
		if err := e.mirrorExit(t); err != nil {
			return err
		}
	}
	if p != nil && p.shares {
		if err := e.mirrorElsewhere(p, t.half.addr, t.half.size); err != nil {
			return err
		}
		for _, word := range t.robust {
			if err := e.mirrorElsewhere(p, word, 4); err != nil {
				return err
			}
		}
	}
	e.leave(t)
	if t.tid == t.pid {
		e.closeAccount(t.pid, s)
		e.emit(view.Event{Kind: view.EventExit, Pid: t.pid, Thread: t.tid, Value: s.Status()})
	} else {
		e.emit(view.Event{Kind: view.EventThread, Pid: t.pid, Thread: t.tid})
	}
	if t.tid == e.root {
		e.rootEnd = s
	}
	return e.vanished(t)
}
