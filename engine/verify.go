package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/translator"
)

// verifyAtEnd compares the halves of a thread's process when its end is certain and nothing of it has happened yet. The
// thread itself stands between two native instructions.
func (e *engine) verifyAtEnd(t *thread) error {
	if e.opts.Ranges && t.pid == e.root {
		if err := e.noteRanges(t); err != nil {
			return err
		}
	}
	if e.opts.Watched && t.pid == e.root {
		e.noteLast(t)
	}
	borrowed := t.pid != t.p.pid && e.outlived(t) // by vfork: it will be compared when its owner ends
	if (e.opts.VerifyAtExit || e.opts.VerifyEvery != 0) && !borrowed {
		if err := e.verifyProcess(t); err != nil {
			return err
		}
	}
	e.maskHealed()
	return nil
}

// verifyProcess stops the process's other threads between native instructions, compares, and lets them go.
func (e *engine) verifyProcess(t *thread) error {
	return e.whileParked(func(u *thread) bool { return u != t && together(u.p, t.p) }, func() error {
		if err := e.compare(t.p, t.tid); err != nil && !dead(t.tid) {
			return err
		}
		return nil
	})
}

// whileParked runs f while threads are parked. They go on whatever f returns: it may fail because t is killed, and they may be of
// another process that shares its memory.
func (e *engine) whileParked(wanted func(*thread) bool, f func() error) error {
	parked, err := e.parkWhere(wanted)
	if err == nil {
		err = f()
	}
	if err2 := e.unpark(parked); err == nil {
		err = err2
	}
	return err
}

// alone runs f while the other threads of t's address space are parked.
func (e *engine) alone(t *thread, f func() error) error {
	return e.whileParked(func(u *thread) bool { return u != t && u.p == t.p }, f)
}

// park parks the other threads of t's address space.
func (e *engine) park(t *thread) ([]*thread, error) {
	return e.parkWhere(func(u *thread) bool { return u != t && u.p == t.p })
}

// parkWhere brings threads to a point between two native instructions, or into a system call that has not written anything
// yet.
func (e *engine) parkWhere(wanted func(*thread) bool) ([]*thread, error) {
	var parked []*thread
	for _, u := range e.threads {
		if !wanted(u) {
			continue
		}
		if u.p == nil {
			continue
		}
		if u.exiting && (u.tid != u.pid || u.p.threads == 1 && u.p.shares && len(u.robust) > 0) { // the kernel still writes for it: let it come to its end
			if e.forget(u) {
				_ = ptrace.Cont(u.tid, 0)
			}
			s, err := ptrace.WaitEnd(u.tid)
			if err == nil {
				err = e.ended(u, s)
			}
			if err != nil && !gone(err, u.tid) {
				return parked, err
			}
			continue
		}
		if !u.running || u.exiting || u.vforking || u.p.exiting {
			continue
		}
		still, err := e.parkOne(u)
		if err != nil && !gone(err, u.tid) { // what happens to it does not concern the others
			return parked, err
		}
		if u.killed = err != nil; still && err == nil {
			parked = append(parked, u)
		}
	}
	back, err := e.takeBack(wanted)
	return append(parked, back...), err
}

// takeBack parks the threads whose stop still waits to be handled and is a fault in the middle of a store: the mirror may
// have what native has not. They stand in front of the instruction then, and will fault again.
func (e *engine) takeBack(wanted func(*thread) bool) (parked []*thread, err error) {
	queue := e.queue
	e.queue = nil
	for i, s := range queue {
		u := e.threads[s.Tid]
		back := false
		if u != nil && u.p != nil && u.parent == 0 && s.Kind == ptrace.Signaled && wanted(u) {
			back, err = e.takeBackOne(u, s)
			if err != nil && !gone(err, u.tid) {
				e.queue = append(e.queue, queue[i:]...)
				return parked, err
			}
			back = back && err == nil
		}
		if back {
			parked = append(parked, u)
		} else {
			e.queue = append(e.queue, s)
		}
	}
	return parked, nil
}

func (e *engine) takeBackOne(u *thread, s ptrace.Stop) (bool, error) {
	var info ptrace.Siginfo
	if err := ptrace.GetSiginfo(u.tid, &info); err != nil || !fatal(s.Sig) || info.Code <= 0 {
		return false, err
	}
	if err := ptrace.GetRegs(u.tid, &u.regs); err != nil {
		return false, err
	}
	off, ok := u.p.code.offset(u.regs.Rip)
	if !ok || off < u.p.code.rt.end || u.regs.Rip == 0 || e.atLookup(u) {
		return false, nil
	}
	pt, ok := u.p.point(off)
	if !ok || pt.State != translator.Ahead && pt.State != translator.Repeat {
		return false, nil
	}
	u.running, u.stopped = false, s
	return true, e.undo(u, pt, info)
}

// undo brings a thread that faulted inside an instruction to the point in front of it, and the halves to be equal there. A
// string instruction keeps what it has done.
func (e *engine) undo(u *thread, pt translator.Point, info ptrace.Siginfo) error {
	switch pt.State {
	case translator.Repeat:
		return e.mirrorRepeat(u, pt)
	case translator.Ahead:
		if err := e.undoAhead(u, info.Addr()); err != nil {
			return err
		}
	}
	u.restore(pt)
	return nil
}

// restful says whether all threads of a process, and of those that share memory with it, really stand where they should.
// Who is killed does not, and who has just been born has not got there.
func (e *engine) restful(p *process) bool {
	for _, t := range e.threads {
		if t.p == nil || t.p != p && !together(t.p, p) || t.exiting || t.p.exiting || t.vforking {
			continue
		}
		if state, ends := stateOf(t.tid); ends || t.killed || t.parent != 0 || state != 't' && state != 'T' {
			return false
		}
	}
	return true
}

// parkOne stops a thread that runs; false says that its stop waits in the queue.
func (e *engine) parkOne(u *thread) (still bool, err error) {
	if err := ptrace.Interrupt(u.tid); err != nil {
		return false, err
	}
	s, err := u.next()
	if err != nil {
		return false, err
	}
	if s, err = u.pendingFault(s); err != nil {
		return false, err
	}
	u.running, u.stopped = false, s
	return e.parkAt(u, s)
}

// pendingFault turns an interruption that came just after an exception into the stop for that: the kernel reports the
// interruption first, and the instruction pointer is already behind the int3 (kernel/signal.c, get_signal).
func (t *thread) pendingFault(s ptrace.Stop) (ptrace.Stop, error) {
	for s.Kind == ptrace.Interrupted {
		pending, err := ptrace.FaultPending(s.Tid)
		if err != nil || !pending {
			return s, err
		}
		if err := ptrace.Cont(s.Tid, 0); err != nil {
			return s, err
		}
		if s, err = t.next(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// parkAt settles a thread after the stop s; false means that the stop itself waits in the queue, and continues it.
func (e *engine) parkAt(u *thread, s ptrace.Stop) (bool, error) {
	if s.Kind != ptrace.Interrupted && s.Kind != ptrace.Signaled {
		e.queue = append(e.queue, s)
		return false, u.mirrorBirth()
	}
	if err := ptrace.GetRegs(u.tid, &u.regs); err != nil {
		return false, err
	}
	if u.call != nil { // in the gadget: before, inside or just behind its system call
		u.call.wasCut = u.call.wasCut || u.regs.Rip == u.p.code.address(u.p.code.rt.gadget)+2
		if s.Kind == ptrace.Signaled {
			e.queue = append(e.queue, s)
		}
		return s.Kind != ptrace.Signaled, e.mirrorEarly(u)
	}
	if pl, ok := e.placeOf(u, s); ok && (s.Kind == ptrace.Signaled || e.interrupted(u)) {
		if err := e.mirrorResult(u, pl); err != nil {
			return false, err
		}
		if s.Kind == ptrace.Signaled {
			e.queue = append(e.queue, s)
		}
		return s.Kind != ptrace.Signaled, nil
	}
	if s.Kind == ptrace.Signaled {
		if off, ok := u.p.code.offset(u.regs.Rip - 1); ok && s.Sig == unix.SIGTRAP && u.p.code.mem[off] == int3 {
			e.queue = append(e.queue, s)
			return false, nil
		}
		var info ptrace.Siginfo
		if err := ptrace.GetSiginfo(u.tid, &info); err != nil {
			return false, err
		}
		if fatal(s.Sig) && info.Code > 0 { // a lost page is repaired now: a string instruction may be in its middle, unmirrored
			if fixed, err := e.mend(u, info); !fixed { // else nothing of the instruction is done, and it will fault again
				e.queue = append(e.queue, s)
				return false, err
			}
		} else {
			u.deferred = append(u.deferred, info)
		}
	}
	if err := e.settle(u); err != nil {
		var f *faultError
		if !errors.As(err, &f) {
			return false, err
		}
		e.queue = append(e.queue, u.stopped)
		return false, nil
	}
	return true, nil
}

// mirrorEarly copies what a system call wrote whose return has not been handled yet.
func (e *engine) mirrorEarly(u *thread) error {
	if u.regs.Rip == u.p.code.address(u.p.code.rt.gadget) {
		return nil
	}
	ret := int64(u.regs.Rax)
	if restart(ret) { // nanosleep and select tell the time that is left each time
		ret = fail(unix.EINTR)
	}
	return e.mirrorWrites(u, u.call, ret)
}

// unpark lets parked threads go on.
func (e *engine) unpark(threads []*thread) error {
	for _, u := range threads {
		if e.threads[u.tid] != u || u.p == nil {
			continue
		}
		if e.paused {
			e.parked = append(e.parked, u)
			continue
		}
		var err error
		e.touchAgain(u)
		if u.call != nil || e.interrupted(u) {
			err = e.backToCall(u)
		} else {
			err = e.enter(u)
		}
		if err != nil && !gone(err, u.tid) {
			return err
		}
	}
	return nil
}

// verifyAll compares the halves of every process.
func (e *engine) verifyAll() error {
	return e.atRest(func() error {
		compared := map[*process]bool{}
		for _, t := range e.threads {
			if t.p == nil || t.p.mem == nil || t.p.exiting || compared[t.p] || t.exiting {
				continue
			}
			compared[t.p] = true
			if err := e.compare(t.p, t.tid); err != nil && !dead(t.tid) {
				return err
			}
		}
		return nil
	})
}

// dead says whether a thread has been killed, and what is known of it is history: SIGKILL waits for nobody. A thread that exits
// has lost its memory some time before it is a zombie.
func dead(tid int) bool {
	state, ends := stateOf(tid)
	return ends || strings.ContainsRune("ZXx", state)
}

// stateOf is the state of a thread, and whether it ends (proc_pid_stat(5)); a thread that is not there has ended.
func stateOf(tid int) (state rune, ends bool) {
	const stateField, flagsField, exiting = 0, 6, 0x4 // PF_EXITING
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/stat")
	if err != nil {
		return 'X', true
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= flagsField {
		return 'X', true
	}
	flags, err := strconv.ParseUint(fields[flagsField], 10, 64)
	return rune(fields[stateField][0]), err != nil || flags&exiting != 0
}

// verifyPiece is how much of each half is compared at a time.
const verifyPiece = 1 << 20

// compare compares every mirrored byte of a stopped process with its copy. tid is any live thread of it: the leader may be
// gone.
func (e *engine) compare(p *process, tid int) error {
	before := e.verify
	defer func() { e.accountOf(p.pid).verified(before, e.verify) }()
	e.verify.Runs++
	e.how = "verify"
	defer func() { e.how = "engine" }()
	pagemap, err := os.Open("/proc/" + strconv.Itoa(tid) + "/pagemap")
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer pagemap.Close()
	for _, m := range p.space.All() {
		if !m.Compared() {
			continue
		}
		parts, err := e.touched(pagemap, m, uint64(m.Start), uint64(e.layout.Mirror(m.Start)))
		if err != nil {
			return err
		}
		for _, part := range parts {
			if err := e.comparePart(p, part, pagemap); err != nil {
				return err
			}
		}
	}
	return nil
}

// touchedPart is the unit in which touched looks at a mapping: 512 KiB of pagemap words.
const touchedPart = 256 << 20

// touched lists the parts of a mapping in which a page exists, in any of the address ranges that start at the given
// addresses: huge reservations are mostly empty.
func (e *engine) touched(pagemap *os.File, m shadowmem.Mapping, starts ...uint64) ([]shadowmem.Mapping, error) {
	found := map[uint64]bool{}
	for _, base := range starts {
		err := ptrace.Populated(pagemap, base, base+m.Len(), func(start, end uint64) error {
			for i := (start - base) / touchedPart; i <= (end-1-base)/touchedPart; i++ {
				found[i] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var parts []shadowmem.Mapping
	for _, i := range slices.Sorted(maps.Keys(found)) {
		at := m.Start + shadowmem.Native(i*touchedPart)
		parts = append(parts, m.Clip(at, min(m.End, at+touchedPart)))
	}
	return parts, nil
}

// comparePart compares a part of a mapping, skipping pages that neither half ever touched.
func (e *engine) comparePart(p *process, m shadowmem.Mapping, pagemap *os.File) error {
	native, err := pagemapWords(pagemap, uint64(m.Start), m.Len())
	if err != nil {
		return err
	}
	mirror, err := pagemapWords(pagemap, uint64(e.layout.Mirror(m.Start)), m.Len())
	if err != nil {
		return err
	}
	shadowmem.Select(native, mirror, m, func(first, n int) {
		if err != nil {
			return
		}
		err = e.compareRun(p, m, m.Start+shadowmem.Native(first*4096), uint64(n)*4096)
	})
	return err
}

func (e *engine) compareRun(p *process, m shadowmem.Mapping, at shadowmem.Native, size uint64) error {
	e.verify.PagesCompared += size / 4096
	a, b := make([]byte, min(size, verifyPiece)), make([]byte, min(size, verifyPiece))
	for size > 0 {
		n := min(size, verifyPiece)
		got, _ := p.mem.ReadSome(uint64(at), a[:n])
		got2, _ := p.mem.ReadSome(uint64(e.layout.Mirror(at)), b[:n])
		same := min(got, got2)
		e.verify.BytesCompared += uint64(same)
		diffs := shadowmem.Compare(a[:same], b[:same], at)
		if (len(diffs) > 0 || got > got2) && !e.restful(p) {
			return nil
		}
		for _, d := range diffs {
			e.diverged(p, m, d, a[d.Start-at:d.End-at], b[d.Start-at:d.End-at])
		}
		if got > got2 {
			e.diverged(p, m, shadowmem.Diff{Start: at + shadowmem.Native(got2), End: at + shadowmem.Native(got)}, a[got2:got], nil)
		}
		at, size = at+shadowmem.Native(n), size-n
	}
	return nil
}

// divergentMost bounds the list in a report; the count is always whole.
const divergentMost = 1000

func (e *engine) diverged(p *process, m shadowmem.Mapping, d shadowmem.Diff, native, mirror []byte) {
	if e.writtenOutside(m) {
		return
	}
	cause := e.cause(p, m, native, mirror, d)
	if cause == "flip" {
		i, f := e.flipAt(p, d) // it stays there until somebody mends it, or writes over it
		f.How, f.Bits, f.Broken = "verify", differingBits(native, mirror), clipped(mirror)
		if i < 0 || !p.flips[i].told {
			e.failure(view.EventDetected, p, nil, uint64(d.Start), f)
		}
		if i >= 0 {
			p.flips[i].told = true
		}
	}
	e.verify.DivergentBytes += uint64(d.End - d.Start)
	e.logf("%d: after %d system calls: %#x-%#x is %x, its copy %x, in %v", p.pid, e.sys.Total, uint64(d.Start), uint64(d.End), clipped(native), clipped(mirror), m)
	e.emit(view.Event{
		Kind: view.EventDivergent, Pid: p.pid, Addr: uint64(d.Start), Size: uint64(d.End - d.Start), Half: view.Both,
		Range: m.Kind.String() + " " + m.Name,
	})
	if len(e.verify.Divergent) < divergentMost {
		e.verify.Divergent = append(e.verify.Divergent, Divergent{uint64(d.Start), uint64(d.End), m.Kind.String() + " " + m.Name, cause})
	}
}

// pagemapWords reads the words of a range (Documentation/admin-guide/mm/pagemap.rst).
func pagemapWords(f *os.File, addr, size uint64) ([]uint64, error) {
	raw := make([]byte, size/4096*8)
	if _, err := f.ReadAt(raw, int64(addr/4096*8)); err != nil {
		return nil, fmt.Errorf("pagemap of %#x: %w", addr, err)
	}
	words := make([]uint64, size/4096)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	return words, nil
}
