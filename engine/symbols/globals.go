package symbols

import (
	"bytes"
	"debug/dwarf"
	"sort"
	"strings"

	"kmv/engine/ctype"
)

// span is code of a unit's function.
type span struct {
	low, high uint64
	off       dwarf.Offset
}

// index is what a unit declares at file level.
type index struct {
	vars   map[string]dwarf.Offset
	types  map[string]dwarf.Offset
	spans  []span // by low
	consts map[string]enumerator
}

// enumerator is a value of an enumeration.
type enumerator struct {
	typ   dwarf.Offset
	value int64
}

// indexOf reads the upper levels of a unit.
func (t *lineTable) indexOf(i int) *index {
	u := &t.units[i]
	if u.index == nil {
		if t.qualified == nil {
			t.qualified = map[dwarf.Offset]string{}
		}
		u.index = &index{vars: map[string]dwarf.Offset{}, types: map[string]dwarf.Offset{}, consts: map[string]enumerator{}}
		t.enter(u.index, u.entry, "")
		sort.Slice(u.index.spans, func(a, b int) bool { return u.index.spans[a].low < u.index.spans[b].low })
	}
	return u.index
}

// enter indexes the children of a unit, a namespace or a class.
func (t *lineTable) enter(x *index, parent *dwarf.Entry, prefix string) {
	t.children(parent, func(e *dwarf.Entry) {
		n := name(e)
		switch e.Tag {
		case dwarf.TagNamespace:
			inner := prefix
			if n != "" {
				inner += n + "::"
			}
			t.enter(x, e, inner)
		case dwarf.TagImportedUnit:
			if off, ok := e.Val(dwarf.AttrImport).(dwarf.Offset); ok {
				if u := t.entry(off); u != nil {
					t.enter(x, u, prefix)
				}
			}
		case dwarf.TagSubprogram:
			if ranges, err := t.data.Ranges(e); err == nil {
				for _, r := range ranges {
					x.spans = append(x.spans, span{r[0], r[1], e.Offset})
				}
			}
		case dwarf.TagVariable:
			if n == "" {
				n, _ = t.attr(e, dwarf.AttrName).(string)
				if at, ok := e.Val(dwarf.AttrSpecification).(dwarf.Offset); ok && t.qualified[at] != "" {
					n = t.qualified[at]
				} else {
					n = prefix + n
				}
			} else {
				n = prefix + n
				t.qualified[e.Offset] = n
			}
			if declared, _ := e.Val(dwarf.AttrDeclaration).(bool); !declared || x.vars[n] == 0 {
				x.vars[n] = e.Offset
			}
		case dwarf.TagMember: // a static one
			if external, _ := e.Val(dwarf.AttrExternal).(bool); external && prefix != "" {
				t.qualified[e.Offset] = prefix + n
			}
		case dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagClassType, dwarf.TagEnumerationType, dwarf.TagTypedef, dwarf.TagBaseType:
			t.enterType(x, e, prefix, n)
		}
	})
}

func (t *lineTable) enterType(x *index, e *dwarf.Entry, prefix, n string) {
	if e.Tag == dwarf.TagEnumerationType {
		t.children(e, func(k *dwarf.Entry) {
			v, ok := k.Val(dwarf.AttrConstValue).(int64)
			if ok && k.Tag == dwarf.TagEnumerator {
				x.consts[prefix+name(k)] = enumerator{e.Offset, v}
				x.consts[prefix+n+"::"+name(k)] = enumerator{e.Offset, v}
			}
		})
	}
	if n == "" {
		return
	}
	if declared, _ := e.Val(dwarf.AttrDeclaration).(bool); !declared {
		if word := words[e.Tag]; word != "" {
			x.types[word+" "+prefix+n] = e.Offset
		}
		if prefix != "" {
			t.qualified[e.Offset] = prefix + n
		}
		if _, tagged := x.types[prefix+n]; !tagged || e.Tag == dwarf.TagTypedef {
			x.types[prefix+n] = e.Offset
		}
		if short, ok := shortNames[n]; ok {
			x.types[short] = e.Offset
		}
	}
	if lang := e.Tag; (lang == dwarf.TagStructType || lang == dwarf.TagClassType) && e.Children {
		t.enterNested(x, e, prefix+n+"::")
	}
}

// enterNested indexes static members and types of a class.
func (t *lineTable) enterNested(x *index, class *dwarf.Entry, prefix string) {
	t.children(class, func(e *dwarf.Entry) {
		switch e.Tag {
		case dwarf.TagStructType, dwarf.TagClassType, dwarf.TagUnionType, dwarf.TagEnumerationType, dwarf.TagTypedef:
			t.enterType(x, e, prefix, name(e))
		case dwarf.TagMember, dwarf.TagVariable:
			external, _ := e.Val(dwarf.AttrExternal).(bool)
			if external || e.Tag == dwarf.TagVariable {
				t.qualified[e.Offset] = prefix + name(e)
			}
		}
	})
}

// Global finds a variable of file level: one that other files may name before one that belongs to a unit.
func (im *Image) Global(name string) *Variable {
	if !im.mentions(name) {
		return nil
	}
	t := &im.lines
	found := (*Variable)(nil)
	rank := 0
	t.eachUnit(0, func(i int) bool {
		v := t.globalIn(i, name)
		if v == nil {
			return false
		}
		r := 1
		if t.attr(v.entry, dwarf.AttrLocation) != nil {
			r = 2
			if external, _ := t.attr(v.entry, dwarf.AttrExternal).(bool); external {
				r = 3
			}
		}
		if r > rank {
			found, rank = v, r
		}
		return rank == 3
	})
	return found
}

// UnitGlobal finds one of the unit around pc.
func (im *Image) UnitGlobal(name string, pc uint64) *Variable {
	if !im.mentions(name) {
		return nil
	}
	i := im.lines.unitAt(pc)
	if i < 0 {
		return nil
	}
	v := im.lines.globalIn(i, name)
	if v == nil || im.lines.attr(v.entry, dwarf.AttrLocation) == nil { // only declared there
		return nil
	}
	return v
}

func (t *lineTable) globalIn(unit int, name string) *Variable {
	off, ok := t.indexOf(unit).vars[name]
	if !ok {
		return nil
	}
	e := t.entry(off)
	if e == nil {
		return nil
	}
	return t.variable(e, unit)
}

// mentions says whether a name occurs in the DWARF at all: to look for it in all units takes a second or more, in its strings
// a few milliseconds. It waits until the DWARF is read.
func (im *Image) mentions(name string) bool {
	if !im.waitLines(long) || im.lines.data == nil {
		return false
	}
	t := &im.lines
	if known, ok := t.mentioned[name]; ok {
		return known
	}
	word := name[strings.LastIndexByte(name, ':')+1:]
	found := strings.ContainsAny(word, " ") || word == "short" // base types have other names there
	for _, section := range []string{"str", "info", "line_str"} {
		found = found || bytes.Contains(debugSection(t.file, section), append([]byte(word), 0))
	}
	if t.mentioned == nil {
		t.mentioned = map[string]bool{}
	}
	t.mentioned[name] = found
	return found
}

// Constant finds a value of an enumeration.
func (im *Image) Constant(name string, pc uint64) (value int64, t *ctype.Type, ok bool) {
	if !im.mentions(name) {
		return 0, nil, false
	}
	im.lines.eachUnit(pc, func(i int) bool {
		c, found := im.lines.indexOf(i).consts[name]
		if found {
			value, t, ok = c.value, im.lines.typeAt(c.typ), true
		}
		return found
	})
	return value, t, ok
}

// eachUnit visits units, that around pc first, until visit says that this is enough.
func (t *lineTable) eachUnit(pc uint64, visit func(i int) bool) {
	first := -1
	if pc != 0 {
		if first = t.unitAt(pc); first >= 0 && visit(first) {
			return
		}
	}
	for i := range t.units {
		if i != first && visit(i) {
			return
		}
	}
}

// TypeNamed finds a type: "struct node", "size_t", "ns::Account".
func (im *Image) TypeNamed(name string, pc uint64) *ctype.Type {
	if !im.mentions(name) {
		return nil
	}
	t := &im.lines
	found := (*ctype.Type)(nil)
	t.eachUnit(pc, func(i int) bool {
		if off, ok := t.indexOf(i).types[name]; ok {
			found = t.typeAt(off)
		}
		return found != nil
	})
	return found
}

// definition finds where a structure that is declared somewhere is defined.
func (t *lineTable) definition(name string) (dwarf.Offset, bool) {
	for i := range t.units {
		for _, word := range []string{"struct ", "class ", "union "} {
			if off, ok := t.indexOf(i).types[word+name]; ok && !strings.HasSuffix(name, "::") {
				return off, true
			}
		}
	}
	return 0, false
}
