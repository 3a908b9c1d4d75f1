// Package expr evaluates what people type at a debugger: C expressions over registers, symbols and memory.
//
//	$rdi + 8      main      *(int*)($rsp+4)      buf[3] == 'x'      &counter      {char}0x404010
//
// It is pure: an Environment answers for registers, names and memory. Types are sizes and signs, no more: what a name
// holds is told by the size of its symbol. Numbers are 64 bits wide.
package expr

import "fmt"

// Environment is what an expression can speak of.
type Environment interface {
	// Register gives a register by its name without $.
	Register(name string) (uint64, bool)
	// Symbol gives a name's address; size is 0 for code, and for what has none.
	Symbol(name string) (addr, size uint64, object, ok bool)
	// Read gives size bytes of native memory, little endian, at most 8.
	Read(addr uint64, size int) (uint64, error)
}

// Error says which part of an expression is wrong.
type Error struct {
	Text       string
	Start, End int // the bad token
	Problem    string
	Hint       string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Text[e.Start:e.End], e.Problem) }

// Type is the size of a value in bytes, its sign, or, of a pointer, what it points to.
type Type struct {
	Size     int
	Unsigned bool
	Elem     *Type // of a pointer or an array
	Array    bool  // Size bytes of Elem: its value is its address
	Code     bool  // a function: its value is its address
}

var (
	word = &Type{Size: 8}
	long = &Type{Size: 8, Unsigned: true}
)

// Value is a result. Addr is where it is kept, if it is anywhere.
type Value struct {
	Bits uint64
	Type *Type
	Addr uint64
	At   bool // Addr is valid
}

// Int is the value as a number: sign-extended from its size.
func (v Value) Int() int64 { return int64(extend(v.Bits, v.Type)) }

// extend makes a value of its type 64 bits wide.
func extend(bits uint64, t *Type) uint64 {
	if t.Elem != nil || t.Code || t.Size >= 8 || t.Size <= 0 {
		return bits
	}
	shift := 64 - 8*uint(t.Size)
	if t.Unsigned {
		return bits << shift >> shift
	}
	return uint64(int64(bits<<shift) >> shift)
}

// Eval gives the value of an expression. An error is an *Error.
func Eval(text string, env Environment) (v Value, err error) {
	p := &parser{text: text, env: env}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	p.next()
	v = p.binary(0)
	if p.kind != end {
		p.fail("was not expected here", "operators are those of C; quote names with '…' if they hold others")
	}
	return v, nil
}

// Address is the address that an expression means where memory is to be shown: what an lvalue in parentheses or an array
// decays to is its value, as in gdb's x command.
func Address(text string, env Environment) (uint64, error) {
	v, err := Eval(text, env)
	return v.Bits, err
}
