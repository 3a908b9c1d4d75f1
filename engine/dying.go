package engine

import (
	"kmv/engine/ptrace"
	"kmv/translator"
	"kmv/translator/x86"
)

// A thread that is killed may die between a store and its copy. What is its own dies with it; memory that it shares lives on.
// So a thread of a process that shares memory stops once more when it ends (PTRACE_EVENT_EXIT), while its memory is still
// there, and the engine makes the two halves equal where the thread was writing.

// watchEnd asks for that stop, as soon as the process of a stopped thread shares memory.
func (t *thread) watchEnd() {
	if t.p != nil && t.p.shares && !t.watched && t.parent == 0 {
		t.watched = ptrace.StopAtEnd(t.tid) == nil
	}
}

// dying is called at that stop, which may come while any other is waited for: it neither waits nor stops anybody.
func (e *engine) dying(tid int) {
	t := e.threads[tid]
	if t == nil || t.p == nil || !t.p.shares || t.exiting || t.parent != 0 || t.p.mem == nil {
		return
	}
	was := t.regs
	err := ptrace.GetRegs(tid, &t.regs)
	if err == nil {
		err = e.endStore(t)
	}
	if t.regs = was; err != nil {
		e.logf("%d: its last store: %v", tid, err)
	}
}

// endStore copies what a thread that will not run again may have written to one half only.
func (e *engine) endStore(t *thread) error {
	c := t.p.code
	if t.call != nil {
		return e.mirrorEarly(t)
	}
	if p, ok := e.placeOf(t, ptrace.Stop{}); ok {
		return e.mirrorResult(t, p)
	}
	off, ok := c.offset(t.regs.Rip)
	if !ok {
		return nil
	}
	pt, ok := t.p.point(off)
	switch {
	case !ok || pt.State == translator.Clean || pt.State == translator.Before:
		return nil
	case pt.State == translator.Repeat:
		return e.mirrorRepeat(t, pt)
	}
	x, err := t.storing(pt)
	if err != nil {
		return err
	}
	return t.p.copyToMirror(x.addr, x.size)
}

// extent is a part of memory, native.
type extent struct{ addr, size uint64 }

// storing is what a thread that stands inside an instruction may have written to one half only. It changes t.regs.
func (t *thread) storing(pt translator.Point) (extent, error) {
	var in x86.Inst
	if err := x86.Decode(t.p.source(pt.PC), &in); err != nil {
		return extent{}, err
	}
	if in.Rep { // the mirror's half of it: where that began, and how many elements there are
		t.regs.Rdi, t.regs.Rcx = t.slotAt(translator.SlotA), t.slotAt(translator.SlotB)
		addr, size := t.repeated(&in)
		return extent{addr, size}, nil
	}
	t.restore(pt)
	addr, size := t.storeOf(&in)
	if in.Form == x86.Push && pt.State == translator.Done { // the stack pointer is that of behind it
		addr += uint64(size)
	}
	return extent{addr, uint64(size)}, nil
}

// halfDone is storing for a thread of a process that shares memory, which is about to be stepped: who is killed while it is stopped
// may end without the other stop (kernel/signal.c, ptrace_stop), and then its memory is gone.
func (t *thread) halfDone() extent {
	if !t.p.shares {
		return extent{}
	}
	was := t.regs
	defer func() { t.regs = was }()
	off, _ := t.p.code.offset(t.regs.Rip)
	pt, ok := t.p.point(off)
	if !ok || pt.State != translator.Ahead && pt.State != translator.Done {
		return extent{}
	}
	x, _ := t.storing(pt)
	return x
}

// repeated is what a string instruction with a repetition is about to write.
func (t *thread) repeated(in *x86.Inst) (addr, size uint64) {
	element := uint64(in.OpSize)
	size = t.regs.Rcx * element
	if t.regs.Eflags&directionFlag != 0 {
		return t.regs.Rdi + element - size, size
	}
	return t.regs.Rdi, size
}

// watchEnds makes dying hear of every end, for as long as the engine runs.
func (e *engine) watchEnds() (stop func()) {
	ptrace.Ending = e.dying
	return func() { ptrace.Ending = nil }
}
