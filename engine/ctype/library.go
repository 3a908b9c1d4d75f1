package ctype

import (
	"fmt"
	"strings"
)

// library writes what C++'s standard library (GNU's) and Go have for text and lists as gdb's printers for them do.
func (p *Printer) library(t *Type, at Place) (string, bool) {
	if p.bytewise(t) {
		return "", false
	}
	name := template(t.Name)
	switch {
	case strings.HasPrefix(name, "basic_string<char,"):
		return p.counted(t, at, "_M_p", "_M_string_length")
	case strings.HasPrefix(name, "basic_string_view<char,"):
		return p.counted(t, at, "_M_str", "_M_len")
	case name == "string" && len(t.Fields()) == 2: // Go
		return p.counted(t, at, "str", "len")
	case strings.HasPrefix(name, "vector<") && !strings.HasPrefix(name, "vector<bool"):
		return p.vector(t, at)
	case strings.HasPrefix(name, "unique_ptr<"):
		if ptr, typ, ok := p.member(t, at, "_M_head_impl"); ok {
			first, _, found := strings.Cut(name, ", std::default_delete")
			if found {
				first += ">"
			}
			return "std::" + first + " = {get() = " + p.scalar(typ, word(ptr)) + "}", true
		}
	}
	return "", false
}

// template is a type's name without its namespaces.
func template(name string) string {
	arguments := strings.IndexByte(name, '<')
	if arguments < 0 {
		arguments = len(name)
	}
	if i := strings.LastIndex(name[:arguments], "::"); i >= 0 {
		return name[i+len("::"):]
	}
	return name
}

// Elements is the member that leads to the elements of a list or text of the standard library (GNU's), or of a slice of Go's.
func (t *Type) Elements() (Field, bool) {
	name := template(t.Name)
	member := ""
	switch {
	case strings.HasPrefix(name, "vector<") && !strings.HasPrefix(name, "vector<bool"):
		member = "_M_start"
	case strings.HasPrefix(name, "basic_string<"):
		member = "_M_p"
	case strings.HasPrefix(name, "array<"):
		member = "_M_elems"
	case strings.HasPrefix(t.Name, "[]"):
		member = "array"
	default:
		return Field{}, false
	}
	off, typ, ok := deep(t, member, 0)
	return Field{Name: member, Type: typ, Off: off}, ok
}

// member reads a pointer or number somewhere inside a structure.
func (p *Printer) member(t *Type, at Place, name string) (uint64, *Type, bool) {
	off, typ, ok := deep(t, name, 0)
	if !ok || typ.Bare().Size > 8 {
		return 0, nil, false
	}
	b, bad := p.bytes(at.at(off), typ.Bare().Size)
	return bits(b), typ.Bare(), bad == ""
}

// deep finds a member of a structure or of one of its members.
func deep(t *Type, name string, level int) (int, *Type, bool) {
	const levels = 6
	for _, f := range t.Fields() {
		if b := f.Type.Bare(); f.Name == name && !f.Base && (b.Size == 8 || b.Kind == Array) { // not an empty class of that name
			return f.Off, f.Type, true
		}
		if inner := f.Type.Bare(); inner.Kind == Struct && level < levels {
			if off, typ, ok := deep(inner, name, level+1); ok {
				return f.Off + off, typ, true
			}
		}
	}
	return 0, nil, false
}

// counted is text of a length that is kept beside it.
func (p *Printer) counted(t *Type, at Place, text, length string) (string, bool) {
	addr, _, ok1 := p.member(t, at, text)
	n, _, ok2 := p.member(t, at, length)
	if !ok1 || !ok2 || n > 1<<40 {
		return "", false
	}
	b := make([]byte, min(n, 2*most))
	if err := p.Bytes(addr, b); err != nil {
		return "", false
	}
	return quote(b, uint64(len(b)) < n), true
}

func (p *Printer) vector(t *Type, at Place) (string, bool) {
	start, typ, ok := p.member(t, at, "_M_start")
	finish, _, ok2 := p.member(t, at, "_M_finish")
	end, _, ok3 := p.member(t, at, "_M_end_of_storage")
	if !ok || !ok2 || !ok3 || typ.Kind != Pointer || finish < start || end < finish {
		return "", false
	}
	e := typ.Elem
	size := uint64(max(e.Bare().Size, 1))
	n := (finish - start) / size
	s := fmt.Sprintf("std::vector of length %d, capacity %d", n, (end-start)/size)
	if n == 0 {
		return s, true
	}
	elements := ArrayOf(sized(e), int(min(n, 1<<20)))
	var b strings.Builder
	b.WriteString(s + " = ")
	if e.Bare().Text() { // a list of numbers here
		inner := *p
		inner.Format = 0
		var parts []string
		for i := range min(n, most) {
			parts = append(parts, inner.value(e, Place{Addr: start + i*size}))
		}
		b.WriteString("{" + strings.Join(parts, ", "))
		if n > most {
			b.WriteString("...")
		}
		b.WriteString("}")
		return b.String(), true
	}
	b.WriteString(p.array(elements, Place{Addr: start}))
	return b.String(), true
}

// sized is a type whose Size is that of what it stands for.
func sized(t *Type) *Type {
	if t.Size == t.Bare().Size {
		return t
	}
	c := *t
	c.Size = t.Bare().Size
	return &c
}

func word(v uint64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b
}
