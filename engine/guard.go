package engine

import (
	"golang.org/x/sys/unix"

	"kmv/engine/syscalls"
)

// The kernel must not meet pages that guard protected: it would end a read short, or lose a datagram. So a call whose
// writes may reach one stops, and the engine takes the protection away first. What may is decided in the target, by one
// range around all guarded pages (runtime_effects.go, guardCheck).

// showGuards puts the range around the guarded pages into the blocks of a process's threads; without any it is empty.
func (e *engine) showGuards(p *process) {
	low, high := ^uint64(0), uint64(0)
	for page := range p.guarded {
		low, high = min(low, page), max(high, page+4096)
	}
	if low == p.guardLow && high == p.guardHigh {
		return
	}
	p.guardLow, p.guardHigh = low, high
	for _, t := range e.threads {
		if t.p == p {
			t.showGuards()
		}
	}
}

// showGuards is for one thread's block.
func (t *thread) showGuards() {
	t.setSlot(slotGuardLow, t.p.guardLow)
	t.setSlot(slotGuardHigh, t.p.guardHigh)
}

// unguardWritten takes the protection from the pages that a system call may write.
func (e *engine) unguardWritten(t *thread, plan *syscalls.Pending) error {
	if len(t.p.guarded) == 0 {
		return nil
	}
	var pages []uint64
	for _, r := range plan.Writes(fail(unix.EFAULT), nativeMemory{t.p}) { // after EFAULT all of it may be written
		if r.Addr >= t.p.guardHigh || r.Addr+r.Len <= t.p.guardLow {
			continue
		}
		for page := range t.p.guarded {
			if page < r.Addr+r.Len && page+4096 > r.Addr {
				pages = append(pages, page)
			}
		}
	}
	if len(pages) == 0 {
		return nil
	}
	return e.unguard(t, pages...)
}
