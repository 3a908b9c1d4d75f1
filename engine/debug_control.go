package engine

import (
	"fmt"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/translator/x86"
)

// threadOf is the thread that a command means.
func (e *engine) threadOf(c view.Command) (*thread, error) {
	if c.Thread != 0 {
		t := e.threads[c.Thread]
		if t == nil || t.p == nil {
			return nil, &view.CommandError{Text: fmt.Sprint(c.Thread), End: len(fmt.Sprint(c.Thread)), Problem: "is no thread of the program", Hint: "info threads lists them"}
		}
		return t, nil
	}
	if c.Pid != 0 {
		for _, t := range e.threads {
			if t.pid == c.Pid && t.p != nil && (t.tid == t.pid || e.threads[t.pid] == nil) {
				return t, nil
			}
		}
		return nil, &view.CommandError{Text: fmt.Sprint(c.Pid), End: len(fmt.Sprint(c.Pid)), Problem: "is no process of the program", Hint: "info threads lists them"}
	}
	if t := e.someone(); t != nil {
		return t, nil
	}
	return nil, ErrEnded
}

// steppable is threadOf for a command that makes the thread run.
func (e *engine) steppable(c view.Command) (*thread, error) {
	word := string(c.Op)
	if !e.paused {
		return nil, &view.CommandError{Text: word, End: len(word), Problem: "the program runs", Hint: "pause first"}
	}
	t, err := e.threadOf(c)
	if err == nil && t.exiting {
		err = &view.CommandError{Text: word, End: len(word), Problem: fmt.Sprintf("thread %d is about to end", t.tid), Hint: "choose another thread, or continue"}
	}
	return t, err
}

// instruction decodes what a thread is about to execute.
func (t *thread) instructionAt(pc uint64) (in x86.Inst, ok bool) {
	return in, x86.Decode(t.p.source(pc), &in) == nil
}

func isCall(in *x86.Inst) bool { return in.Flow == x86.FlowCall || in.Flow == x86.FlowCallInd }

// goals are the commands that let one thread run for a while. alone: the others stay where they are until the thread makes
// a system call, which may wait for them.
var goals = map[view.Op]struct {
	alone bool
	make  func(e *engine, t *thread, c view.Command) (*goal, error)
}{
	view.StepInst: {true, stepInst},
	view.NextInst: {false, nextInst},
	view.Step:     {false, func(e *engine, t *thread, c view.Command) (*goal, error) { return e.lineGoal(t, c, true), nil }},
	view.Next:     {false, func(e *engine, t *thread, c view.Command) (*goal, error) { return e.lineGoal(t, c, false), nil }},
	view.Finish:   {false, finishFrame},
	view.Until:    {false, until},
	view.Block:    {true, blockGoal},
	view.ToStore:  {true, storeGoal},
}

func init() {
	for op, g := range goals {
		commands[op] = func(e *engine, c view.Command) (view.Reply, error) {
			t, err := e.steppable(c)
			if err != nil {
				return view.Reply{}, err
			}
			goal, err := g.make(e, t, c)
			if err != nil {
				return view.Reply{}, err
			}
			if err := e.pursue(t, goal, g.alone); err != nil {
				e.failed = err
			}
			return view.Reply{}, nil
		}
	}
}

// again counts down what was to be done Count times.
func (g *goal) again(reason string) string {
	if g.left--; g.left > 0 {
		return ""
	}
	return reason
}

func stepInst(e *engine, t *thread, c view.Command) (*goal, error) {
	g := &goal{left: max(c.Count, 1)}
	g.reached = func(*engine, *thread) (string, error) { return g.again("step"), nil }
	return g, nil
}

// caller is what a goal remembers of a call instruction that its thread is about to execute.
type caller struct {
	call bool
	next uint64 // where it returns to
	sp   uint64 // in front of it
}

func (k *caller) note(t *thread) {
	in, ok := t.instructionAt(t.regs.Rip)
	k.call = ok && isCall(&in)
	k.next, k.sp = t.regs.Rip+uint64(in.Len), t.regs.Rsp
}

// entered says whether the call has been made and not returned from.
func (k *caller) entered(t *thread) bool { return k.call && t.regs.Rip != k.next && t.regs.Rsp < k.sp }

func nextInst(e *engine, t *thread, c view.Command) (*goal, error) {
	g := &goal{left: max(c.Count, 1), over: true}
	var k caller
	g.before = k.note
	g.reached = func(e *engine, t *thread) (string, error) {
		if k.entered(t) {
			k.call = false
			e.waitAt(t, g, k.next, k.sp)
			return "", nil
		}
		return g.again("step"), nil
	}
	return g, nil
}

// blockGoal runs to the end of the translated block that begins, or goes on, at the thread's instruction.
func blockGoal(e *engine, t *thread, c view.Command) (*goal, error) {
	g := &goal{left: max(c.Count, 1)}
	var low, high, at uint64
	g.before = func(t *thread) {
		if at = t.regs.Rip; low == 0 {
			low, high = at, at
			if b, ok := t.p.blockAround(at); ok {
				high = b.native + uint64(b.size)
			} else {
				b := t.p.ensure(at)
				high = b.native + uint64(b.size)
			}
		}
	}
	g.reached = func(e *engine, t *thread) (string, error) {
		in, ok := t.instructionAt(at)
		if pc := t.regs.Rip; ok && pc > low && pc < high && pc == at+uint64(in.Len) || pc == at && in.Rep {
			return "", nil
		}
		low = 0
		return g.again("block"), nil
	}
	return g, nil
}

// storeGoal runs to behind the next instruction that writes memory which is mirrored.
func storeGoal(e *engine, t *thread, c view.Command) (*goal, error) {
	g := &goal{left: max(c.Count, 1)}
	var at, addr uint64
	var size int
	g.before = func(t *thread) {
		at = t.regs.Rip
		addr, size = 0, 0
		if in, ok := t.instructionAt(at); ok {
			addr, size = t.storeOf(&in)
		}
	}
	g.reached = func(e *engine, t *thread) (string, error) {
		if size == 0 {
			return "", nil
		}
		if m, ok := t.p.space.Find(nativeAddr(addr)); !ok || !m.Compared() {
			return "", nil
		}
		t.p.lastStore, t.p.lastSize = addr, size
		return g.again(fmt.Sprintf("store of %d bytes to %#x by %s", size, addr, e.placeName(t.p, at))), nil
	}
	return g, nil
}

// storeOf is what an instruction is about to write; size 0 is nothing. Of stores to several places it is the lowest one.
func (t *thread) storeOf(in *x86.Inst) (addr uint64, size int) {
	r := &t.regs
	switch in.Form {
	case x86.NoStore, x86.Unmirrorable:
		return 0, 0
	case x86.Push:
		n := int(max(in.StoreSize, 8))
		return r.Rsp - uint64(n), n
	case x86.Enter:
		return r.Rsp - 8, 8
	case x86.StringStore, x86.MaskStore:
		if in.Rep && r.Rcx == 0 {
			return 0, 0
		}
		return r.Rdi, int(max(in.StoreSize, 1))
	case x86.DirectStore:
		return *register(r, x86.Reg(in.ModRM>>3&7)), 64
	}
	return t.effective(in), int(max(in.StoreSize, 1))
}

// effective is the address of a memory operand.
func (t *thread) effective(in *x86.Inst) uint64 {
	m := in.Mem
	a := uint64(m.Disp)
	if m.RIP {
		a += t.regs.Rip + uint64(in.Len)
	}
	if m.Base != x86.NoReg {
		a += *register(&t.regs, m.Base)
	}
	if m.Index != x86.NoReg && !m.VSIB {
		a += *register(&t.regs, m.Index) * uint64(m.Scale)
	}
	if in.Addr32 {
		a = uint64(uint32(a))
	}
	if m.Seg == x86.FS {
		a += t.fsBase()
	}
	return a
}

// registerOf finds a register by its name; segment bases are not among them.
func registerOf(r *ptrace.Regs, name string) *uint64 {
	switch name {
	case "rip":
		return &r.Rip
	case "eflags":
		return &r.Eflags
	case "fs_base":
		return &r.Fs_base
	case "gs_base":
		return &r.Gs_base
	}
	for i, n := range generalNames {
		if n == name {
			return register(r, x86.Reg(i))
		}
	}
	return nil
}

// generalNames are in encoding order, as register has them.
var generalNames = [...]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
