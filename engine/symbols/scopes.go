package symbols

import (
	"debug/dwarf"
	"sort"

	"kmv/engine/ctype"
)

// Variable is a variable, a parameter or a constant.
type Variable struct {
	Name  string
	Type  *ctype.Type
	Param bool
	Made  bool // by the compiler
	entry *dwarf.Entry
	unit  int
}

// Function is a function that has code, or a copy of one inside another.
type Function struct {
	Name   string // as in the DWARF, with its namespaces, without parameters
	Result *ctype.Type
	Params []*Variable
	Blocks []*Block  // of variables, from its own to the innermost around the address
	Inline *Function // the copy of another function around the address
	File   string    // of an inlined copy: where it is called
	Line   int
	Ranges [][2]uint64 // of its code
	base   *dwarf.Entry
	unit   int
}

// Innermost is the copy of a function that an address belongs to, or the function itself.
func (f *Function) Innermost() *Function {
	for f.Inline != nil {
		f = f.Inline
	}
	return f
}

// Covers says whether an address is in the function's code.
func (f *Function) Covers(pc uint64) bool {
	for _, r := range f.Ranges {
		if pc >= r[0] && pc < r[1] {
			return true
		}
	}
	return false
}

// Find gives the variable that a name means, the innermost first.
func (f *Function) Find(name string) *Variable {
	if f.Inline != nil {
		if v := f.Inline.Find(name); v != nil {
			return v
		}
	}
	for i := len(f.Blocks) - 1; i >= 0; i-- {
		for _, v := range f.Blocks[i].Vars {
			if v.Name == name {
				return v
			}
		}
	}
	for _, v := range f.Params {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// Block is a scope and the variables that are declared in it.
type Block struct{ Vars []*Variable }

// attr is an attribute of an entry, or of what it is a form of.
func (t *lineTable) attr(e *dwarf.Entry, a dwarf.Attr) any {
	for range 4 {
		if v := e.Val(a); v != nil {
			return v
		}
		if e = t.origin(e); e == nil {
			return nil
		}
	}
	return nil
}

func (t *lineTable) origin(e *dwarf.Entry) *dwarf.Entry {
	for _, a := range []dwarf.Attr{dwarf.AttrAbstractOrigin, dwarf.AttrSpecification} {
		if off, ok := e.Val(a).(dwarf.Offset); ok {
			return t.entry(off)
		}
	}
	return nil
}

// unitAt is the unit that an address belongs to, -1 if none does.
func (t *lineTable) unitAt(pc uint64) int {
	i := sort.Search(len(t.ranges), func(i int) bool { return t.ranges[i].low > pc }) - 1
	if i < 0 || pc >= t.ranges[i].high {
		return -1
	}
	return t.ranges[i].unit
}

// FunctionAt is the function around an address, with the scopes there.
func (im *Image) FunctionAt(pc uint64) *Function {
	if !im.waitLines(patience) || im.lines.data == nil {
		return nil
	}
	t := &im.lines
	if f, known := t.functions[pc]; known {
		return f
	}
	const most = 4096
	if t.functions == nil || len(t.functions) > most {
		t.functions = map[uint64]*Function{}
	}
	f := t.functionAt(pc)
	t.functions[pc] = f
	return f
}

func (t *lineTable) functionAt(pc uint64) *Function {
	i := t.unitAt(pc)
	if i < 0 {
		return nil
	}
	spans := t.indexOf(i).spans
	j := sort.Search(len(spans), func(j int) bool { return spans[j].low > pc }) - 1
	if j < 0 || pc >= spans[j].high {
		return nil
	}
	e := t.entry(spans[j].off)
	if e == nil {
		return nil
	}
	return t.function(e, i, pc)
}

// function reads a function, and what of it is around an address.
func (t *lineTable) function(e *dwarf.Entry, unit int, pc uint64) *Function {
	f := &Function{base: e, unit: unit}
	f.Ranges, _ = t.data.Ranges(e)
	f.Name, _ = t.attr(e, dwarf.AttrName).(string)
	off, _ := t.attr(e, dwarf.AttrType).(dwarf.Offset)
	f.Result = t.typeAt(off)
	t.scope(f, e, pc)
	return f
}

// scope adds the variables of a block, and of those inside it that are around pc.
func (t *lineTable) scope(f *Function, e *dwarf.Entry, pc uint64) {
	b := &Block{}
	f.Blocks = append(f.Blocks, b)
	t.declared(f, b, e, pc)
}

func (t *lineTable) declared(f *Function, b *Block, e *dwarf.Entry, pc uint64) {
	const parameterPack = 0x4107 // GNU's
	t.children(e, func(k *dwarf.Entry) {
		switch k.Tag {
		case dwarf.TagFormalParameter, dwarf.TagVariable:
			v := t.variable(k, f.unit)
			if v.Name == "" {
				return
			}
			if v.Param {
				f.Params = append(f.Params, v)
			} else {
				b.Vars = append(b.Vars, v)
			}
		case parameterPack:
			t.declared(f, b, k, pc)
		case dwarf.TagLexDwarfBlock, dwarf.TagInlinedSubroutine:
			if !t.covers(k, pc) {
				return
			}
			if k.Tag == dwarf.TagLexDwarfBlock {
				t.scope(f, k, pc)
				return
			}
			in := t.function(k, f.unit, pc)
			in.base = f.base
			line, _ := k.Val(dwarf.AttrCallLine).(int64)
			file, _ := k.Val(dwarf.AttrCallFile).(int64)
			in.Line, in.File = int(line), t.fileOf(f.unit, int(file))
			f.Inline = in
		}
	})
}

func (t *lineTable) covers(e *dwarf.Entry, pc uint64) bool {
	ranges, err := t.data.Ranges(e)
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if pc >= r[0] && pc < r[1] {
			return true
		}
	}
	return false
}

// fileOf is a file by its number in a unit's line table.
func (t *lineTable) fileOf(unit, n int) string {
	r, err := t.data.LineReader(t.units[unit].entry)
	if err != nil || r == nil {
		return ""
	}
	if files := r.Files(); n >= 0 && n < len(files) && files[n] != nil {
		return files[n].Name
	}
	return ""
}

func (t *lineTable) variable(e *dwarf.Entry, unit int) *Variable {
	v := &Variable{Param: e.Tag == dwarf.TagFormalParameter, entry: e, unit: unit}
	v.Name, _ = t.attr(e, dwarf.AttrName).(string)
	off, _ := t.attr(e, dwarf.AttrType).(dwarf.Offset)
	v.Type = t.typeAt(off)
	v.Made, _ = t.attr(e, dwarf.AttrArtificial).(bool)
	return v
}

// FunctionType is the type of a function by its name.
func (im *Image) FunctionType(pc uint64) *ctype.Type {
	f := im.FunctionAt(pc)
	if f == nil {
		return nil
	}
	typ := &ctype.Type{Kind: ctype.Func, Elem: f.Result, Size: 1}
	for _, v := range f.Params {
		typ.Params = append(typ.Params, v.Type)
	}
	im.lines.children(f.base, func(k *dwarf.Entry) {
		if k.Tag == dwarf.TagUnspecifiedParameters {
			typ.Variadic = true
		}
	})
	return typ
}
