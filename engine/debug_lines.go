package engine

import (
	"fmt"

	"kmv/engine/view"
	"kmv/translator/x86"
)

// lineGoal steps by source lines; where there are none, by instructions. into: calls of functions that have lines are
// stepped into.
func (e *engine) lineGoal(t *thread, c view.Command, into bool) *goal {
	e.awaitLines(t.p, e.nativeRegs(t).Rip)
	if _, ok := e.lineAt(t.p, e.nativeRegs(t).Rip); !ok {
		if into {
			g, _ := stepInst(e, t, c)
			return g
		}
		g, _ := nextInst(e, t, c)
		return g
	}
	w := &lineWalk{e: e, into: into, g: &goal{left: max(c.Count, 1), over: true}}
	w.begin(t)
	w.g.before = w.k.note
	w.g.reached = w.reached
	return w.g
}

// awaitLines waits for the line information of the file that an address lies in.
func (e *engine) awaitLines(p *process, addr uint64) {
	if m, ok := e.moduleAt(p, addr); ok {
		m.image.HasLines()
	}
}

// lineWalk is a step by lines under way.
type lineWalk struct {
	e         *engine
	g         *goal
	into      bool
	file      string
	line      int
	low, high uint64 // code of the line around the thread
	function  uint64
	cfa       uint64
	k         caller
	entering  bool // the thread runs to the body of a function that it stepped into
}

// begin makes the line that a thread is in the one to be left.
func (w *lineWalk) begin(t *thread) {
	pc := w.e.nativeRegs(t).Rip
	r, _ := w.e.lineAt(t.p, pc)
	w.file, w.line, w.low, w.high = r.File, r.Line, r.Addr, r.End
	w.function = w.e.functionOf(t.p, pc)
	w.cfa, _ = w.e.frameAddress(t)
}

// functionOf is the start of the function around an address, 0 if it is not known.
func (e *engine) functionOf(p *process, pc uint64) uint64 {
	if m, ok := e.moduleAt(p, pc); ok {
		if s, _, ok := m.image.Name(pc - m.bias); ok {
			return s.Addr + m.bias
		}
	}
	return 0
}

func (w *lineWalk) reached(e *engine, t *thread) (string, error) {
	pc := t.regs.Rip
	switch {
	case w.entering:
		w.entering = false
		return w.done(t), nil
	case w.k.entered(t):
		w.k.call = false
		w.enterCall(t)
		return "", nil
	case pc >= w.low && pc < w.high:
		return "", nil
	}
	if f := e.functionOf(t.p, pc); f != w.function && f != 0 {
		e.awaitLines(t.p, pc)
		if r, ok := e.lineAt(t.p, pc); ok { // returned, or jumped, to another function
			if r.Statement && pc == r.Addr {
				return w.done(t), nil
			}
			w.function, w.file, w.line, w.low, w.high = f, r.File, r.Line, r.Addr, r.End // what is left of the line
			return "", nil
		}
		if back, sp, ok := e.returnOf(t); ok { // a jump to where nothing is known: a PLT entry, a tail call
			e.waitAt(t, w.g, back, sp)
			return "", nil
		}
		return w.g.again("step"), nil
	}
	r, ok := e.lineAt(t.p, pc)
	if !ok {
		return "", nil
	}
	if r.File == w.file && r.Line == w.line {
		w.low, w.high = r.Addr, r.End
		return "", nil
	}
	if !r.Statement || pc != r.Addr { // into the middle of another line: what is left of it is not a line of its own
		return "", nil
	}
	return w.done(t), nil
}

// behindPLT is where a call leads that has come to a procedure linkage table: jmp *word(%rip). Without one it is where the
// thread stands, and so it is for functions that are chosen when they are first called.
func (e *engine) behindPLT(t *thread) uint64 {
	pc := t.regs.Rip
	at := pc
	in, ok := t.instructionAt(at)
	if ok && in.Flow == x86.FlowNext && in.Form == x86.NoStore { // endbr64
		at += uint64(in.Len)
		in, ok = t.instructionAt(at)
	}
	m, found := e.moduleAt(t.p, pc)
	if !ok || !found || in.Flow != x86.FlowJmpInd || !in.HasMem || !in.Mem.RIP {
		return pc
	}
	word := at + uint64(in.Len) + uint64(in.Mem.Disp)
	if to, err := t.p.word(word); err == nil && (to < m.start || to >= m.end) {
		return to
	}
	name, ok := m.image.Imported(word - m.bias)
	if !ok {
		return pc
	}
	for _, m := range e.modules(t.p) {
		if s, ok := m.image.Find(name); ok && s.Exported && !s.Object && !s.Chosen {
			return s.Addr + m.bias
		}
	}
	return pc
}

// enterCall goes on at the return address, or, stepping into, at the body of the function.
func (w *lineWalk) enterCall(t *thread) {
	e := w.e
	e.waitAtCatch(t, w.g, w.k.sp)
	if !w.into {
		e.waitAt(t, w.g, w.k.next, w.k.sp)
		return
	}
	to := e.behindPLT(t)
	if m, ok := e.moduleAt(t.p, to); ok && m.image.HasLines() {
		if _, ok := m.image.Line(to - m.bias); ok {
			if body := e.body(t.p, to); body != t.regs.Rip {
				w.entering = true
				e.waitAt(t, w.g, body, 0)
				e.waitAt(t, w.g, w.k.next, w.k.sp)
				return
			}
			w.function, w.low, w.high = 0, 0, 0 // no prologue: the next instruction is a line of another function
			return
		}
	}
	e.waitAt(t, w.g, w.k.next, w.k.sp)
}

// waitAtCatch lets a goal that waits for a call's return go on where an exception of the call is caught instead: by the frame
// that calls with the stack pointer sp, or one further out. A handler begins with a call of its own (Itanium C++ ABI, exception
// handling, 2.5.3).
func (e *engine) waitAtCatch(t *thread, g *goal, sp uint64) {
	for _, m := range e.modules(t.p) {
		if s, ok := m.image.Find("__cxa_begin_catch"); ok && !s.Object {
			e.waitAt(t, g, s.Addr+m.bias, sp-8)
			return
		}
	}
}

func (w *lineWalk) done(t *thread) string {
	r, _ := w.e.lineAt(t.p, t.regs.Rip)
	reason := w.g.again(fmt.Sprintf("step to %s:%d", r.File, r.Line))
	if reason == "" {
		w.begin(t)
	}
	return reason
}

// returnOf is where a thread's innermost frame returns to, and the stack pointer then.
func (e *engine) returnOf(t *thread) (pc, sp uint64, ok bool) {
	frames := e.unwind(t, 2)
	if len(frames) < 2 {
		return 0, 0, false
	}
	return frames[1].regs[regPC], frames[0].cfa, true
}

// frameAddress is the canonical frame address of a thread's innermost frame.
func (e *engine) frameAddress(t *thread) (uint64, bool) {
	frames := e.unwind(t, 1)
	if len(frames) == 0 {
		return 0, false
	}
	return frames[0].cfa, frames[0].cfa != 0
}

// until runs to an address, or until the frame returns.
func until(e *engine, t *thread, c view.Command) (*goal, error) {
	if c.Addr == 0 && c.Text != "" {
		b := &breakpoint{pid: t.pid}
		b.Text = c.Text
		addrs, err := e.resolveBreak(t, b)
		if err != nil {
			return nil, err
		}
		if len(addrs) == 0 {
			return nil, &view.CommandError{Text: c.Text, End: len(c.Text), Problem: "is not a place in the program", Hint: "FILE:LINE, a function, or *EXPRESSION"}
		}
		c.Addr = addrs[0]
	}
	g := &goal{over: true}
	if c.Addr == 0 {
		word := string(c.Op)
		return nil, &view.CommandError{Text: word, End: len(word), Problem: "until what?", Hint: "until FILE:LINE, a function, or *EXPRESSION"}
	}
	e.waitAt(t, g, c.Addr, 0)
	if back, sp, ok := e.returnOf(t); ok {
		e.waitAt(t, g, back, sp)
	}
	g.reached = func(e *engine, t *thread) (string, error) {
		return "at " + e.placeName(t.p, t.regs.Rip), nil
	}
	return g, nil
}
