package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// A child may be heard of before its parent's event tells whose it is. Such strays are kept until then. If the parent is killed
// inside clone that event never comes, and the child, which natively lives on, is looked for.

// stray keeps the first stop of a child whose parent's event has not come yet, or its end.
func (e *engine) stray(s ptrace.Stop) error {
	if s.End() && s.Tid == e.root { // it was let go
		e.rootEnd = s
		e.closeAccount(s.Tid, s)
		return nil
	}
	e.strays[s.Tid] = s
	return nil
}

// deserted says whether nothing of the program is left. A stray that nobody can have made any more is killed: nothing is known of
// its memory.
func (e *engine) deserted() bool {
	if len(e.threads) > 0 {
		return false
	}
	for tid, s := range e.strays {
		if s.End() {
			delete(e.strays, tid)
			continue
		}
		if unix.Kill(tid, unix.SIGKILL) != nil {
			delete(e.strays, tid)
			continue
		}
		e.gap("process", 0, "a child of a process that was killed while it made it is killed too")
	}
	return len(e.strays) == 0
}

// birthOffset is where a thread's block has the id of a thread that is making another: the child has it too.
const birthOffset = batchOffset - 8

// lateBirth meets the child of a thread that ended while it made one.
func (e *engine) lateBirth(t *thread) {
	if t.birth == nil || t.birth.met || t.call == nil {
		return
	}
	if child := e.childOf(t); child != 0 {
		e.meet(t, child)
		return
	}
	for _, u := range e.threads {
		if u.birth != nil && !u.birth.met {
			return
		}
	}
	for tid, s := range e.strays { // nobody will ask for these
		if s.End() {
			delete(e.strays, tid)
		}
	}
}

// childOf looks for the process that a thread made whose end has come first; 0 if there is none.
func (e *engine) childOf(t *thread) int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	mine := fmt.Appendf(nil, "\nTracerPid:\t%d\n", unix.Gettid()) // a thread's id
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || e.threads[pid] != nil || e.bell != nil && e.bell.Rang(ptrace.Stop{Tid: pid}) {
			continue
		}
		status, err := os.ReadFile("/proc/" + entry.Name() + "/status")
		if err == nil && bytes.Contains(status, mine) && e.madeBy(pid, t) {
			return pid
		}
	}
	return 0
}

// madeBy says whether a new process was made by t: it has the base of t's block in FS, which is t's alone among those with the same code
// cache, and there it finds t's id, which tells the caches apart.
func (e *engine) madeBy(pid int, t *thread) bool {
	if _, stopped := e.strays[pid]; !stopped {
		s, err := ptrace.WaitFor(pid)
		if err != nil {
			return false
		}
		e.strays[pid] = s
	}
	var r ptrace.Regs
	if ptrace.GetRegs(pid, &r) != nil || r.Fs_base != t.p.code.threadAddress(t.slot) {
		return false
	}
	mem, err := ptrace.OpenMemory(pid)
	if err != nil {
		return false
	}
	defer mem.Close()
	var b [8]byte
	return mem.Read(r.Fs_base+birthOffset, b[:]) == nil && binary.LittleEndian.Uint64(b[:]) == uint64(t.tid)
}

// forget drops the stops of a thread that wait; true if there was one.
func (e *engine) forget(t *thread) bool {
	its := func(s ptrace.Stop) bool { return s.Tid == t.tid }
	some := slices.ContainsFunc(e.queue, its)
	e.queue = slices.DeleteFunc(e.queue, its)
	if t.p != nil && t.p.sole != nil {
		some = some || slices.ContainsFunc(t.p.sole.waiting, its)
		t.p.sole.waiting = slices.DeleteFunc(t.p.sole.waiting, its)
	}
	return some
}
