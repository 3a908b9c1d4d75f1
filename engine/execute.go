package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// execve lets the kernel execute a program. One that is not followed is left as it is natively.
func execve(e *engine, t *thread, _ [6]uint64) error {
	if e.scarce(t, descriptorsMost) {
		return e.answer(t, fail(unix.EAGAIN))
	}
	early := e.opts.Follow != Follow{}
	if early {
		if err := t.inject(earlyNews(false)); err != nil {
			return err
		}
	}
	if e.hasOthers(t) {
		t.p.sole = &sole{by: t}
	}
	return e.pass(t, func(e *engine, t *thread, ret int64) (int64, error) {
		e.endSole(t)
		if early {
			return ret, t.inject(earlyNews(true))
		}
		return ret, nil
	})
}

// hasOthers says whether a thread's process has more of them.
func (e *engine) hasOthers(t *thread) bool {
	if t.p.threads == 1 {
		return false
	}
	for _, u := range e.threads {
		if u != t && u.pid == t.pid {
			return true
		}
	}
	return false
}

// execed meets a new program in an old process; former is the id of the thread that called execve.
func (e *engine) execed(t *thread, former int) error {
	if old := e.threads[former]; old != nil && old != t { // another thread became the leader (ptrace(2), "execve(2) under ptrace")
		delete(e.threads, former)
		e.near.release(t)
		e.leave(t)
		old.tid = t.tid
		t = old
		e.threads[t.tid] = t
	}
	e.endSole(t)
	signals, mask := t.signals, t.signalMask()
	if t.p != nil {
		t.limit = t.p.limit
	}
	e.leave(t)
	s := *signals
	for i := range s.actions { // handlers are reset, ignored stays ignored (execve(2))
		if s.actions[i].handler != sigIgnore {
			s.actions[i] = action{}
		}
	}
	t.signals, t.mask, t.call, t.birth, t.clearTID, t.swapped = &s, mask, nil, nil, 0, false
	exe, err := os.Readlink("/proc/" + strconv.Itoa(t.pid) + "/exe")
	if errors.Is(err, fs.ErrPermission) { // to be executed only: the kernel keeps kmv out of its memory
		const why = "runs natively: kmv may not read it"
		e.unmirrored("process", 0, "an executable "+why)
		return e.letGo(t, "an executable", why)
	}
	if err != nil {
		return err
	}
	e.accountOf(t.pid).program = exe
	if why, note := e.unfollowed(t, exe); why != "" {
		note("process", 0, exe+" "+why)
		return e.letGo(t, exe, why)
	}
	// The event comes from inside the system call: what is put into rax before its exit would be lost.
	if err := ptrace.Syscall(t.tid, 0); err != nil {
		return err
	}
	stop, err := ptrace.WaitFor(t.tid)
	if err != nil {
		return err
	}
	if t.stopped = stop; stop.Kind != ptrace.SyscallStop {
		return fmt.Errorf("unexpected stop at the end of execve: %v", stop)
	}
	return e.begin(t)
}

// begin starts the program that a thread has just executed.
func (e *engine) begin(t *thread) error {
	exe, err := os.Readlink("/proc/" + strconv.Itoa(t.pid) + "/exe")
	if err != nil {
		return err
	}
	e.limited(t, exe)
	t.readExec = false
	if t.pace = 0; !t.ownCPUs {
		e.near.keep(t)
	}
	t.p = &process{pid: t.pid, exe: exe, threads: 1, saved: e.saved, space: shadowmem.NewSpace(e.layout, e.opts.Policy), guarded: map[uint64]bool{}}
	t.p.limit, t.repairs = t.limit, 0
	e.processes[t.pid] = t.p
	e.logf("%d: runs %s", t.pid, exe)
	e.accountOf(t.pid).program = exe
	e.emit(view.Event{Kind: view.EventStart, Pid: t.pid, Thread: t.tid, Text: exe})
	err = e.load(t)
	if t.p.code == nil { // it was killed before it had one
		e.unload(t)
	}
	if errors.As(err, new(*StartError)) {
		return err
	} else if err != nil {
		return fmt.Errorf("%s: %w", exe, err)
	}
	t.regs.Orig_rax = noSyscall
	e.begun(t)
	return e.enter(t)
}

// unload forgets an address space of which nothing was made yet.
func (e *engine) unload(t *thread) {
	if t.p.mem != nil {
		_ = t.p.mem.Close()
	}
	delete(e.processes, t.pid)
	t.p = nil
}
