package expr

// levels are C's binary operators, weakest first.
var levels = [][]string{
	{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", "<=", ">", ">="}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"},
}

// binary parses operators of a level and stronger; ?: is weaker than all of them.
func (p *parser) binary(level int) Value {
	if level == len(levels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for p.kind == operator && contains(levels[level], p.token) {
		op := p.token
		short := op == "||" && left.Bits != 0 || op == "&&" && left.Bits == 0
		if short {
			p.skip++
		}
		p.next()
		at := *p
		right := p.binary(level + 1)
		if short {
			p.skip--
			right = left
		}
		left = at.apply(op, left, right)
	}
	if level == 0 && p.is("?") {
		return p.choice(left)
	}
	return left
}

func (p *parser) choice(c Value) Value {
	arm := func(wanted bool) Value {
		if !wanted {
			p.skip++
			defer func() { p.skip-- }()
		}
		p.next()
		return p.binary(0)
	}
	yes := arm(c.Bits != 0)
	if !p.is(":") {
		p.expect(":")
	}
	no := arm(c.Bits == 0)
	if c.Bits != 0 {
		return yes
	}
	return no
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// apply computes a binary operator. Pointers count in elements.
func (p *parser) apply(op string, a, b Value) Value {
	switch {
	case (op == "+" || op == "-") && a.Type.Elem != nil && b.Type.Elem == nil:
		n := extend(b.Bits, b.Type) * uint64(max(a.Type.Elem.Size, 1))
		if op == "-" {
			n = -n
		}
		return Value{Bits: a.Bits + n, Type: &Type{Size: 8, Elem: a.Type.Elem, Unsigned: true}}
	case op == "+" && b.Type.Elem != nil:
		return p.apply(op, b, a)
	}
	x, y := extend(a.Bits, a.Type), extend(b.Bits, b.Type)
	t := word
	if wide(a.Type) || wide(b.Type) {
		t = long
	}
	if (op == "/" || op == "%") && y == 0 {
		if p.skip > 0 {
			return Value{Type: t}
		}
		p.fail("is zero: nothing can be divided by it", "change the divisor")
	}
	v, comparison := compute(op, x, y, t.Unsigned)
	if comparison {
		t = word
	}
	if op == "-" && a.Type.Elem != nil && b.Type.Elem != nil {
		v = uint64(int64(v) / int64(max(a.Type.Elem.Size, 1)))
	}
	return Value{Bits: v, Type: t}
}

// wide says whether a type makes an operation unsigned, as in C: 8 bytes without a sign, or an address.
func wide(t *Type) bool { return t.Elem != nil || t.Code || t.Unsigned && t.Size >= 8 }

func compute(op string, x, y uint64, unsigned bool) (v uint64, comparison bool) {
	less := int64(x) < int64(y)
	if unsigned {
		less = x < y
	}
	truth := func(b bool) (uint64, bool) {
		if b {
			return 1, true
		}
		return 0, true
	}
	switch op {
	case "||":
		return truth(x != 0 || y != 0)
	case "&&":
		return truth(x != 0 && y != 0)
	case "==":
		return truth(x == y)
	case "!=":
		return truth(x != y)
	case "<":
		return truth(less)
	case ">=":
		return truth(!less)
	case ">":
		return truth(!less && x != y)
	case "<=":
		return truth(less || x == y)
	case "|":
		return x | y, false
	case "^":
		return x ^ y, false
	case "&":
		return x & y, false
	case "<<":
		return x << (y & 63), false
	case ">>":
		if unsigned {
			return x >> (y & 63), false
		}
		return uint64(int64(x) >> (y & 63)), false
	case "+":
		return x + y, false
	case "-":
		return x - y, false
	case "*":
		return x * y, false
	}
	if unsigned {
		if op == "/" {
			return x / y, false
		}
		return x % y, false
	}
	if y == ^uint64(0) { // the one division that would trap
		if op == "/" {
			return -x, false
		}
		return 0, false
	}
	if op == "/" {
		return uint64(int64(x) / int64(y)), false
	}
	return uint64(int64(x) % int64(y)), false
}
