package engine

import (
	"fmt"
	"sort"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/translator"
	"kmv/translator/x86"
)

// register is where ptrace keeps a general purpose register.
func register(r *ptrace.Regs, which x86.Reg) *uint64 {
	return [...]*uint64{
		&r.Rax, &r.Rcx, &r.Rdx, &r.Rbx, &r.Rsp, &r.Rbp, &r.Rsi, &r.Rdi,
		&r.R8, &r.R9, &r.R10, &r.R11, &r.R12, &r.R13, &r.R14, &r.R15,
	}[which]
}

// point tells what is known about a cache offset. The fragment is translated again for it: keeping the points of all
// blocks would cost more memory than the code itself, and they are needed for faults and signals only.
func (p *process) point(off uint32) (translator.Point, bool) {
	c := p.code
	b, ok := c.at(off)
	if !ok {
		return translator.Point{}, false
	}
	if b.kind == thunk {
		pt := translator.Point{PC: b.native, State: translator.Clean}
		if off == b.start {
			pt.State, pt.N = translator.Before, 1
			pt.Restore[0] = translator.Saved{Reg: x86.RCX, Slot: translator.SlotRCX}
		}
		return pt, true
	}
	if b.kind == stopper && off >= b.direct() {
		return translator.Point{PC: b.native, State: translator.Clean}, true
	}
	if off < b.direct() {
		pt := translator.Point{PC: b.native, State: translator.Before, N: 1}
		pt.Restore[0] = translator.Saved{Reg: x86.RCX, Slot: translator.SlotRCX}
		return pt, true
	}
	if off < b.base+uint32(b.prefix) {
		return checkPoint(b, off), true
	}
	f := &c.again
	end := b.native + uint64(b.size)
	if err := c.translatorOf(b).Block(p.source(b.native), b.native, b.base&7, func(pc uint64) bool { return pc == end }, f); err != nil {
		return translator.Point{}, false
	}
	rel := off - b.base
	if rel >= uint32(len(f.Code)) { // the jump that stands for falling through
		return translator.Point{PC: end, State: translator.Clean}, true
	}
	i := sort.Search(len(f.Points), func(i int) bool { return f.Points[i].Off > rel }) - 1
	if i < 0 {
		return translator.Point{}, false
	}
	return f.Points[i], true
}

// restore turns registers as they are at a cache position into the native ones there.
func (t *thread) restore(pt translator.Point) {
	for _, s := range pt.Restore[:pt.N] {
		if s.Slot < 0 {
			*register(&t.regs, s.Reg) += uint64(int64(s.Add))
		} else {
			*register(&t.regs, s.Reg) = t.slotAt(s.Slot)
		}
	}
	t.regs.Rip = pt.PC
}

// stepsMost is how many instructions a translation is stepped through before a breakpoint takes over; only fenced loops
// and rep string instructions need more.
const stepsMost = 64

// settle brings a thread that was stopped anywhere in translated code to a point between two native instructions, and
// t.regs to the native state there, Rip native. A signal that stopped it must have been deferred before.
func (e *engine) settle(t *thread) error {
	for steps := 0; ; steps++ {
		done, err := e.nativeHere(t)
		if done || err != nil {
			return err
		}
		half := t.halfDone()
		if steps > stepsMost {
			err := e.settleFar(t)
			if err != nil && gone(err, t.tid) {
				t.half = half
			}
			return err
		}
		if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
			return err
		}
		if err := t.step(); err != nil {
			if gone(err, t.tid) {
				t.half = half
			}
			if again, err := e.mendStep(t, err); !again {
				return err
			}
		}
	}
}

// nativeHere makes t.regs native if the thread stands where that is possible.
func (e *engine) nativeHere(t *thread) (bool, error) {
	c := t.p.code
	if t.regs.Rip == 0 || e.atLookup(t) { // a jump map miss: the branch is done but for its last step
		t.regs.Rcx, t.regs.Rip = t.slotAt(translator.SlotRCX), t.slotAt(translator.SlotTarget)
		return true, nil
	}
	off, ok := c.offset(t.regs.Rip)
	if !ok {
		return false, fmt.Errorf("BUG: thread %d is at %#x, outside the code cache", t.tid, t.regs.Rip)
	}
	if s, ok := c.stubAt(off); ok { // about to trap
		return e.nativeAtStub(t, s), nil
	}
	if pc, ok := c.stale[off]; ok {
		t.regs.Rip = pc
		return true, nil
	}
	if off < c.rt.end {
		return e.routineNative(t, off)
	}
	pt, ok := t.p.point(off)
	if !ok {
		return false, fmt.Errorf("BUG: nothing is known of cache offset %#x", off)
	}
	switch pt.State {
	case translator.Clean, translator.Before:
		t.restore(pt)
		return true, nil
	case translator.Repeat:
		return true, e.mirrorRepeat(t, pt)
	}
	return false, nil
}

// nativeAtStub gives the native state at an int3 that has not trapped yet.
func (e *engine) nativeAtStub(t *thread, s *stub) bool {
	if s.kind == stubStop && s.stop == translator.StopCPUID {
		e.maskCPUID(t)
	}
	t.regs.Rip = s.target
	return true
}

// settleFar lets the thread run to the next point that is clean.
func (e *engine) settleFar(t *thread) error {
	c := t.p.code
	off, _ := c.offset(t.regs.Rip)
	b, ok := c.at(off)
	if _, known := t.p.point(off); !ok || !known {
		return fmt.Errorf("BUG: no way out of cache offset %#x", off)
	}
	f := &c.again
	for _, pt := range f.Points {
		if b.base+pt.Off > off && pt.State == translator.Clean {
			return e.settleAt(t, b.base+pt.Off, pt)
		}
	}
	return e.settleAt(t, b.base+uint32(len(f.Code)), translator.Point{PC: b.native + uint64(b.size)}) // falls into what follows
}

// settleAt lets the thread run to a cache offset where pt holds.
func (e *engine) settleAt(t *thread, off uint32, pt translator.Point) error {
	stop := t.p.code.address(off)
	if err := ptrace.SetBreakpoint(t.tid, stop); err != nil {
		return err
	}
	err := t.runTo(stop)
	for again := true; err != nil && again; {
		if again, err = e.mendStep(t, err); again {
			err = t.runTo(stop)
		}
	}
	if err2 := ptrace.SetBreakpoint(t.tid, 0); err == nil {
		err = err2
	}
	if err == nil {
		err = ptrace.GetRegs(t.tid, &t.regs)
	}
	if err != nil {
		return err
	}
	t.restore(pt)
	return nil
}

// mirrorRepeat ends an instruction in the middle that stores more than once: the bytes that it has written are mirrored. A
// rep string instruction then stands with its counters advanced (SDM 2B, REP: an interrupt leaves exactly this), enter has
// written below the stack pointer.
func (e *engine) mirrorRepeat(t *thread, pt translator.Point) error {
	var in x86.Inst
	code := t.p.source(pt.PC)
	if err := x86.Decode(code, &in); err != nil {
		return fmt.Errorf("BUG: the instruction at %#x: %w", pt.PC, err)
	}
	switch in.Form {
	case x86.Enter:
		t.restore(pt)
		return t.p.copyToMirror(t.regs.Rsp-enterMost, enterMost)
	case x86.Scatter:
		t.restore(pt)
		return e.mirrorScatter(t, &in, code)
	}
	const most = 8 // bytes of an element
	ahead := min(t.regs.Rcx*most, fastString)
	from, to := t.slotAt(translator.SlotA), t.regs.Rdi+ahead
	if t.regs.Eflags&directionFlag != 0 { // elements at and below from were written
		from, to = t.regs.Rdi-ahead, from+most
	}
	t.restore(pt)
	return t.p.copyToMirror(from, to-from)
}

// fastString is what a string instruction may have stored beyond what its counters say when a page fault ended it: the part in
// front of the page of a store across its boundary. It is stored again (63 bytes at the end of a page, in xz).
const fastString = 64

// enterMost is what enter writes at the most: the old frame pointer and 31 more (SDM 2A, ENTER).
const enterMost = 32 * 8

// step executes one instruction of translated code. Signals that come meanwhile are deferred.
func (t *thread) step() error {
	for {
		if err := ptrace.Step(t.tid, 0); err != nil {
			return err
		}
		s, err := t.next()
		if err != nil {
			return err
		}
		if s.Kind != ptrace.Signaled {
			continue
		}
		if err := ptrace.GetRegs(t.tid, &t.regs); err != nil {
			return err
		}
		var info ptrace.Siginfo
		if err := ptrace.GetSiginfo(t.tid, &info); err != nil {
			return err
		}
		t.stopped = s
		if info.Code > 0 && s.Sig == unix.SIGTRAP {
			return nil
		}
		if info.Code > 0 && fatal(s.Sig) { // a fault of the instruction: it will fault again when run
			return &faultError{info}
		}
		t.deferred = append(t.deferred, info)
	}
}

// faultError says that a step of translated code faulted.
type faultError struct{ info ptrace.Siginfo }

func (f *faultError) Error() string {
	return fmt.Sprintf("signal %d at %#x", f.info.Signo, f.info.Addr())
}
