package expr

import (
	"math"

	"kmv/engine/ctype"
)

// primary parses numbers, registers, names and parentheses.
func (p *parser) primary() Value {
	start := p.start
	v := p.operand()
	v.start, v.end = start, p.last
	return v
}

func (p *parser) operand() Value {
	switch p.kind {
	case number:
		return p.constant()
	case text:
		v := Value{Type: ctype.ArrayOf(ctype.CharType, len(p.token)+1), Place: ctype.Place{Data: append([]byte(p.token), 0)}}
		p.next()
		return v
	case register:
		return p.register()
	case name:
		return p.variable()
	case end:
		p.fail("something is missing at the end", "an operand")
	}
	if p.is("(") {
		p.next()
		v := p.binary(0)
		p.expect(")")
		return v
	}
	p.fail("stands where an operand is missing", "a number, a $register or a name")
	return Value{}
}

func (p *parser) constant() Value {
	v := Value{Bits: p.value, Type: ctype.IntType}
	switch {
	case p.fraction:
		v = double(p.float)
	case p.char:
		v.Type = ctype.CharType
	case p.unsigned || p.value >= 1<<63:
		v.Type = ctype.ULongType
	case p.value > math.MaxInt32:
		v.Type = ctype.LongType
	}
	p.next()
	return v
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

// variable is what a name means. Go's names have points in them: as many parts are taken as it needs to be known.
func (p *parser) variable() Value {
	start, whole := p.start, p.token
	stop := p.pos
	v, found := p.env.Variable(whole)
	after := *p
	for !found || !parts(v) {
		p.next()
		if !p.is(".") {
			break
		}
		if p.next(); p.kind != name {
			break
		}
		whole += "." + p.token
		if longer, ok := p.env.Variable(whole); ok {
			v, found, after = longer, true, *p
		}
	}
	*p = after
	if found {
		v.start, v.end = start, p.pos
		v = p.fetch(v)
		p.next()
		return v
	}
	if t := p.env.Type(p.text[start:stop]); t != nil {
		p.named(start, stop, "is a type", "(TYPE)EXPRESSION is a cast; ptype shows a type")
	}
	p.named(start, stop, "is not a variable here, nor a symbol of the program or its libraries", "info locals lists the frame's; 'quote' names as nm -C shows them if they hold operators")
	return Value{}
}

// parts says whether a value may have members.
func parts(v Value) bool {
	k := v.Type.Bare().Kind
	return k == ctype.Struct || k == ctype.Pointer || k == ctype.Reference
}
