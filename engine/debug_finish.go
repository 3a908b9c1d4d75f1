package engine

import (
	"fmt"

	"kmv/engine/ctype"
	"kmv/engine/ptrace"
	"kmv/engine/view"
)

// finishFrame runs until a call has returned, and says what it has returned.
func finishFrame(e *engine, t *thread, c view.Command) (*goal, error) {
	e.awaitLines(t.p, e.nativeRegs(t).Rip)
	calls := e.calls(t, c.Frame+2)
	word := string(c.Op)
	if len(calls) < c.Frame+2 {
		return nil, &view.CommandError{Text: word, End: len(word), Problem: "the outermost frame has no caller", Hint: "continue, or finish an inner frame"}
	}
	f := &calls[c.Frame]
	if f.copied {
		return e.leaveCopy(t, f), nil
	}
	frames := e.unwind(t, f.depth+2)
	if len(frames) < f.depth+2 {
		return nil, &view.CommandError{Text: word, End: len(word), Problem: "the outermost frame has no caller", Hint: "continue, or finish an inner frame"}
	}
	g := &goal{over: true, tells: true}
	name := e.placeName(t.p, f.regs[regPC])
	result := e.resultOf(t.p, f)
	e.waitAt(t, g, frames[f.depth+1].regs[regPC], f.cfa)
	g.reached = func(e *engine, t *thread) (string, error) {
		return fmt.Sprintf("finished %s%s", name, e.returnText(t, result)), nil
	}
	return g, nil
}

// resultOf is the type that a frame's function returns, nil if it is not known.
func (e *engine) resultOf(p *process, f *frame) *ctype.Type {
	m, ok := e.moduleAt(p, f.look())
	if !ok {
		return nil
	}
	fn := m.image.FunctionAt(f.look() - m.bias)
	if fn == nil {
		return nil
	}
	return fn.Result
}

// leaveCopy runs to the end of a function that was copied into its caller; calls in it are run as a whole.
func (e *engine) leaveCopy(t *thread, f *frame) *goal {
	m, _ := e.moduleAt(t.p, f.look())
	g := &goal{over: true}
	var k caller
	g.before = k.note
	g.reached = func(e *engine, t *thread) (string, error) {
		if k.entered(t) {
			k.call = false
			e.waitAt(t, g, k.next, k.sp)
			return "", nil
		}
		if f.fn.Covers(t.regs.Rip - m.bias) {
			return "", nil
		}
		return fmt.Sprintf("finished %s, inlined in %s", f.fn.Name, e.placeName(t.p, t.regs.Rip)), nil
	}
	if f.depth > 0 { // first back to it
		frames := e.unwind(t, f.depth+1)
		e.waitAt(t, g, f.regs[regPC], frames[f.depth-1].cfa)
	}
	return g
}

// returnText is what a function of a type has just returned, as words behind its name (System V ABI, AMD64, 3.2.3).
func (e *engine) returnText(t *thread, typ *ctype.Type) string {
	switch {
	case typ == nil:
		return fmt.Sprintf(", rax = %#x", t.regs.Rax)
	case typ.Bare().Kind == ctype.Void:
		return ""
	}
	at, ok := e.returnPlace(t, typ)
	if !ok {
		return fmt.Sprintf(", which returned a %s that is not in a register that can be read", typ)
	}
	p := ctype.Printer{Memory: e.environment(t)}
	return ", which returned " + p.Text(typ, at)
}

// returnPlace is where the value is.
func (e *engine) returnPlace(t *thread, typ *ctype.Type) (ctype.Place, bool) {
	b := typ.Bare()
	b.Complete()
	classes, inMemory := returnClasses(b)
	if inMemory {
		return ctype.Place{Addr: t.regs.Rax}, true
	}
	integers := []uint64{t.regs.Rax, t.regs.Rdx}
	var vectors [][]byte
	data := []byte{}
	next := 0
	for _, c := range classes {
		switch c {
		case classInteger:
			var w [8]byte
			for i := range w {
				w[i] = byte(integers[0] >> (8 * i))
			}
			data, integers = append(data, w[:]...), integers[1:]
		case classFloat:
			if vectors == nil {
				v, err := ptrace.GetVectors(t.tid)
				if err != nil {
					return ctype.Place{}, false
				}
				vectors = v.Registers
			}
			data = append(data, vectors[next][:8]...)
			next++
		default:
			return ctype.Place{}, false
		}
	}
	return ctype.Place{Data: data}, len(data) > 0
}

// returnClass is the kind of register that eight bytes of a value are returned in.
type returnClass uint8

const (
	classNone returnClass = iota
	classFloat
	classInteger
	classX87
)

// returnClasses are those of a value's eightbytes; inMemory says that its address is returned.
func returnClasses(t *ctype.Type) (list []returnClass, inMemory bool) {
	const most = 16
	if t.Kind == ctype.Float && t.Size > 8 {
		return []returnClass{classX87}, false
	}
	if t.Size > most || t.ByAddress {
		return nil, true
	}
	list = make([]returnClass, (t.Size+7)/8)
	classify(t, 0, list)
	return list, false
}

func classify(t *ctype.Type, off int, list []returnClass) {
	t = t.Bare()
	switch t.Kind {
	case ctype.Struct:
		for _, f := range t.Fields() {
			classify(f.Type, off+f.Off, list)
		}
	case ctype.Array:
		for i := range max(t.Count, 0) {
			classify(t.Elem, off+i*t.Elem.Bare().Size, list)
		}
	default:
		c := classInteger
		if t.Kind == ctype.Float {
			c = classFloat
		}
		for at := off / 8; at <= (off+max(t.Size, 1)-1)/8 && at < len(list); at++ {
			list[at] = max(list[at], c)
		}
	}
}
