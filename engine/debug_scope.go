package engine

import (
	"fmt"

	"kmv/engine/ctype"
	"kmv/engine/expr"
	"kmv/engine/ptrace"
	"kmv/engine/symbols"
)

// environment is what an expression means in a call of a thread.
type environment struct {
	e     *engine
	p     *process
	t     *thread
	regs  ptrace.Regs
	known bool   // regs are
	index int    // of the frame
	place uint64 // where that is not 0, names mean what they do there, and nothing has a value

	frames []frame // as far as they were asked for
}

// environment is what an expression means to a thread.
func (e *engine) environment(t *thread) *environment { return e.environmentOf(t, 0) }

// environmentOf is what it means in one of its frames.
func (e *engine) environmentOf(t *thread, frame int) *environment {
	v := &environment{e: e, p: t.p, t: t, regs: e.nativeRegs(t), known: !t.running, index: frame}
	if frame > 0 {
		if frames := e.calls(t, frame+1); frame < len(frames) {
			v.frames = frames
			setDwarf(&v.regs, &frames[frame])
		} else {
			v.index = 0
		}
	}
	return v
}

// at is the environment of expressions that are to be evaluated later, where a thread comes to an address.
func (v *environment) at(addr uint64) *environment {
	w := *v
	w.place = addr
	return &w
}

// setDwarf puts a frame's registers in place of a thread's.
func setDwarf(r *ptrace.Regs, f *frame) {
	for i, reg := range dwarfOrder {
		*register(r, reg) = f.regs[i]
	}
	r.Rip = f.regs[regPC]
}

// pc is the address whose scope names are looked up in.
func (v *environment) pc() uint64 {
	switch {
	case v.place != 0:
		return v.place
	case v.index > 0:
		return v.frames[v.index].look()
	}
	return v.regs.Rip
}

// frame is what variables of a call are found by.
func (v *environment) frame() *symbols.Frame { return v.frameAt(v.index) }

func (v *environment) frameAt(i int) *symbols.Frame {
	if len(v.frames) <= i {
		v.frames = v.e.calls(v.t, i+1)
		if len(v.frames) <= i {
			return nil
		}
	}
	f := &v.frames[i]
	m, _ := v.e.moduleAt(v.p, f.look())
	s := &symbols.Frame{Regs: f.regs, Lost: f.lost, PC: f.look() - m.bias, Bias: m.bias, CFA: f.cfa, Thread: v.t.fsBase(),
		Read: func(addr uint64, b []byte) bool { return v.Bytes(addr, b) == nil }}
	if f.depth == 0 {
		s.Vector = func(n int) ([]byte, bool) {
			x, err := ptrace.GetVectors(v.t.tid)
			if err != nil || n >= len(x.Registers) {
				return nil, false
			}
			return x.Registers[n], true
		}
	}
	s.Caller = func() (*symbols.Frame, *symbols.Image) {
		depth := f.depth
		for n := i + 1; ; n++ { // of its own, not one that lies in the same
			c := v.frameAt(n)
			if c == nil {
				return nil, nil
			}
			if v.frames[n].depth == depth {
				continue
			}
			m, ok := v.e.moduleAt(v.p, v.frames[n].look())
			if !ok {
				return nil, nil
			}
			return c, m.image
		}
	}
	return s
}

// function is the one around the frame's address; of the innermost call with those that are copied into it there.
func (v *environment) function() (*symbols.Function, module) {
	m, ok := v.e.moduleAt(v.p, v.pc())
	switch {
	case !ok:
		return nil, m
	case v.place == 0 && v.index > 0 && v.frames[v.index].fn != nil:
		fn := *v.frames[v.index].fn
		fn.Inline = nil
		return &fn, m
	}
	return m.image.FunctionAt(v.pc() - m.bias), m
}

// Bytes reads native memory.
func (v *environment) Bytes(addr uint64, b []byte) error {
	if n, err := v.p.mem.ReadRaw(addr, b); err != nil || n < len(b) {
		return fmt.Errorf("nothing can be read at %#x", addr)
	}
	return nil
}

// Name is an address's symbol, for a Printer; of code and static data only.
func (v *environment) Name(addr uint64) string { return v.e.symbolPlus(v.p, addr) }

// Variable gives what a name means: a local variable, a member of this, one of file level, a value of an enumeration, a symbol.
func (v *environment) Variable(name string) (expr.Value, bool) {
	fn, m := v.function()
	if fn != nil {
		if x := fn.Find(name); x != nil {
			return v.value(m.image, x), true
		}
		if val, ok := v.memberOfThis(fn, m, name); ok {
			return val, true
		}
	}
	if m.image != nil {
		if x := m.image.UnitGlobal(name, v.pc()-m.bias); x != nil {
			return v.globalValue(m, x, v.pc()-m.bias), true
		}
	}
	s, in, found := v.e.find(v.p, name)
	if found && s.Object && s.Global { // before what belongs to some other unit
		if val, ok := v.global(in, name, 0); ok {
			return val, true
		}
	}
	if m.image != nil {
		if val, ok := v.global(m, name, v.pc()-m.bias); ok {
			return val, true
		}
	}
	for _, other := range v.e.modules(v.p) {
		if other.image == m.image || found && other.image != in.image {
			continue
		}
		if val, ok := v.global(other, name, 0); ok {
			return val, true
		}
	}
	if !found {
		return expr.Value{}, false
	}
	val := expr.Symbol(s.Addr+in.bias, s.Size, s.Object)
	if !s.Object {
		if t := in.image.FunctionType(s.Addr); t != nil {
			val.Type = t
		}
	}
	return val, true
}

// value is a variable in the frame.
func (v *environment) value(im *symbols.Image, x *symbols.Variable) expr.Value {
	val := expr.Value{Type: x.Type}
	x.Type.Bare().Complete()
	if v.place != 0 {
		return val
	}
	f := v.frame()
	if f == nil {
		val.Lost = "not known while the thread runs"
		return val
	}
	return located(im, x, f)
}

func located(im *symbols.Image, x *symbols.Variable, f *symbols.Frame) expr.Value {
	at, lost := im.Locate(x, f)
	return expr.Value{Type: x.Type, Place: at, At: at.Data == nil && lost == "", Lost: string(lost)}
}

// globalValue is a variable of file level in a module.
func (v *environment) globalValue(m module, x *symbols.Variable, pc uint64) expr.Value {
	f := &symbols.Frame{Bias: m.bias, PC: pc, Thread: v.t.fsBase(), Read: func(addr uint64, b []byte) bool { return v.Bytes(addr, b) == nil }}
	val := located(m.image, x, f)
	if val.Lost == "" {
		return val
	}
	if s, ok := m.image.Find(x.Name); ok && s.Object { // declared in what has debug information, defined in what has none
		val.At, val.Lost, val.Place = true, "", ctype.Place{Addr: s.Addr + m.bias}
		return val
	}
	if s, in, ok := v.e.find(v.p, x.Name); ok && s.Object {
		val.At, val.Lost, val.Place = true, "", ctype.Place{Addr: s.Addr + in.bias}
	}
	return val
}

// global finds a variable of file level, or a value of an enumeration, in a module.
func (v *environment) global(m module, name string, pc uint64) (expr.Value, bool) {
	if x := m.image.Global(name); x != nil {
		return v.globalValue(m, x, pc), true
	}
	if n, t, ok := m.image.Constant(name, pc); ok {
		val := expr.Value{Type: t, Place: ctype.Place{Data: make([]byte, 8)}}
		for i := range val.Place.Data {
			val.Place.Data[i] = byte(n >> (8 * i))
		}
		return val, true
	}
	return expr.Value{}, false
}

// memberOfThis finds a member of the object that a C++ function works on.
func (v *environment) memberOfThis(fn *symbols.Function, m module, name string) (expr.Value, bool) {
	x := fn.Find("this")
	if x == nil || x.Type.Bare().Kind != ctype.Pointer {
		return expr.Value{}, false
	}
	f, ok := x.Type.Bare().Elem.Bare().Find(name)
	if !ok {
		return expr.Value{}, false
	}
	val, err := expr.Eval("this->"+name, v)
	if v.place != 0 || err != nil {
		return expr.Value{Type: f.Type, Lost: "not known: this is not"}, true
	}
	return val, true
}

// Type finds a type: in the module around the address first.
func (v *environment) Type(name string) *ctype.Type {
	m, ok := v.e.moduleAt(v.p, v.pc())
	if ok {
		if t := m.image.TypeNamed(name, v.pc()-m.bias); t != nil {
			return t
		}
	}
	for _, other := range v.e.modules(v.p) {
		if other.image == m.image {
			continue
		}
		if t := other.image.TypeNamed(name, 0); t != nil {
			return t
		}
	}
	return nil
}
