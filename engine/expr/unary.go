package expr

// unary parses prefixes, casts and what stands behind them.
func (p *parser) unary() Value {
	if p.kind == operator {
		switch p.token {
		case "-", "+", "~", "!":
			op := p.token
			p.next()
			v := p.unary()
			return sign(op, v)
		case "*":
			p.next()
			return p.deref(p.unary())
		case "&":
			p.next()
			v := p.unary()
			if !v.At {
				p.fail("has no address", "& takes a variable, a function or *something")
			}
			return Value{Bits: v.Addr, Type: &Type{Size: 8, Unsigned: true, Elem: v.Type}}
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
				v := p.unary()
				return Value{Bits: extend(extend(v.Bits, v.Type), t), Type: t}
			}
		}
	}
	return p.postfix(p.primary())
}

func sign(op string, v Value) Value {
	x := extend(v.Bits, v.Type)
	switch op {
	case "-":
		x = -x
	case "~":
		x = ^x
	case "!":
		if x != 0 {
			x = 1
		}
		return Value{Bits: x ^ 1, Type: word}
	}
	t := v.Type
	if t.Elem != nil || t.Size < 8 {
		t = word
	}
	return Value{Bits: x, Type: t}
}

// cast reads "(type)"; without a type there nothing is read.
func (p *parser) cast() (*Type, bool) {
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

const typesHint = "char, short, int, long, with unsigned, and int8_t to uint64_t, with * behind"

var typeNames = map[string]Type{
	"char": {Size: 1}, "short": {Size: 2}, "int": {Size: 4}, "long": {Size: 8}, "void": {Size: 1, Unsigned: true}, "bool": {Size: 1, Unsigned: true},
	"int8_t": {Size: 1}, "int16_t": {Size: 2}, "int32_t": {Size: 4}, "int64_t": {Size: 8},
	"uint8_t": {Size: 1, Unsigned: true}, "uint16_t": {Size: 2, Unsigned: true}, "uint32_t": {Size: 4, Unsigned: true}, "uint64_t": {Size: 8, Unsigned: true},
	"size_t": {Size: 8, Unsigned: true}, "ssize_t": {Size: 8}, "uintptr_t": {Size: 8, Unsigned: true}, "intptr_t": {Size: 8},
}

// typeName reads a type of several words and stars.
func (p *parser) typeName() (*Type, bool) {
	t, known, unsigned, signed := Type{Size: 4}, false, false, false
	for p.kind == name && !p.nameQuoted {
		switch p.token {
		case "unsigned":
			unsigned = true
		case "signed":
			signed = true
		case "const", "volatile", "struct":
		default:
			n, ok := typeNames[p.token]
			if !ok {
				return nil, false
			}
			if !known || n.Size != 4 { // "long int", "short int"
				t = n
			}
			known = true
		}
		p.next()
	}
	if !known && !unsigned && !signed {
		return nil, false
	}
	t.Unsigned = t.Unsigned || unsigned
	result := &t
	for p.is("*") {
		p.next()
		result = &Type{Size: 8, Unsigned: true, Elem: result}
	}
	return result, true
}

// postfix parses indexes.
func (p *parser) postfix(v Value) Value {
	for p.is("[") {
		p.next()
		i := p.binary(0)
		p.expect("]")
		if v.Type.Elem == nil {
			v = Value{Bits: v.Bits, Type: &Type{Size: 8, Elem: word}}
		}
		v = p.deref(p.apply("+", v, i))
	}
	return v
}

// deref reads what a value points to: 8 bytes where that is not known.
func (p *parser) deref(v Value) Value {
	t := v.Type.Elem
	if t == nil {
		t = long
	}
	return p.load(extend(v.Bits, v.Type), t)
}

// load reads a value from memory. An array, or code, stays where it is.
func (p *parser) load(addr uint64, t *Type) Value {
	v := Value{Type: t, Addr: addr, At: true}
	if t.Array || t.Code {
		v.Bits = addr
		return v
	}
	if p.skip > 0 {
		return v
	}
	bits, err := p.env.Read(addr, t.Size)
	if err != nil {
		p.fail(err.Error(), "look at the ranges for what is mapped")
	}
	v.Bits = bits
	return v
}

// primary parses numbers, registers, names and parentheses.
func (p *parser) primary() Value {
	switch p.kind {
	case number:
		v := Value{Bits: p.value, Type: word}
		if p.unsigned || p.value >= 1<<63 {
			v.Type = long
		}
		p.next()
		return v
	case register:
		return p.register()
	case name:
		return p.symbol()
	case end:
		p.fail("something is missing at the end", "an operand")
	}
	if p.is("(") {
		p.next()
		v := p.binary(0)
		p.expect(")")
		return v
	}
	p.fail("stands where an operand is missing", "a number, a $register or a symbol")
	return Value{}
}

func (p *parser) register() Value {
	v, ok := p.env.Register(p.token)
	if !ok {
		p.fail("is not a register", "$rax to $r15, $rip, $eflags, $eax and the other parts")
	}
	t := word
	if n := p.token; n == "rip" || n == "pc" || n == "rsp" || n == "sp" {
		t = long
	}
	p.next()
	return Value{Bits: v, Type: t}
}

// symbol is a function's address, or a variable's value; what is neither 1, 2, 4 nor 8 bytes long is an array of bytes.
func (p *parser) symbol() Value {
	addr, size, object, ok := p.env.Symbol(p.token)
	if !ok {
		p.fail("is not a symbol of the program or its libraries", "names as nm -C shows them, 'quoted' if they hold operators")
	}
	t := &Type{Size: 8, Code: true}
	if object {
		switch size {
		case 1, 2, 4, 8:
			t = &Type{Size: int(size)}
		default:
			t = &Type{Size: int(size), Array: true, Elem: &Type{Size: 1, Unsigned: true}}
		}
	}
	v := p.load(addr, t)
	p.next()
	return v
}
