package symbols

import (
	"debug/dwarf"

	"kmv/engine/ctype"
)

// Frame is what variables of one call are found by.
type Frame struct {
	Regs   Registers
	Lost   uint32 // registers, by number, that the call's callees have overwritten
	PC     uint64 // as in the file, in the code that the frame is at: of a caller one less than where it goes on
	Bias   uint64
	CFA    uint64
	Thread uint64 // the thread pointer; 0 is not known
	Read   func(addr uint64, b []byte) bool
	Vector func(n int) ([]byte, bool) // xmm n
	Caller func() (*Frame, *Image)    // nil where there is none
}

// Lost says why a value is not there.
type Lost string

// The reasons.
const (
	OptimizedOut Lost = "optimized out"
	NotSaved     Lost = "not saved"
	Synthetic    Lost = "synthetic pointer"
)

// Locate says where a variable is in a frame; lost is "" if it is anywhere.
func (im *Image) Locate(v *Variable, f *Frame) (at ctype.Place, lost Lost) {
	t := &im.lines
	size := v.Type.Bare().Size
	if c := t.attr(v.entry, dwarf.AttrConstValue); c != nil {
		return constantPlace(c, size), ""
	}
	code, ok := t.expression(v.unit, t.attr(v.entry, dwarf.AttrLocation), f.PC)
	if !ok || len(code) == 0 {
		return at, OptimizedOut
	}
	l := locator{t: t, im: im, f: f, unit: v.unit, size: size}
	return l.place(code)
}

// constantPlace is a value that needs no memory.
func constantPlace(c any, size int) ctype.Place {
	data := make([]byte, max(size, 8))
	switch c := c.(type) {
	case int64:
		for i := range data {
			data[i] = byte(c >> min(8*i, 63))
		}
	case []byte:
		copy(data, c)
	case string:
		data = append([]byte(c), 0)
	}
	return ctype.Place{Data: data}
}

// locator evaluates a location expression (DWARF 5, 2.6).
type locator struct {
	t      *lineTable
	im     *Image
	f      *Frame
	unit   int
	size   int // of the variable
	m      machine
	value  bool // what is on the stack is the value
	reg    int  // the value is in this register; -1: in none
	data   []byte
	lost   Lost
	pieces []piece
	depth  int // of expressions in expressions
}

// piece is a part of a variable.
type piece struct {
	place ctype.Place
	size  int
	lost  bool
}

const registers = 17 // those that are unwound; xmm0 to xmm15 come behind them

func (l *locator) reset() { l.value, l.reg, l.data, l.lost = false, -1, nil, "" }

func (l *locator) place(code []byte) (at ctype.Place, lost Lost) {
	l.reset()
	l.m = machine{regs: &l.f.Regs, lost: l.f.Lost, bias: l.f.Bias, more: l.operation, read: func(addr uint64) (uint64, bool) {
		var b [8]byte
		ok := l.f.Read(addr, b[:])
		return constantAt(b[:]), ok
	}}
	r := reader{b: code}
	for steps := 0; r.left() > 0; steps++ {
		if steps > 1000 || !l.m.operation(r.u8(), &r) || r.bad {
			if l.lost == "" {
				l.lost = OptimizedOut
			}
			return at, l.lost
		}
	}
	if l.pieces != nil {
		return l.joined()
	}
	return l.simple(l.size)
}

func constantAt(b []byte) uint64 { r := reader{b: b}; return r.u64() }

// simple is the location that was computed last.
func (l *locator) simple(size int) (at ctype.Place, lost Lost) {
	switch {
	case l.lost != "":
		return at, l.lost
	case l.data != nil:
		return ctype.Place{Data: l.data}, ""
	case l.reg >= 0:
		return l.register(l.reg, size)
	case len(l.m.stack) == 0:
		return at, OptimizedOut
	case l.value:
		return constantPlace(int64(l.m.pop()), size), ""
	}
	return ctype.Place{Addr: l.m.pop()}, ""
}

func (l *locator) register(n, size int) (at ctype.Place, lost Lost) {
	switch {
	case n < registers && l.f.Lost>>n&1 != 0:
		return at, NotSaved
	case n < registers:
		return constantPlace(int64(l.f.Regs[n]), size), ""
	case l.f.Vector != nil:
		if b, ok := l.f.Vector(n - registers); ok {
			return ctype.Place{Data: b}, ""
		}
	}
	return at, NotSaved
}

// joined puts pieces together.
func (l *locator) joined() (ctype.Place, Lost) {
	var at ctype.Place
	any := false
	for _, p := range l.pieces {
		b, known := make([]byte, p.size), make([]bool, p.size)
		ok := !p.lost
		if ok && p.place.Data == nil {
			ok = l.f.Read(p.place.Addr, b)
		} else if ok {
			copy(b, p.place.Data)
		}
		any = any || ok
		for i := range known {
			known[i] = ok
		}
		at.Data, at.Known = append(at.Data, b...), append(at.Known, known...)
	}
	if !any {
		return ctype.Place{}, OptimizedOut
	}
	return at, ""
}

// operation are the ones that only locations have.
func (l *locator) operation(op byte, r *reader) bool {
	m := &l.m
	switch {
	case op >= 0x50 && op <= 0x6f: // reg0 to reg31
		l.reg = int(op - 0x50)
		return true
	case op >= 0x70 && op <= 0x8f: // breg, of those that are not unwound
		return false
	}
	switch op {
	case 0x90: // regx
		l.reg = int(r.uleb())
	case 0x91: // fbreg
		base, ok := l.frameBase()
		m.push(base + uint64(r.sleb()))
		return ok
	case 0x92: // bregx
		n := r.uleb()
		if n >= registers || l.f.Lost>>n&1 != 0 {
			return false
		}
		m.push(l.f.Regs[n] + uint64(r.sleb()))
	case 0x93: // piece
		l.endPiece(int(r.uleb()))
	case 0x9d: // bit_piece: only what is whole bytes
		n, off := r.uleb(), r.uleb()
		if n%8 != 0 || off != 0 {
			return false
		}
		l.endPiece(int(n / 8))
	case 0x9c: // call_frame_cfa
		m.push(l.f.CFA)
		return l.f.CFA != 0
	case 0x9e: // implicit_value
		l.data = append([]byte{}, r.take(int(r.uleb()))...)
	case 0x9f: // stack_value
		l.value = true
	case 0xa0, 0xf2: // implicit_pointer
		l.lost = Synthetic
		return false
	case 0xa3, 0xf3: // entry_value
		return l.entryValue(r.take(int(r.uleb())))
	case 0x9b, 0xe0: // form_tls_address
		return l.threadLocal()
	case 0xa1: // addrx
		v, ok := l.t.address(l.unit, r.uleb())
		m.push(v + l.f.Bias)
		return ok
	case 0xa2: // constx
		v, ok := l.t.address(l.unit, r.uleb())
		m.push(v)
		return ok
	default:
		return l.typed(op, r)
	}
	return true
}

// typed are operations on values of a base type (DWARF 5, 2.5.1.1, 2.5.1.6; GNU's before it). Those on integers are the same as
// without a type, cut to its size.
func (l *locator) typed(op byte, r *reader) bool {
	m := &l.m
	cut := func(off uint64) bool {
		if off == 0 { // the generic type
			return true
		}
		typ := l.t.typeAt(l.t.units[l.unit].start + dwarf.Offset(off))
		if typ.Kind == ctype.Float || typ.Kind == ctype.Void || typ.Size > 8 {
			return false
		}
		m.push(typ.Extend(m.pop()))
		return true
	}
	switch op {
	case 0xa4, 0xf4: // const_type
		off := r.uleb()
		b := make([]byte, 8)
		copy(b, r.take(int(r.u8())))
		m.push(constantAt(b))
		return cut(off)
	case 0xa5, 0xf5: // regval_type
		n := r.uleb()
		off := r.uleb()
		if n >= registers || l.f.Lost>>n&1 != 0 {
			return false
		}
		m.push(l.f.Regs[n])
		return cut(off)
	case 0xa6, 0xf6: // deref_type
		size := int(r.u8())
		off := r.uleb()
		b := make([]byte, 8)
		ok := size <= 8 && l.f.Read(m.pop(), b[:min(size, 8)])
		m.push(constantAt(b))
		return ok && cut(off)
	case 0xa8, 0xf7, 0xa9, 0xf9: // convert, reinterpret
		return cut(r.uleb())
	}
	return false
}

func (l *locator) endPiece(size int) {
	at, lost := l.simple(size)
	l.pieces = append(l.pieces, piece{at, size, lost != ""})
	l.m.stack = l.m.stack[:0]
	l.reset()
}

// frameBase is what DW_OP_fbreg counts from.
func (l *locator) frameBase() (uint64, bool) {
	fn := l.im.FunctionAt(l.f.PC)
	if fn == nil || l.depth > 2 {
		return 0, false
	}
	code, ok := l.t.expression(l.unit, fn.base.Val(dwarf.AttrFrameBase), l.f.PC)
	if !ok {
		return 0, false
	}
	inner := locator{t: l.t, im: l.im, f: l.f, unit: l.unit, size: pointerSize, depth: l.depth + 1}
	at, lost := inner.place(code)
	if lost == "" && at.Data != nil { // in a register: its value is meant
		return constantAt(at.Data), true
	}
	return at.Addr, lost == ""
}

// threadLocal is a variable of the program's own thread-local storage, which lies below the thread pointer (ELF Handling For
// Thread-Local Storage, variant II).
func (l *locator) threadLocal() bool {
	size, align, ok := l.im.threadStorage()
	if !ok || l.f.Thread == 0 {
		return false
	}
	l.m.push(l.f.Thread - (size+align-1)&^(align-1) + l.m.pop())
	return true
}

// entryValue is what a register held when the function was called: the caller says so where it knows (DWARF 5, 3.4.2).
func (l *locator) entryValue(code []byte) bool {
	if len(code) == 0 || code[0] < 0x50 || code[0] > 0x6f || l.depth > 8 || l.f.Caller == nil {
		return false
	}
	caller, im := l.f.Caller()
	if caller == nil {
		return false
	}
	callee := l.im.FunctionAt(l.f.PC)
	if callee == nil {
		return false
	}
	v, ok := im.argument(caller, callee.Name, int(code[0]-0x50), l.depth+1)
	l.m.push(v)
	return ok
}

// argument is what the call of a function that a frame is at passes in a register. A call of another function is one that has jumped
// to that one at its end, perhaps with other arguments.
func (im *Image) argument(f *Frame, callee string, reg, depth int) (uint64, bool) {
	fn := im.FunctionAt(f.PC)
	if fn == nil {
		return 0, false
	}
	t := &im.lines
	value := []byte(nil)
	const callSite, callSiteParameter, callValue = 0x4109, 0x410a, 0x2111 // GNU's
	var visit func(e *dwarf.Entry)
	visit = func(e *dwarf.Entry) {
		t.children(e, func(k *dwarf.Entry) {
			switch k.Tag {
			case dwarf.TagLexDwarfBlock, dwarf.TagInlinedSubroutine:
				visit(k)
			case dwarf.TagCallSite, callSite:
				back, ok := k.Val(dwarf.AttrCallReturnPC).(uint64)
				if !ok {
					back, _ = k.Val(dwarf.AttrLowpc).(uint64)
				}
				if back != f.PC+1 || t.called(k) != callee {
					return
				}
				t.children(k, func(p *dwarf.Entry) {
					at, _ := p.Val(dwarf.AttrLocation).([]byte)
					if len(at) == 1 && at[0] == byte(0x50+reg) {
						if value, _ = p.Val(dwarf.AttrCallValue).([]byte); value == nil {
							value, _ = p.Val(callValue).([]byte)
						}
					}
				})
			}
		})
	}
	visit(fn.base)
	if len(value) == 0 {
		return 0, false
	}
	l := locator{t: t, im: im, f: f, unit: fn.unit, size: pointerSize, depth: depth}
	l.reset()
	at, lost := l.place(value)
	if lost != "" || at.Data != nil && len(at.Data) < pointerSize {
		return 0, false
	}
	if at.Data != nil {
		return constantAt(at.Data), true
	}
	return at.Addr, true
}

// called is the name of the function that a call site calls, or "".
func (t *lineTable) called(site *dwarf.Entry) string {
	off, ok := site.Val(dwarf.AttrCallOrigin).(dwarf.Offset)
	if !ok {
		if off, ok = site.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); !ok {
			return ""
		}
	}
	e := t.entry(off)
	if e == nil {
		return ""
	}
	s, _ := t.attr(e, dwarf.AttrName).(string)
	return s
}
