package expr

import (
	"fmt"
	"math"
	"slices"

	"kmv/engine/ctype"
)

// levels are C's binary operators, weakest first; @ is gdb's.
var levels = [][]string{
	{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", "<=", ">", ">="}, {"<<", ">>"}, {"@"}, {"+", "-"}, {"*", "/", "%"},
}

// binary parses operators of a level and stronger; ?: is weaker than all of them.
func (p *parser) binary(level int) Value {
	if level == len(levels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for p.kind == operator && slices.Contains(levels[level], p.token) {
		op := p.token
		at := *p
		short := p.skip == 0 && (op == "||" && p.truth(left) || op == "&&" && !p.truth(left))
		if short {
			p.skip++
		}
		p.next()
		right := p.binary(level + 1)
		if short {
			p.skip--
			left = truth(op == "||")
			continue
		}
		start, stop := left.start, right.end
		left = at.apply(op, left, right)
		left.start, left.end = start, stop
	}
	if level == 0 && p.is("?") {
		return p.choice(left)
	}
	return left
}

func (p *parser) choice(c Value) Value {
	yes := p.truth(c)
	arm := func(wanted bool) Value {
		if !wanted {
			p.skip++
			defer func() { p.skip-- }()
		}
		p.next()
		return p.binary(0)
	}
	a := arm(yes)
	if !p.is(":") {
		p.expect(":")
	}
	b := arm(!yes)
	if yes {
		return a
	}
	return b
}

// truth says whether a value counts as true.
func (p *parser) truth(v Value) bool {
	v = p.direct(v)
	p.scalar(v)
	if v.Type.Bare().Kind == ctype.Float {
		return p.floating(v) != 0
	}
	return extend(v) != 0
}

// truth is C's value of a comparison.
func truth(b bool) Value {
	v := Value{Type: ctype.IntType}
	if b {
		v.Bits = 1
	}
	return v
}

// scalar fails for what one cannot calculate with.
func (p *parser) scalar(v Value) {
	p.known(v)
	if b := v.Type.Bare(); b.Kind == ctype.Struct || b.Kind == ctype.Void || b.Size > 8 && b.Kind == ctype.Int {
		p.failAt(v, "is "+article(v.Type.String())+": one cannot calculate with it", "take a member: .NAME, or print it as a whole")
	}
}

// known fails for what has no value here.
func (p *parser) known(v Value) {
	if v.Lost != "" && p.skip == 0 {
		p.failAt(v, "is "+v.Lost+" here", "its value is not kept at this instruction: look at another line or frame, or at the registers")
	}
}

func article(name string) string {
	if name != "" && slices.Contains([]byte("aeiou"), name[0]) {
		return "an " + name
	}
	return "a " + name
}

// pointee is what a pointer or an array leads to, nil for other values.
func pointee(v Value) *ctype.Type {
	if b := v.Type.Bare(); b.Kind == ctype.Pointer || b.Kind == ctype.Array {
		return b.Elem
	}
	return nil
}

// stride is by how much a pointer to a type counts.
func stride(t *ctype.Type) uint64 {
	t.Bare().Complete()
	return uint64(max(t.Bare().Size, 1))
}

// apply computes a binary operator. Pointers count in elements.
func (p *parser) apply(op string, a, b Value) Value {
	a, b = p.direct(a), p.direct(b)
	if op == "@" {
		return p.repeat(a, b)
	}
	p.scalar(a)
	p.scalar(b)
	to, from := pointee(a), pointee(b)
	switch {
	case (op == "+" || op == "-") && to != nil && from == nil:
		n := extend(b) * stride(to)
		if op == "-" {
			n = -n
		}
		return Value{Bits: a.Bits + n, Type: ctype.PointerTo(to)}
	case op == "+" && from != nil && to == nil:
		return p.apply(op, b, a)
	case a.Type.Bare().Kind == ctype.Float || b.Type.Bare().Kind == ctype.Float:
		return p.floats(op, a, b)
	}
	x, y := extend(a), extend(b)
	t := common(a, b)
	if t.Size < 8 && t.Unsigned {
		x, y = t.Extend(x), t.Extend(y)
	}
	if (op == "/" || op == "%") && y == 0 {
		if p.skip > 0 {
			return Value{Type: t}
		}
		p.failAt(b, "is zero: nothing can be divided by it", "change the divisor")
	}
	v, comparison := compute(op, x, y, t.Unsigned)
	switch {
	case comparison:
		return truth(v != 0)
	case op == "-" && to != nil && from != nil:
		return Value{Bits: uint64(int64(v) / int64(stride(to))), Type: ctype.LongType}
	case t.Size < 8 && t.Unsigned:
		v = t.Extend(v)
	case t.Size < 8 && int64(v) != int64(int32(v)):
		t = ctype.LongType // C would cut it off
	}
	return Value{Bits: v, Type: t}
}

// repeat is gdb's @: so many elements that begin at a value in memory.
func (p *parser) repeat(a, b Value) Value {
	const most = 1 << 20
	p.scalar(b)
	n := b.Int()
	if p.skip > 0 {
		n = 1
	}
	if !a.At || a.Field.Bits > 0 {
		p.failAt(a, "is not in memory", "@ repeats what is: *pointer@COUNT")
	}
	if n < 1 || n > most {
		p.failAt(b, "is not a count of elements", "@ takes 1 to 1048576")
	}
	a.Type.Bare().Complete()
	t := ctype.ArrayOf(a.Type, int(n))
	t.Size = int(n) * int(stride(a.Type))
	return Value{Type: t, Bits: a.Place.Addr, Place: a.Place, At: true}
}

// common is the type of an operation on two numbers, as in C; of what is not known it stays so.
func common(a, b Value) *ctype.Type {
	x, y := a.Type.Bare(), b.Type.Bare()
	unsigned := wide(x) || wide(y)
	if a.Untyped() || b.Untyped() {
		if unsigned {
			return long
		}
		return word
	}
	if max(size(x), size(y)) < 8 {
		if x.Unsigned && x.Size == 4 || y.Unsigned && y.Size == 4 {
			return &ctype.Type{Kind: ctype.Int, Name: "unsigned int", Size: 4, Unsigned: true}
		}
		return ctype.IntType
	}
	if unsigned {
		return ctype.ULongType
	}
	return ctype.LongType
}

// size is that of a value, of an address where the value is one.
func size(t *ctype.Type) int {
	if t.Kind == ctype.Array || t.Kind == ctype.Func {
		return 8
	}
	return t.Size
}

// wide says whether a type makes an operation unsigned, as in C: 8 bytes without a sign, or an address.
func wide(t *ctype.Type) bool {
	return size(t) >= 8 && t.Unsigned || t.Kind == ctype.Array || t.Kind == ctype.Func
}

// floating is a value as a floating point number.
func (p *parser) floating(v Value) float64 {
	b := v.Type.Bare()
	if b.Kind != ctype.Float {
		if wide(b) {
			return float64(extend(v))
		}
		return float64(v.Int())
	}
	if v.Place.Data == nil && !v.At {
		return math.Float64frombits(v.Bits)
	}
	return ctype.Floating(p.bytes(v))
}

// bytes are those of a value.
func (p *parser) bytes(v Value) []byte {
	n := v.Type.Bare().Size
	if p.skip > 0 {
		return make([]byte, n)
	}
	if v.Place.Data != nil {
		return slices.Clone(v.Place.Data[:min(n, len(v.Place.Data))])
	}
	b := make([]byte, n)
	if err := p.env.Bytes(v.Place.Addr, b); err != nil {
		p.failAt(v, err.Error(), "info ranges shows what is mapped")
	}
	return b
}

// floats computes an operator on floating point numbers.
func (p *parser) floats(op string, a, b Value) Value {
	x, y := p.floating(a), p.floating(b)
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
		return truth(x < y)
	case "<=":
		return truth(x <= y)
	case ">":
		return truth(x > y)
	case ">=":
		return truth(x >= y)
	case "+":
		x += y
	case "-":
		x -= y
	case "*":
		x *= y
	case "/":
		x /= y
	default:
		p.fail("is for integers", "cast to (long) first")
	}
	return double(x)
}

func double(x float64) Value { return Value{Bits: math.Float64bits(x), Type: ctype.DoubleType} }

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
	return divide(op, x, y, unsigned), false
}

func divide(op string, x, y uint64, unsigned bool) uint64 {
	switch {
	case unsigned && op == "/":
		return x / y
	case unsigned:
		return x % y
	case y == ^uint64(0) && op == "/": // the one division that would trap
		return -x
	case y == ^uint64(0):
		return 0
	case op == "/":
		return uint64(int64(x) / int64(y))
	}
	return uint64(int64(x) % int64(y))
}

// failAt reports what a value was written as.
func (p *parser) failAt(v Value, problem, hint string) {
	if v.end > v.start {
		panic(&Error{p.text, v.start, v.end, problem, hint})
	}
	p.fail(problem, hint)
}

// named reports a token that was read before.
func (p *parser) named(start, stop int, problem, hint string) {
	panic(&Error{p.text, start, stop, problem, fmt.Sprint(hint)})
}
