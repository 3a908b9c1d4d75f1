package engine

import (
	"errors"
	"fmt"
	"sort"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
	"kmv/translator"
	"kmv/translator/x86"
)

// lone is a translation of one instruction at the end of the cache, that nothing is linked to: a thread is taken through it
// step by step, past breakpoints, while others run. It is gone before anything else is translated.
type lone struct {
	block  block
	blocks int // how many there were before it
	stubs  int
	end    uint32
}

// placeLone translates the instruction at pc. Every exit is a stub: a thread never leaves it for other code, but for
// indirect branches, which are seen at their lookup.
func (c *codeCache) placeLone(pc uint64, src source) (lone, error) {
	c.room()
	f := &c.single
	l := lone{blocks: len(c.blocks), stubs: len(c.stubs)}
	one := func(uint64) bool { return true }
	if err := c.tr.Block(src(pc), pc, c.pos&7, one, f); err != nil {
		return l, err
	}
	base := c.pos
	c.pos += uint32(copy(c.mem[base:], f.Code))
	l.block = block{native: pc, base: base, start: base, end: c.pos, size: f.Size, prefix: uint8(f.Prefix), kind: single, private: true, links: -1}
	c.blocks = append(c.blocks, l.block)
	for i := range f.Exits {
		x := &f.Exits[i]
		switch x.Kind {
		case translator.ExitFall: // right behind the code: the first stub
			c.addStub(stub{kind: stubNone, target: x.Target, next: -1})
		}
	}
	for i := range f.Exits {
		x := &f.Exits[i]
		switch x.Kind {
		case translator.ExitJump, translator.ExitSyscall:
			c.patch(base+x.Off, c.addStub(stub{kind: stubNone, target: x.Target, next: -1}).at)
		case translator.ExitStop:
			c.addStop(base+x.Off, x)
		}
	}
	l.end = c.pos
	return l, nil
}

// removeLone gives its place back, unless something was translated behind it meanwhile.
func (c *codeCache) removeLone(l lone) {
	if c.pos == l.end {
		c.pos, c.blocks, c.stubs = l.block.start, c.blocks[:l.blocks], c.stubs[:l.stubs]
	}
}

// lonePoint is what holds at an offset of the lone block's code.
func (c *codeCache) lonePoint(l *lone, off uint32) (translator.Point, bool) {
	rel := off - l.block.base
	if off < l.block.base || rel >= uint32(len(c.single.Code)) {
		return translator.Point{}, false
	}
	points := c.single.Points
	i := sort.Search(len(points), func(i int) bool { return points[i].Off > rel }) - 1
	return points[i], i >= 0
}

// one executes one native instruction of a stopped thread, t.regs native, or one round of a rep string instruction, as the
// processor's trap flag does. here says that the thread stands in native state behind it; else it went on by itself: into
// a system call, or to a signal's handler, and comes back through enter.
func (e *engine) one(t *thread) (here bool, err error) {
	pc, c := t.regs.Rip, t.p.code
	var in x86.Inst
	if x86.Decode(t.p.executable(pc), &in) == nil && in.Flow == x86.FlowSyscall {
		e.count("step")
		if err := e.outside(); err != nil {
			return false, err
		}
		t.regs.Rcx = pc + uint64(in.Len)
		return false, e.syscall(t)
	}
	if len(t.p.unguarded) > 0 {
		if err := e.guard(t); err != nil {
			return false, err
		}
	}
	l, err := c.placeLone(pc, t.p.executable)
	if err != nil {
		return false, fmt.Errorf("BUG: translate %#x: %w", pc, err)
	}
	t.regs.Rip = c.address(l.block.direct())
	t.regs.Orig_rax = noSyscall
	if err := ptrace.SetRegs(t.tid, &t.regs); err != nil {
		return false, err
	}
	return e.through(t, &l)
}

// through takes a thread to the end of a lone block.
func (e *engine) through(t *thread, l *lone) (here bool, err error) {
	c := t.p.code
	for {
		before := t.regs.Rip
		if err := t.step(); err != nil {
			var f *faultError
			if !errors.As(err, &f) {
				return false, err
			}
			if e.watched(t.p, f.info) {
				if err := e.skipWatched(t); err != nil {
					return false, err
				}
				continue
			}
			if skipped, err := e.skipLone(t, l, f.info); skipped && err == nil {
				continue
			} else if err != nil {
				return false, err
			}
			return false, e.fault(t, f.info)
		}
		t.regs.Eflags &^= trapFlag
		if t.regs.Rip != 0 && !e.atLookup(t) {
			off, ok := c.offset(t.regs.Rip)
			if !ok {
				return false, fmt.Errorf("BUG: a step led to %#x\n%s", t.regs.Rip, e.describe(t))
			}
			if pt, inside := c.lonePoint(l, off); inside {
				if pt.State == translator.Repeat && t.regs.Rip == before {
					return e.steppedOut(t, l, e.mirrorRepeat(t, pt))
				}
				if pt.State != translator.Clean || pt.PC == l.block.native {
					continue
				}
			}
			if s, ok := c.stubAt(off); ok && s.kind == stubStop && s.stop != translator.StopCPUID {
				stop := *s
				c.removeLone(*l)
				return false, e.instruction(t, &stop)
			}
		}
		done, err := e.nativeHere(t)
		if err != nil || !done {
			return false, errors.Join(err, fmt.Errorf("BUG: a step of %#x led nowhere\n%s", l.block.native, e.describe(t)))
		}
		return e.steppedOut(t, l, nil)
	}
}

// steppedOut ends a step: the thread is in native state behind its instruction.
func (e *engine) steppedOut(t *thread, l *lone, err error) (bool, error) {
	t.p.code.removeLone(*l)
	if err == nil {
		err = e.copySkipped(t)
	}
	return err == nil, err
}

// skipLone is skipAhead and skipMirror for a thread that is being stepped.
func (e *engine) skipLone(t *thread, l *lone, info ptrace.Siginfo) (bool, error) {
	off, ok := t.p.code.offset(t.regs.Rip)
	pt, inside := t.p.code.lonePoint(l, off)
	if !ok || !inside || pt.Role != translator.RoleMirror || info.Signo != int32(unix.SIGSEGV) || !e.layout.InMirror(info.Addr()) {
		return false, nil
	}
	native := e.layout.Native(shadowmem.Mirror(info.Addr()))
	if m, ok := t.p.space.Find(native); ok && m.Writable() {
		return false, nil
	}
	n, err := t.instructionLength(t.regs.Rip)
	if err != nil {
		return false, err
	}
	t.regs.Rip += uint64(n)
	return true, ptrace.SetRegs(t.tid, &t.regs)
}
