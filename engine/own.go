package engine

import (
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// kmv's own memory in a target is a memfd that the engine maps too: a lost page of the target's view is mapped again from
// there, without the target's help (the routine for that may lie on it).

// ownRange names a part of kmv's own memory, "" if addr is elsewhere.
func (e *engine) ownRange(addr uint64) string {
	l := e.layout
	jump, jumpEnd := l.JumpMapRange()
	switch {
	case l.Cache.Holds(shadowmem.Native(addr)):
		return "code cache"
	case l.Threads.Holds(shadowmem.Native(addr)):
		return "thread blocks"
	case addr >= jump && addr < jumpEnd:
		return "jump map"
	}
	return ""
}

// poisonOwn makes a page of kmv's own memory unreadable for the target.
func (e *engine) poisonOwn(t *thread, addr uint64) (string, error) {
	uf, err := e.userfault(t)
	if err != nil {
		return "", err
	}
	page := addr &^ 4095
	if err := e.borrow(t, &call{nr: unix.SYS_MADVISE, args: [6]uint64{page, 4096, unix.MADV_DONTNEED}}); err != nil {
		return "", err
	}
	return byUserfault, uf.Poison(page, 4096)
}

// repairOwn repairs a page of kmv's own memory that t met.
func (e *engine) repairOwn(t *thread, addr uint64, name string) (bool, error) {
	if t.p.uffd == nil {
		return false, nil
	}
	start, page := time.Now(), addr&^4095
	ev := view.Event{Pid: t.pid, Thread: t.tid, Addr: page, Size: 4096, Range: name}
	f := view.Failure{What: "page", Mechanism: byUserfault, How: "sigbus"}
	if err := t.p.uffd.Continue(page, 4096); err != nil && err != unix.EEXIST {
		return false, err
	}
	f.Latency = since(start)
	for _, kind := range []view.Kind{view.EventDetected, view.EventRecovered} {
		ev.Kind, ev.Failure = kind, &f
		e.addFailure(ev)
	}
	return true, nil
}
