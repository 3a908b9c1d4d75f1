package ctype

import (
	"bytes"
	"fmt"
	"strings"
)

// Memory is what a Printer asks for.
type Memory interface {
	// Bytes fills b from native memory.
	Bytes(addr uint64, b []byte) error
	// Name gives the symbol of an address as <main+4>, or "". Of a function's own address exact is true.
	Name(addr uint64) string
}

// Place is where a value is: in memory, or, where Data is not nil, there. Known, if it is not nil, says which of its bytes are.
type Place struct {
	Addr  uint64
	Data  []byte
	Known []bool
}

// at is the part of a place that begins n bytes into it.
func (p Place) at(n int) Place {
	if p.Data == nil {
		return Place{Addr: p.Addr + uint64(n)}
	}
	p.Data = p.Data[min(n, len(p.Data)):]
	if p.Known != nil {
		p.Known = p.Known[min(n, len(p.Known)):]
	}
	return p
}

// Printer writes values as gdb's print does.
type Printer struct {
	Memory
	Format byte // x d u o t c a f s z; 0 is as the type has it
}

// What one value is written of at the most, as gdb has it.
const (
	most      = 200 // elements or characters
	threshold = 10  // equal ones in a row that are written one by one
)

const optimizedOut = "<optimized out>"

// Text writes a value. A pointer says what it points to.
func (p *Printer) Text(t *Type, at Place) string {
	b := t.Bare()
	switch {
	case b.Kind == Pointer && !p.bytewise(b) && p.Format == 0 && !b.Elem.Bare().Text():
		return "(" + t.String() + ") " + p.value(t, at)
	case b.Kind == Reference && p.Format == 0:
		return "(" + t.String() + ") " + p.value(t, at)
	case b.Kind == Func:
		return "{" + t.String() + "} " + p.address(at.Addr)
	case !b.Complete():
		return "<incomplete type>"
	}
	return p.value(t, at)
}

// Inner writes a value as a part of another one, or as a parameter or local variable: a pointer without its type.
func (p *Printer) Inner(t *Type, at Place) string {
	if b := t.Bare(); b.Kind == Func || !b.Complete() {
		return p.Text(t, at)
	}
	return p.value(t, at)
}

// bytewise says whether a format is for the numbers that a value is made of.
func (p *Printer) bytewise(*Type) bool { return p.Format != 0 && p.Format != 's' }

// bytes reads a value, whole; "" is the reason why that is not possible.
func (p *Printer) bytes(at Place, size int) ([]byte, string) {
	if at.Data != nil {
		for i := range min(size, len(at.Known)) {
			if !at.Known[i] {
				return nil, optimizedOut
			}
		}
		if len(at.Data) < size {
			return nil, optimizedOut
		}
		return at.Data[:size], ""
	}
	b := make([]byte, size)
	if err := p.Bytes(at.Addr, b); err != nil {
		return nil, fmt.Sprintf("<error: cannot read %#x>", at.Addr)
	}
	return b, ""
}

func (p *Printer) value(t *Type, at Place) string {
	b := t.Bare()
	switch b.Kind {
	case Void:
		return "void"
	case Array:
		return p.array(b, at)
	case Struct:
		return p.structure(b, at)
	case Func:
		return p.address(at.Addr)
	case Reference:
		return p.reference(b, at)
	}
	data, bad := p.bytes(at, b.Size)
	if bad != "" {
		return bad
	}
	return p.scalar(b, data)
}

// scalar writes a value that is one number.
func (p *Printer) scalar(t *Type, data []byte) string {
	if p.bytewise(t) {
		return p.formatted(t, data)
	}
	v := bits(data)
	switch t.Kind {
	case Float:
		return float(data)
	case Pointer:
		return p.pointer(t, v)
	case Bool:
		switch v {
		case 0:
			return "false"
		case 1:
			return "true"
		}
		return fmt.Sprint(v)
	case Char:
		return p.character(t, v)
	case Enum:
		return t.enum(int64(t.Extend(v)))
	}
	if len(data) > 8 {
		return wide(data, t.Unsigned)
	}
	return number(t, v)
}

func number(t *Type, v uint64) string {
	if t.Unsigned {
		return fmt.Sprint(t.Extend(v))
	}
	return fmt.Sprint(int64(t.Extend(v)))
}

// character is its number and how it is written in C.
func (p *Printer) character(t *Type, v uint64) string {
	if t.Size > 1 {
		return fmt.Sprintf("%s %s", number(t, v), wideQuote(t, v))
	}
	return number(t, v) + " '" + escape(byte(v), '\'') + "'"
}

func wideQuote(t *Type, v uint64) string {
	prefix := map[int]string{2: "u", 4: "U"}[t.Size]
	if t.Name == "wchar_t" {
		prefix = "L"
	}
	if v < 128 {
		return prefix + "'" + escape(byte(v), '\'') + "'"
	}
	return fmt.Sprintf("%s'%c'", prefix, rune(v))
}

// address is an address with its symbol.
func (p *Printer) address(v uint64) string {
	s := fmt.Sprintf("%#x", v)
	if name := p.Name(v); name != "" {
		s += " <" + name + ">"
	}
	return s
}

// pointer is an address with what it is of: a string, or a symbol.
func (p *Printer) pointer(t *Type, v uint64) string {
	s := p.address(v)
	if v == 0 || !t.Elem.Bare().Text() {
		return s
	}
	return s + " " + p.cstring(v)
}

// cstring is the text at an address, up to its zero. It is read in pieces that end where pages do: what follows may not be there.
func (p *Printer) cstring(addr uint64) string {
	const page, piece = 4096, 64
	var text []byte
	for len(text) < most {
		at := addr + uint64(len(text))
		b := make([]byte, min(piece, page-at%page))
		if err := p.Bytes(at, b); err != nil {
			b = b[:1] // perhaps less than a page
			if err := p.Bytes(at, b); err != nil {
				failed := fmt.Sprintf("<error: Cannot access memory at address %#x>", at)
				if len(text) == 0 {
					return failed
				}
				return quote(text, false) + failed
			}
		}
		if n := bytes.IndexByte(b, 0); n >= 0 {
			return quote(append(text, b[:n]...), len(text)+n > most)
		}
		text = append(text, b...)
	}
	return quote(text, true)
}

func (p *Printer) reference(t *Type, at Place) string {
	data, bad := p.bytes(at, 8)
	if bad != "" {
		return bad
	}
	to := bits(data)
	return fmt.Sprintf("@%#x: %s", to, p.value(t.Elem, Place{Addr: to}))
}

// structure writes the members of a structure.
func (p *Printer) structure(t *Type, at Place) string {
	if !t.Complete() {
		return "<incomplete type>"
	}
	if s, ok := p.library(t, at); ok {
		return s
	}
	var parts []string
	for _, f := range t.Fields() {
		s := p.field(f, at)
		switch {
		case f.Base:
			s = "<" + f.Type.String() + "> = " + s
		case f.Name != "":
			s = f.Name + " = " + s
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 && at.Data == nil {
		return "{<No data fields>}"
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (p *Printer) field(f Field, at Place) string {
	if f.Type.Bare().Kind == Reference { // of a part only where it leads to, as gdb has it
		data, bad := p.bytes(at.at(f.Off), 8)
		if bad != "" {
			return bad
		}
		return fmt.Sprintf("@%#x", bits(data))
	}
	if f.Bits == 0 {
		return p.value(f.Type, at.at(f.Off))
	}
	data, bad := p.bytes(at.at(f.Off), (f.Shift+f.Bits+7)/8)
	if bad != "" {
		return bad
	}
	return p.scalar(f.Type.Bare(), f.Extract(data))
}

// Extract gives a bit field's value as bytes of its type.
func (f Field) Extract(data []byte) []byte {
	v := bits(data) >> f.Shift
	if len(data) > 8 {
		v |= uint64(data[8]) << (64 - f.Shift)
	}
	up := 64 - uint(f.Bits)
	if t := f.Type.Bare(); t.Unsigned || t.Kind == Bool {
		v = v << up >> up
	} else {
		v = uint64(int64(v<<up) >> up)
	}
	out := make([]byte, max(f.Type.Bare().Size, 1))
	for i := range out {
		out[i] = byte(v >> (8 * i))
	}
	return out
}
