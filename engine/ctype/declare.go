package ctype

import (
	"fmt"
	"strings"
)

// Declare writes a type as C declares something of that name; without a name it is the type alone.
func (t *Type) Declare(name string) string {
	head, tail := t.around(name)
	return strings.TrimRight(head+tail, " ")
}

// String is the type's name.
func (t *Type) String() string { return t.Declare("") }

// around puts what a type adds left and right of a declared name.
func (t *Type) around(inner string) (left, right string) {
	if t == nil {
		t = VoidType
	}
	pad := func(word string) (string, string) {
		if inner == "" {
			return word, ""
		}
		return word + " " + inner, ""
	}
	switch t.Kind {
	case Pointer, Reference:
		sign := "*"
		if t.Kind == Reference {
			sign = t.Word
		}
		inner = sign + inner
		if e := t.Elem; e != nil && (e.Kind == Array || e.Kind == Func) {
			inner = "(" + inner + ")"
		}
		return t.Elem.around(inner)
	case Const:
		if e := t.Elem; e != nil && e.Kind == Pointer {
			if inner != "" {
				inner = " " + inner
			}
			return e.around(" " + t.Word + inner)
		}
		l, r := t.Elem.around(inner)
		return t.Word + " " + l, r
	case Array:
		if inner == "" {
			inner = " "
		}
		n := ""
		if t.Count >= 0 {
			n = fmt.Sprint(t.Count)
		}
		if strings.TrimLeft(inner, " ") == "" { // int [3][4], char *[4]
			l, r := t.Elem.around("")
			switch {
			case t.Elem.Kind == Array:
				l, rest, _ := strings.Cut(l, "[")
				return l + "[" + n + "][" + rest, r
			case strings.HasSuffix(l, "*"):
				return l + "[" + n + "]", r
			}
			return l + " [" + n + "]", r
		}
		return t.Elem.around(inner + "[" + n + "]")
	case Func:
		if inner == "" {
			inner = " "
		}
		l, r := t.Elem.around(strings.TrimPrefix(inner, " ") + t.parameters())
		return l, r
	}
	return pad(t.word())
}

// word is a plain type's name.
func (t *Type) word() string {
	switch {
	case t.Kind == Struct && t.Name == "":
		return t.Word + " {...}"
	case t.Kind == Enum && t.Name == "":
		return "enum {...}"
	case (t.Kind == Struct || t.Kind == Enum) && t.Word != "" && !t.Alone:
		return t.Word + " " + t.Name
	case t.Name == "":
		return "void"
	}
	return t.Name
}

func (t *Type) parameters() string {
	var list []string
	for _, p := range t.Params {
		list = append(list, p.Declare(""))
	}
	if t.Variadic {
		list = append(list, "...")
	}
	if len(list) == 0 {
		return "(void)"
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// Describe writes a type with what it is made of, one member a line.
func (t *Type) Describe() string {
	for t != nil && t.Kind == Alias {
		t = t.Elem
	}
	core, ends := t, ""
	for core != nil {
		switch {
		case core.Kind == Pointer || core.Kind == Reference:
			sign := "*"
			if core.Kind == Reference {
				sign = core.Word
			}
			ends = sign + ends
			core = core.Elem
			continue
		case core.Kind == Array:
			ends += fmt.Sprintf(" [%d]", core.Count)
			core = core.Elem
			continue
		case core.Kind == Alias || core.Kind == Const && core.Elem != nil && core.Elem.Bare().Kind == Struct:
			core = core.Elem
			continue
		}
		break
	}
	if core == nil || core.Kind != Struct && core.Kind != Enum {
		return t.unaliased().Declare("")
	}
	if ends != "" && ends[0] != ' ' {
		ends = " " + ends
	}
	return core.body("") + ends
}

// unaliased replaces names that a type was given by what they stand for, below pointers and arrays too.
func (t *Type) unaliased() *Type {
	if t == nil {
		return nil
	}
	switch t.Kind {
	case Alias:
		return t.Elem.unaliased()
	case Pointer, Reference, Array, Const:
		c := *t
		c.Elem = t.Elem.unaliased()
		return &c
	}
	return t
}

// body writes a structure or an enumeration with its members.
func (t *Type) body(indent string) string {
	if t.Kind == Enum {
		var list []string
		next := int64(0)
		for _, v := range t.Values {
			s := v.Name
			if v.Value != next {
				s += fmt.Sprintf(" = %d", v.Value)
			}
			next = v.Value + 1
			list = append(list, s)
		}
		return strings.TrimSpace("enum "+t.Name) + " {" + strings.Join(list, ", ") + "}"
	}
	word := t.Word
	if word == "" {
		word = "struct"
	}
	var b strings.Builder
	b.WriteString(strings.TrimSpace(word + " " + t.Name))
	fields := t.Fields()
	if !t.Complete() {
		return b.String() + " {\n    " + indent + "<incomplete type>\n" + indent + "}"
	}
	var bases []string
	for _, f := range fields {
		if f.Base {
			bases = append(bases, "public "+f.Type.Declare(""))
		}
	}
	if bases != nil {
		b.WriteString(" : " + strings.Join(bases, ", "))
	}
	b.WriteString(" {\n")
	for _, f := range fields {
		if f.Base || f.Hidden {
			continue
		}
		b.WriteString(indent + "    ")
		if inner := f.Type; inner.Kind == Struct && inner.Name == "" {
			b.WriteString(strings.TrimRight(inner.body(indent+"    ")+" "+f.Name, " "))
		} else {
			b.WriteString(f.Type.Declare(f.Name))
		}
		if f.Bits > 0 {
			fmt.Fprintf(&b, " : %d", f.Bits)
		}
		b.WriteString(";\n")
	}
	if len(fields) == 0 {
		b.WriteString(indent + "    <no data fields>\n")
	}
	return b.String() + indent + "}"
}
