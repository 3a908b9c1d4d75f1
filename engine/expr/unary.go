package expr

import (
	"strings"

	"kmv/engine/ctype"
)

// unary parses prefixes, casts and what stands behind them.
func (p *parser) unary() Value {
	start := p.start
	v := p.prefixed()
	v.start, v.end = start, p.last
	return v
}

func (p *parser) prefixed() Value {
	if p.kind == operator {
		switch p.token {
		case "-", "+", "~", "!":
			op := p.token
			p.next()
			return p.sign(op, p.unary())
		case "*":
			at := *p
			p.next()
			v := p.unary()
			return p.deref(v, at.start)
		case "&":
			at := *p
			p.next()
			return at.addressOf(p.unary())
		case "{": // gdb's {type}address
			p.next()
			t, ok := p.typeName()
			if !ok {
				p.fail("is not a type", typesHint)
			}
			p.expect("}")
			return p.load(p.unary().Bits, t)
		case "(":
			if t, ok := p.cast(); ok {
				return p.converted(p.unary(), t)
			}
		}
	}
	if p.kind == name && p.token == "sizeof" && !p.nameQuoted {
		return p.sizeof()
	}
	return p.postfix(p.primary())
}

func (p *parser) sign(op string, v Value) Value {
	v = p.direct(v)
	if op == "!" {
		return truth(!p.truth(v))
	}
	p.scalar(v)
	if v.Type.Bare().Kind == ctype.Float {
		x := p.floating(v)
		if op == "-" {
			x = -x
		}
		return double(x)
	}
	x := extend(v)
	switch op {
	case "-":
		x = -x
	case "~":
		x = ^x
	}
	t := common(v, v)
	if t.Size < 8 && !t.Unsigned && int64(x) != int64(int32(x)) {
		t = ctype.LongType
	}
	return Value{Bits: x, Type: t}
}

// direct is what a reference is of; other values are themselves.
func (p *parser) direct(v Value) Value {
	b := v.Type.Bare()
	if b.Kind != ctype.Reference {
		return v
	}
	p.known(v)
	w := p.load(v.Bits, b.Elem)
	w.start, w.end = v.start, v.end
	return w
}

func (p *parser) addressOf(v Value) Value {
	v = p.direct(v)
	switch {
	case v.Lost != "":
		p.failAt(v, "is "+v.Lost+": it has no address", "& takes what is in memory")
	case v.Field.Bits > 0:
		p.failAt(v, "is a bit field: it has no address", "take the address of the whole structure")
	case !v.At && v.Place.Data != nil:
		p.failAt(v, "is in a register: it has no address", "print it without &")
	case !v.At:
		p.failAt(v, "has no address", "& takes a variable, a function or *something")
	}
	return Value{Bits: v.Place.Addr, Type: ctype.PointerTo(v.Type)}
}

// sizeof takes a type or a value, which is not read.
func (p *parser) sizeof() Value {
	p.next()
	size := func(t *ctype.Type) Value {
		t.Bare().Complete()
		return Value{Bits: uint64(t.Bare().Size), Type: ctype.ULongType}
	}
	if p.is("(") {
		if t, ok := p.cast(); ok {
			return size(t)
		}
	}
	p.skip++
	v := p.unary()
	p.skip--
	return size(v.Type)
}

// cast reads "(type)"; without a type there nothing is read.
func (p *parser) cast() (*ctype.Type, bool) {
	before := *p
	p.next()
	t, ok := p.typeName()
	if !ok || !p.is(")") {
		*p = before
		return nil, false
	}
	p.next()
	return t, true
}

// converted is a value as one of another type.
func (p *parser) converted(v Value, t *ctype.Type) Value {
	v = p.direct(v)
	to, from := t.Bare(), v.Type.Bare()
	p.known(v)
	switch {
	case to.Kind == ctype.Struct || to.Kind == ctype.Array:
		if !v.At {
			p.failAt(v, "cannot be "+article(t.String()), "cast its address: *("+t.String()+" *)&…")
		}
		return p.load(v.Place.Addr, t)
	case from.Kind == ctype.Struct:
		p.scalar(v)
	case to.Kind == ctype.Float:
		return Value{Bits: double(p.floating(v)).Bits, Type: ctype.DoubleType}
	case from.Kind == ctype.Float:
		return Value{Bits: to.Extend(uint64(int64(p.floating(v)))), Type: t}
	case to.Kind == ctype.Bool:
		b := truth(p.truth(v))
		b.Type = t
		return b
	}
	if to.Kind == ctype.Void {
		return Value{Type: t, Bits: v.Bits}
	}
	bits := extend(v)
	if to.Number() {
		bits = to.Extend(bits)
	}
	return Value{Bits: bits, Type: t}
}

// postfix parses indexes and members.
func (p *parser) postfix(v Value) Value {
	for p.kind == operator {
		v.end = p.last
		switch p.token {
		case "[":
			p.next()
			i := p.binary(0)
			start := v.start
			p.expect("]")
			v = p.index(v, i)
			v.start = start
		case ".", "->":
			v = p.member(v)
		case "(":
			p.failAt(v, "would have to be called, and nothing is called here", "break on it, or look at what it returns with finish")
		default:
			return v
		}
	}
	return v
}

func (p *parser) index(v, i Value) Value {
	v, i = p.direct(v), p.direct(i)
	p.scalar(i)
	if b := v.Type.Bare(); b.Kind == ctype.Array && v.Place.Data != nil { // in registers
		e := b.Elem
		n := i.Int() * int64(stride(e))
		if n < 0 || n+int64(stride(e)) > int64(len(v.Place.Data)) {
			p.failAt(i, "is outside of the array", "it is not in memory: nothing is beside it")
		}
		return p.part(v, ctype.Field{Type: e, Off: int(n)})
	}
	t := v.Type.Bare()
	if f, ok := t.Elements(); ok && t.Kind == ctype.Struct {
		w := p.part(v, f)
		w.start, w.end = v.start, v.end
		return p.index(w, i)
	}
	if pointee(v) == nil {
		if b := v.Type.Bare(); !v.Untyped() && !b.Number() {
			p.failAt(v, "is "+article(v.Type.String())+": it has no elements", "[] takes an array or a pointer")
		}
		v = Value{Bits: v.Bits, Type: ctype.PointerTo(word), start: v.start, end: v.end}
	}
	return p.deref(p.apply("+", v, i), v.start)
}

// member reads .name or ->name.
func (p *parser) member(v Value) Value {
	p.next()
	if p.kind != name {
		p.fail("stands where a member's name is missing", "s.NAME or p->NAME")
	}
	for {
		t := v.Type.Bare()
		if t.Kind != ctype.Pointer && t.Kind != ctype.Reference {
			break
		}
		p.known(v)
		v = p.load(v.Bits, t.Elem)
	}
	t := v.Type.Bare()
	if t.Kind != ctype.Struct {
		hint := ". and -> take a structure or a pointer to one"
		if v.Untyped() {
			hint = "cast it: ((struct NAME *)…)->" + p.token
		}
		p.fail("is asked of "+article(v.Type.String())+", which has no members", hint)
	}
	if !t.Complete() {
		p.fail("is asked of "+t.String()+", whose definition is not in the debug information", "cast to a type that is")
	}
	f, ok := t.Find(p.token)
	if !ok {
		p.fail("is not a member of "+t.String(), "it has: "+strings.Join(members(t), ", "))
	}
	v = p.part(v, f)
	p.next()
	v.end = p.last
	return v
}

// members are the names of a structure's members, as many as one can read.
func members(t *ctype.Type) []string {
	const shown = 12
	var list []string
	for _, f := range t.Fields() {
		switch {
		case len(list) == shown:
			return append(list, "…")
		case f.Name == "" || f.Base:
			list = append(list, members(f.Type.Bare())...)
		case !f.Hidden:
			list = append(list, f.Name)
		}
	}
	return list
}

// part is a member or an element of a value.
func (p *parser) part(v Value, f ctype.Field) Value {
	start, lost := v.start, v.Lost
	if v.At {
		if f.Bits == 0 {
			v = p.load(v.Place.Addr+uint64(f.Off), f.Type)
			v.start = start
			return v
		}
		place := ctype.Place{Addr: v.Place.Addr + uint64(f.Off)}
		v = Value{Type: f.Type, Place: place, At: true, Field: f, start: start}
		if p.skip == 0 {
			b := make([]byte, (f.Shift+f.Bits+7)/8)
			if err := p.env.Bytes(place.Addr, b); err != nil {
				p.fail(err.Error(), "info ranges shows what is mapped")
			}
			v.Bits = bitsOf(f.Extract(b))
		}
		return v
	}
	at := v.Place
	at.Data = at.Data[min(f.Off, len(at.Data)):]
	if at.Known != nil {
		at.Known = at.Known[min(f.Off, len(at.Known)):]
	}
	n := f.Type.Bare().Size
	if f.Bits > 0 && len(at.Data) > 0 {
		at = ctype.Place{Data: f.Extract(at.Data[:min((f.Shift+f.Bits+7)/8, len(at.Data))])}
	}
	for i := range min(n, len(at.Known)) {
		if !at.Known[i] {
			lost = "optimized out"
		}
	}
	w := Value{Type: f.Type, Place: at, Lost: lost, start: start}
	w.Bits = bitsOf(at.Data[:min(n, len(at.Data))])
	return w
}

func bitsOf(b []byte) uint64 {
	v := uint64(0)
	for i := min(len(b), 8) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// deref reads what a value points to: 8 bytes where that is not known. start is where it is written.
func (p *parser) deref(v Value, start int) Value {
	v = p.direct(v)
	p.scalar(v)
	b := v.Type.Bare()
	switch {
	case b.Kind == ctype.Func:
		return v
	case b.Kind == ctype.Float:
		p.failAt(v, "is no address", "* takes a pointer")
	}
	t := pointee(v)
	addr := extend(v)
	switch {
	case t == nil && (v.Untyped() || b.Size >= 8):
		t = long
	case t == nil:
		p.failAt(v, "is "+article(v.Type.String())+": it points to nothing", "cast it: *(TYPE *)…")
	case t.Bare().Kind == ctype.Void && p.skip == 0:
		p.failAt(v, "points to void: what is there is not known", "cast it: *(TYPE *)…")
	}
	p.from, p.to = start, max(v.end, p.last)
	r := p.load(addr, t)
	p.from, p.to = 0, 0
	return r
}

// load reads a value from memory. An array, a structure, or code, stays where it is.
func (p *parser) load(addr uint64, t *ctype.Type) Value {
	v := Value{Type: t, Place: ctype.Place{Addr: addr}, At: true, start: p.from, end: p.to}
	return p.fetch(v)
}

// fetch sets a value's Bits.
func (p *parser) fetch(v Value) Value {
	b := v.Type.Bare()
	switch {
	case v.Lost != "":
		return v
	case v.At && (b.Kind == ctype.Array || b.Kind == ctype.Func):
		v.Bits = v.Place.Addr
	case !b.Number():
	case v.Place.Data != nil:
		v.Bits = bitsOf(v.Place.Data[:min(b.Size, len(v.Place.Data))])
	case v.At && p.skip == 0:
		data := make([]byte, b.Size)
		if err := p.env.Bytes(v.Place.Addr, data); err != nil {
			p.failAt(v, err.Error(), "info ranges shows what is mapped")
		}
		v.Bits = bitsOf(data)
	}
	return v
}
