package engine

import (
	"fmt"
	"sort"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/syscalls"
	"kmv/translator"
	"kmv/translator/x86"
)

// phase says how far a system call is that the syscall routine runs.
type phase uint8

const (
	outside   phase = iota // not in the routine
	entered                // as at the entry: rcx is the next native pc, nothing is done
	deciding               // rax is in slotNumber and the next pc in SlotTarget; nothing is done
	comparing              // the same, and the flags are in r11 as lahf and seto gave them
	returned               // the kernel is done, its writes may not be mirrored yet; the flags are in r11
)

// place says what holds from a cache offset of the routine to the next place.
type place struct {
	off   uint32
	phase phase
	back  bool       // at off exactly, the kernel has just returned
	saved x86.RegSet // registers whose values are in their slots
}

// at notes the phase of what follows.
func (b *builder) at(p phase) {
	b.phase = p
	next := place{off: uint32(b.Len()), phase: p, saved: b.saved}
	list := &b.image.places
	if n := len(*list); n > 0 && (*list)[n-1].off == next.off {
		next.back = (*list)[n-1].back
		(*list)[n-1] = next
		return
	}
	*list = append(*list, next)
}

// place is what is known of a cache offset.
func (r *routines) place(off uint32) place {
	i := sort.Search(len(r.places), func(i int) bool { return r.places[i].off > off }) - 1
	if i < 0 {
		return place{}
	}
	p := r.places[i]
	p.back = p.back && p.off == off
	return p
}

// placeOf is where a thread stands that stopped in the syscall routine; false elsewhere. An int3 that has just trapped
// counts as not executed.
func (e *engine) placeOf(t *thread, s ptrace.Stop) (place, bool) {
	c := t.p.code
	off, ok := c.offset(t.regs.Rip)
	if ok && s.Kind == ptrace.Signaled && s.Sig == unix.SIGTRAP && (off-1 == c.rt.stop || off-1 == c.rt.finish) {
		off--
	}
	if !ok || off >= c.rt.end {
		return place{}, false
	}
	p := c.rt.place(off)
	return p, p.phase != outside
}

// routineNative makes t.regs native for a thread that stands in a routine. A call that has not begun is taken back; one
// that is done is completed here: copying what it wrote once more changes nothing.
func (e *engine) routineNative(t *thread, off uint32) (bool, error) {
	p, r := t.p.code.rt.place(off), &t.regs
	switch p.phase {
	case entered, deciding, comparing:
		t.takeBack(p)
		return true, nil
	case returned:
		err := e.mirrorResult(t, p)
		t.completeCall(p)
		if p.back {
			t.rest = t.cut(t.slotAt(slotNumber), arguments(r), int64(r.Rax), r.Rip)
		}
		return true, err
	}
	return false, fmt.Errorf("BUG: a thread stands in the runtime routine at %#x", off)
}

// takeBack makes t.regs those in front of a system call that the routine has not begun.
func (t *thread) takeBack(p place) {
	r := &t.regs
	*r = t.unsaved(p)
	if p.phase == comparing {
		r.Eflags = r.Eflags&^arithmeticFlags | r.R11>>8&0xd5 | r.R11&1<<11
	}
	if p.phase != entered {
		r.Rax = t.slotAt(slotNumber)
		r.Rcx = t.slotAt(translator.SlotTarget)
	}
	r.Rip = r.Rcx - 2
}

// arithmeticFlags are CF, PF, AF, ZF, SF and OF.
const arithmeticFlags = 0x8d5

// completeCall makes t.regs the native state behind a call that returned.
func (t *thread) completeCall(p place) {
	r := &t.regs
	*r = t.unsaved(p)
	r.Rcx = t.slotAt(translator.SlotTarget)
	r.Rip = r.Rcx
	r.R11 &^= trapFlag
	r.Eflags = r.R11
}

// trapFlag in RFLAGS is ours: it is set while the engine steps.
const trapFlag = 0x100

// unsaved are t's registers with those that the routine has in slots put back.
func (t *thread) unsaved(p place) ptrace.Regs {
	r := t.regs
	for _, reg := range [...]x86.Reg{x86.RAX, x86.RSI, x86.RDI} {
		if p.saved>>reg&1 != 0 {
			*register(&r, reg) = t.slotAt(int32(slotOf(reg)))
		}
	}
	return r
}

// mirrorResult copies what the system call of a thread in the routine wrote, if it has returned.
func (e *engine) mirrorResult(t *thread, p place) error {
	if p.phase != returned {
		return nil
	}
	if t.slotAt(slotNumber) == unix.SYS_RT_SIGPROCMASK {
		t.noteMask(t.slotAt(slotMaskNew))
	}
	r := t.unsaved(p)
	args, ret := arguments(&r), int64(r.Rax)
	if restart(ret) {
		ret = fail(unix.EINTR)
	}
	rule := syscalls.Lookup(t.slotAt(slotNumber)).For(args)
	before := t.p.copied
	for _, effect := range rule.Effects {
		w := effect.Range(args, ret, rule.Torn)
		if err := t.p.copyToMirror(w.Addr, w.Len); err != nil {
			return err
		}
	}
	e.sys.BytesMirrored += t.p.copied - before
	e.accountOf(t.pid).sys.BytesMirrored += t.p.copied - before
	return nil
}

// runtimeFault handles an exception in a runtime routine: a copy that runs off what can be copied, or an argument that cannot
// be touched, which is left to the kernel.
func (e *engine) runtimeFault(t *thread, off uint32, info ptrace.Siginfo) error {
	switch p := t.p.code.rt.place(off); {
	case p.phase == returned && p.saved != 0:
		return e.finishCall(t, off)
	case p.phase == deciding || p.phase == comparing:
		if _, err := e.routineNative(t, off); err != nil {
			return err
		}
		return e.syscall(t)
	}
	return fmt.Errorf("BUG: signal %d (code %d, address %#x) in the runtime routine at %#x\n%s", info.Signo, info.Code, info.Addr(), off, e.describe(t))
}
