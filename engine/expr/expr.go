// Package expr evaluates what people type at a debugger: C expressions over registers, variables and memory.
//
//	$rdi + 8      accounts[2].id      *(int*)($rsp+4)      buf[3] == 'x'      head->next->value      *list@5
//
// It is pure: an Environment answers for registers, names, types and memory. What no debug information tells of is a number or
// bytes: its type is then told by the size of its symbol.
package expr

import (
	"fmt"

	"kmv/engine/ctype"
)

// Environment is what an expression can speak of.
type Environment interface {
	// Register gives a register by its name without $.
	Register(name string) (uint64, bool)
	// Variable gives what a name means here: a variable, or a function. Its Bits are not set yet.
	Variable(name string) (Value, bool)
	// Type gives a type by its name, "struct node" or "size_t"; nil is none.
	Type(name string) *ctype.Type
	// Bytes fills b from native memory.
	Bytes(addr uint64, b []byte) error
}

// Error says which part of an expression is wrong.
type Error struct {
	Text       string
	Start, End int // the bad token
	Problem    string
	Hint       string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Text[e.Start:e.End], e.Problem) }

// What no debug information tells of: a register or a symbol's bytes, with a sign or without one.
var (
	word = &ctype.Type{Kind: ctype.Int, Name: "long", Size: 8}
	long = &ctype.Type{Kind: ctype.Int, Name: "unsigned long", Size: 8, Unsigned: true}

	variables = map[uint64]*ctype.Type{1: unknown(1), 2: unknown(2), 4: unknown(4), 8: unknown(8)}
)

func unknown(size int) *ctype.Type {
	return &ctype.Type{Kind: ctype.Int, Size: size, Name: "<variable, no debug information>"}
}

// Value is a result. Where At is set it is in memory, at Place.Addr; else Place.Data has it if it is not just Bits.
type Value struct {
	Bits       uint64 // of a number of at most eight bytes, an address, a function or an array in memory
	Type       *ctype.Type
	Place      ctype.Place
	At         bool
	Field      ctype.Field // of a bit field: its Bits and Shift
	Lost       string      // why it is not known
	start, end int         // of what it was written as
}

// Int is the value as a number: sign-extended from its size.
func (v Value) Int() int64 { return int64(extend(v)) }

// Untyped says whether nothing is known of the value but its bits.
func (v Value) Untyped() bool {
	return v.Type == word || v.Type == long || v.Type == variables[uint64(v.Type.Size)]
}

// Where is where the value's bytes are, for a Printer.
func (v Value) Where() ctype.Place {
	if v.At && v.Field.Bits == 0 || v.Place.Data != nil {
		return v.Place
	}
	return ctype.Place{Data: bytesOf(v.Bits, max(v.Type.Bare().Size, 8))}
}

// Symbol is the value of a symbol that nothing more is known of: a function's address, or a variable's bytes. What is neither 1, 2,
// 4 nor 8 bytes long is an array of bytes.
func Symbol(addr, size uint64, object bool) Value {
	t := &ctype.Type{Kind: ctype.Func, Size: 1, Elem: ctype.IntType, Opaque: true}
	if object {
		if t = variables[size]; t == nil {
			t = ctype.ArrayOf(&ctype.Type{Kind: ctype.Int, Name: "byte", Size: 1, Unsigned: true}, int(size))
		}
	}
	return Value{Type: t, Place: ctype.Place{Addr: addr}, At: true}
}

// extend makes a value of its type 64 bits wide.
func extend(v Value) uint64 {
	if b := v.Type.Bare(); b.Number() && b.Kind != ctype.Pointer {
		return b.Extend(v.Bits)
	}
	return v.Bits
}

func bytesOf(v uint64, n int) []byte {
	b := make([]byte, n)
	for i := range min(n, 8) {
		b[i] = byte(v >> (8 * i))
	}
	return b
}

// Eval gives the value of an expression. An error is an *Error.
func Eval(text string, env Environment) (Value, error) {
	p := &parser{text: text, env: env}
	return p.whole()
}

// Check says whether an expression has a meaning, without looking at memory or values.
func Check(text string, env Environment) error {
	p := &parser{text: text, env: env, skip: 1}
	_, err := p.whole()
	return err
}

// TypeOf is the type of an expression, or the type that the text names; expression says which.
func TypeOf(text string, env Environment) (t *ctype.Type, expression bool, err error) {
	p := &parser{text: text, env: env, skip: 1}
	defer p.recovered(&err)
	p.next()
	if t, ok := p.typeName(); ok && p.kind == end {
		return t, false, nil
	}
	v, err := Value{}, error(nil)
	if v, err = (&parser{text: text, env: env, skip: 1}).whole(); err != nil {
		return nil, true, err
	}
	return v.Type, true, nil
}

func (p *parser) whole() (v Value, err error) {
	defer p.recovered(&err)
	p.next()
	v = p.binary(0)
	if p.kind != end {
		p.fail("was not expected here", "operators are those of C; quote names with '…' if they hold others")
	}
	if b := v.Type.Bare(); v.At && p.skip == 0 && (b.Kind == ctype.Struct || b.Kind == ctype.Array) && b.Size > 0 {
		var first [1]byte
		if err := p.env.Bytes(v.Place.Addr, first[:]); err != nil {
			p.failAt(v, err.Error(), "info ranges shows what is mapped")
		}
	}
	return v, nil
}

func (p *parser) recovered(err *error) {
	if r := recover(); r != nil {
		e, ok := r.(*Error)
		if !ok {
			panic(r)
		}
		*err = e
	}
}

// Address is the address that an expression means where memory is to be shown: what is no number and no address decays to where it
// is, as in gdb's x command.
func Address(text string, env Environment) (uint64, error) {
	v, err := Eval(text, env)
	if err != nil {
		return 0, err
	}
	if v.Lost != "" {
		return 0, &Error{text, 0, len(text), "is " + v.Lost, "it has no place in memory here"}
	}
	if b := v.Type.Bare(); v.At && (b.Kind == ctype.Struct || b.Kind == ctype.Array || b.Kind == ctype.Func || b.Kind == ctype.Float) {
		return v.Place.Addr, nil
	}
	return v.Bits, nil
}
