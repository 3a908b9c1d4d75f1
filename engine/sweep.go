package engine

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/syscalls"
	"kmv/shadowmem"
)

// The kernel does not say which byte of an argument it could not reach. Lost pages are not in memory: the pages that are not
// are few, and all of them are tried.

// sweepAfter looks for lost pages after a system call that failed with EFAULT; true means that some were repaired, and that
// the call is to be made again.
func (e *engine) sweepAfter(t *thread, ret int64) (bool, error) {
	if ret != fail(unix.EFAULT) || !e.config().Mirror {
		return false, nil
	}
	return e.sweep(t, "syscall")
}

// sweep repairs all lost pages of a thread's process. False means that none was repaired since the thread last asked: another
// thread may have met the page that this one could not reach, and been first.
func (e *engine) sweep(t *thread, how string) (bool, error) {
	if err := e.sweepLost(t.p, how); err != nil {
		return false, err
	}
	some := t.repairs != t.p.repairs
	t.repairs = t.p.repairs
	return some, nil
}

func (e *engine) sweepLost(p *process, how string) error {
	lay, found := e.layout, map[uint64]bool{}
	for page := range p.lost {
		found[page] = true
	}
	t := e.hand(p)
	if t == nil {
		return nil
	}
	pagemap, err := os.Open("/proc/" + strconv.Itoa(t.tid) + "/pagemap")
	if err != nil {
		return err
	}
	defer pagemap.Close()
	for _, z := range []shadowmem.Zone{{Low: 0, High: lay.Hole.Low}, {Low: lay.Hole.High, High: lay.Data.High}} {
		for _, offset := range []uint64{0, lay.Offset} {
			err := ptrace.Swapped(pagemap, uint64(z.Low)+offset, uint64(z.High)+offset, func(start, end uint64) error {
				for ; start < end && len(found) < sweepMost; start += shadowmem.PageSize {
					found[start] = true
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	for page := range found {
		if _, err := e.repair(p, page, how); err != nil {
			return err
		}
	}
	return nil
}

// touchAgain is touchBuffers for a thread that was parked in a system call: that will be restarted, and a page may have been
// lost meanwhile.
func (e *engine) touchAgain(u *thread) {
	switch {
	case u.call != nil && u.call.plan != nil:
		e.touchBuffers(u.p, u.call.plan)
	case u.call == nil && e.interrupted(u):
		if pl, ok := e.placeOf(u, u.stopped); ok {
			r := u.unsaved(pl)
			e.touchBuffers(u.p, syscalls.Plan(u.slotAt(slotNumber), arguments(&r), nativeMemory{u.p}))
		}
	}
}

// touchStack reads where the frame of a signal may be put: the kernel would kill the program there.
func (e *engine) touchStack(t *thread) {
	const redZone = 128
	e.touchPages(t.p, t.regs.Rsp-redZone-maxFrame, t.regs.Rsp)
}

// touchPages reads a byte of every page of [start, end). What is not mapped is the kernel's affair.
func (e *engine) touchPages(p *process, start, end uint64) {
	var b [1]byte
	for at := start; at < end; at = at&^4095 + 4096 {
		_, _ = p.mem.ReadSome(at, b[:])
	}
}

// sweepStack looks for lost pages when a frame could not be written or read: it may be on an alternate stack.
func (e *engine) sweepStack(t *thread, s ptrace.Stop) (bool, error) {
	if s.Kind != ptrace.Signaled || s.Sig != unix.SIGSEGV || !e.config().Mirror {
		return false, nil
	}
	return e.sweep(t, "syscall")
}

// sweepMost bounds what is tried: with much of the program in swap, an EFAULT must not bring all of it back.
const sweepMost = 1 << 14

// touchBuffers reads the pages that a system call may read or write, so that lost ones are repaired before: see
// runtime_touch.go.
func (e *engine) touchBuffers(p *process, plan *syscalls.Pending) {
	if !e.config().Mirror {
		return
	}
	e.how = "syscall"
	touch := func(at, n uint64) {
		var b [1]byte
		for end := at + n; at < end; at = at&^4095 + 4096 {
			if _, err := p.mem.ReadSome(at, b[:]); err != nil {
				break
			}
		}
	}
	for _, r := range plan.Writes(fail(unix.EFAULT), nativeMemory{p}) {
		touch(r.Addr, min(r.Len, touchMost))
	}
	for _, r := range plan.Reads(nativeMemory{p}) {
		touch(r.Addr, r.Len)
	}
	e.how = "engine"
}
