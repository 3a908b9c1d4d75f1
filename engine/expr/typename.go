package expr

import (
	"strings"

	"kmv/engine/ctype"
)

const typesHint = "char, short, int, long, with unsigned, int8_t to uint64_t, the program's own, with * behind"

// builtin are the types that every program has.
var builtin = map[string]*ctype.Type{
	"char": ctype.CharType, "short": integer("short", 2, false), "int": ctype.IntType, "long": ctype.LongType, "void": ctype.VoidType,
	"float": {Kind: ctype.Float, Name: "float", Size: 4}, "double": ctype.DoubleType,
	"bool": {Kind: ctype.Bool, Name: "bool", Size: 1, Unsigned: true}, "_Bool": {Kind: ctype.Bool, Name: "_Bool", Size: 1, Unsigned: true},
	"int8_t": integer("int8_t", 1, false), "int16_t": integer("int16_t", 2, false), "int32_t": integer("int32_t", 4, false), "int64_t": integer("int64_t", 8, false),
	"uint8_t": integer("uint8_t", 1, true), "uint16_t": integer("uint16_t", 2, true), "uint32_t": integer("uint32_t", 4, true), "uint64_t": integer("uint64_t", 8, true),
	"size_t": integer("size_t", 8, true), "ssize_t": integer("ssize_t", 8, false), "uintptr_t": integer("uintptr_t", 8, true), "intptr_t": integer("intptr_t", 8, false),
}

func integer(name string, size int, unsigned bool) *ctype.Type {
	k := ctype.Int
	if size == 1 {
		k = ctype.Char
	}
	return &ctype.Type{Kind: k, Name: name, Size: size, Unsigned: unsigned}
}

// typeName reads a type of several words, with stars and [n] behind. Where there is none, nothing is read.
func (p *parser) typeName() (*ctype.Type, bool) {
	before := *p
	t := p.baseType()
	if t == nil {
		*p = before
		return nil, false
	}
	for {
		switch {
		case p.is("*"):
			p.next()
			t = ctype.PointerTo(t)
		case p.is("&"):
			p.next()
			t = &ctype.Type{Kind: ctype.Reference, Word: "&", Size: 8, Unsigned: true, Elem: t}
		case p.is("["):
			p.next()
			if p.kind != number {
				p.fail("stands where a count is missing", "such as int[4]")
			}
			t = ctype.ArrayOf(t, int(p.value))
			p.next()
			p.expect("]")
		case p.kind == name && (p.token == "const" || p.token == "volatile"):
			p.next()
		default:
			return t, true
		}
	}
}

// baseType reads the words of a type.
func (p *parser) baseType() *ctype.Type {
	var words []string
	unsigned, signed, longs := false, false, 0
	var t *ctype.Type
	for p.kind == name && !p.nameQuoted {
		switch w := p.token; w {
		case "unsigned":
			unsigned = true
		case "signed":
			signed = true
		case "const", "volatile":
		case "long":
			longs++
		case "struct", "union", "class", "enum":
			p.next()
			if p.kind != name {
				return nil
			}
			found := p.env.Type(w + " " + p.token)
			if found == nil {
				hint := "ptype shows those that it does"
				if p.env.Type(p.token) != nil {
					hint = "it is a name of another type: leave out " + w
				}
				p.fail("is not a "+w+" that the debug information knows", hint)
			}
			p.next()
			return found
		default:
			if t != nil || unsigned || signed || longs > 0 && w != "int" && w != "double" {
				if b := builtin[w]; b == nil || t != nil && w != "int" {
					return combined(t, unsigned, signed, longs)
				}
			}
			if w == "int" && t != nil {
				break
			}
			found := p.oneWord(w)
			if found == nil {
				return combined(t, unsigned, signed, longs)
			}
			t = found
		}
		words = append(words, p.token)
		p.next()
	}
	if len(words) == 0 {
		return nil
	}
	return combined(t, unsigned, signed, longs)
}

// oneWord is a type of one word, unless the word is a variable.
func (p *parser) oneWord(w string) *ctype.Type {
	if b := builtin[w]; b != nil {
		if own := p.env.Type(w); own != nil && !strings.Contains(w, "char") {
			return own
		}
		return b
	}
	if _, ok := p.env.Variable(w); ok {
		return nil
	}
	return p.env.Type(w)
}

// combined is what unsigned, long and the like make of a type.
func combined(t *ctype.Type, unsigned, signed bool, longs int) *ctype.Type {
	switch {
	case t == nil && !unsigned && !signed && longs == 0:
		return nil
	case t != nil && t.Name == "double" && longs > 0:
		return &ctype.Type{Kind: ctype.Float, Name: "long double", Size: 16}
	case t != nil && t.Bare().Kind == ctype.Float:
		return t
	}
	c := *ctype.IntType
	if t != nil {
		if !unsigned && !signed && longs == 0 {
			return t
		}
		c = *t.Bare()
	}
	if longs > 0 {
		c = *ctype.LongType
		if longs > 1 {
			c.Name = "long long"
		}
	}
	if unsigned {
		c.Unsigned, c.Name = true, "unsigned "+c.Name
	} else if signed && c.Kind == ctype.Char {
		c.Name = "signed char"
	}
	return &c
}
