package symbols

import (
	"debug/dwarf"
	"sort"
	"strings"

	"kmv/engine/ctype"
)

// typeAt makes the type of a DWARF entry (DWARF 5, chapter 5). Members of structures are read when they are asked for: a program's
// types refer to each other without end.
func (t *lineTable) typeAt(off dwarf.Offset) *ctype.Type {
	if off == 0 {
		return ctype.VoidType
	}
	if known := t.types[off]; known != nil {
		return known
	}
	if t.types == nil {
		t.types = map[dwarf.Offset]*ctype.Type{}
	}
	typ := &ctype.Type{}
	t.types[off] = typ
	e := t.entry(off)
	if e == nil {
		*typ = *ctype.VoidType
		return typ
	}
	t.fillType(typ, e)
	return typ
}

// entry reads one entry.
func (t *lineTable) entry(off dwarf.Offset) *dwarf.Entry {
	r := t.data.Reader()
	r.Seek(off)
	e, err := r.Next()
	if err != nil {
		return nil
	}
	return e
}

// typeOf is the type that an entry refers to; none is void.
func (t *lineTable) typeOf(e *dwarf.Entry) *ctype.Type {
	off, _ := e.Val(dwarf.AttrType).(dwarf.Offset)
	return t.typeAt(off)
}

func size(e *dwarf.Entry) int {
	n, _ := e.Val(dwarf.AttrByteSize).(int64)
	return int(n)
}

func name(e *dwarf.Entry) string {
	s, _ := e.Val(dwarf.AttrName).(string)
	return s
}

// typeName is a type's name with the namespaces and classes that it is in.
func (t *lineTable) typeName(e *dwarf.Entry) string {
	n := name(e)
	if n == "" || e.Tag == dwarf.TagBaseType {
		return n
	}
	if i := t.unitOf(e); i >= 0 {
		t.indexOf(i)
	}
	if full := t.qualified[e.Offset]; full != "" {
		return full
	}
	return n
}

// unitOf is the unit that an entry is in.
func (t *lineTable) unitOf(e *dwarf.Entry) int {
	return sort.Search(len(t.units), func(i int) bool { return t.units[i].entry.Offset > e.Offset }) - 1
}

// cplusplus says whether an entry is of a unit in a language where the name of a structure stands alone: any but C (DWARF 5, 7.12).
func (t *lineTable) cplusplus(e *dwarf.Entry) bool {
	i := t.unitOf(e)
	if i < 0 {
		return false
	}
	language, _ := t.units[i].entry.Val(dwarf.AttrLanguage).(int64)
	switch language {
	case 0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x8001: // C of 1989, of K&R, of 1999, of 2011, of 2017, assembly
		return false
	}
	return true
}

var words = map[dwarf.Tag]string{dwarf.TagStructType: "struct", dwarf.TagUnionType: "union", dwarf.TagClassType: "class", dwarf.TagEnumerationType: "enum",
	dwarf.TagConstType: "const", dwarf.TagVolatileType: "volatile", dwarf.TagRestrictType: "restrict", dwarf.TagAtomicType: "_Atomic",
	dwarf.TagReferenceType: "&", dwarf.TagRvalueReferenceType: "&&"}

const (
	pointerSize = 8
	byReference = 4 // a calling convention (DWARF 5, 7.15)
)

func (t *lineTable) fillType(typ *ctype.Type, e *dwarf.Entry) {
	typ.Name, typ.Size, typ.Word = t.typeName(e), size(e), words[e.Tag]
	switch e.Tag {
	case dwarf.TagBaseType:
		baseType(typ, e)
	case dwarf.TagPointerType, dwarf.TagReferenceType, dwarf.TagRvalueReferenceType:
		typ.Kind, typ.Size, typ.Unsigned = ctype.Pointer, pointerSize, true
		if e.Tag != dwarf.TagPointerType {
			typ.Kind = ctype.Reference
		}
		typ.Elem = t.typeOf(e)
	case dwarf.TagPtrToMemberType:
		typ.Kind, typ.Size, typ.Name = ctype.Int, max(typ.Size, pointerSize), "member pointer"
	case dwarf.TagTypedef, dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagAtomicType:
		typ.Kind = ctype.Const
		if e.Tag == dwarf.TagTypedef {
			typ.Kind = ctype.Alias
		}
		typ.Elem = t.typeOf(e)
		typ.Size = typ.Elem.Size
	case dwarf.TagArrayType:
		t.arrayType(typ, e)
	case dwarf.TagEnumerationType:
		typ.Kind = ctype.Enum
		if under := t.typeOf(e); under.Kind != ctype.Void {
			typ.Unsigned = under.Bare().Unsigned
		}
		prefix := typ.Name[:strings.LastIndex(typ.Name, "::")+1]
		if prefix != "" {
			prefix += ":"
		}
		if scoped, _ := e.Val(dwarf.AttrEnumClass).(bool); scoped {
			prefix = typ.Name + "::"
		}
		t.children(e, func(k *dwarf.Entry) {
			if v, ok := k.Val(dwarf.AttrConstValue).(int64); ok && k.Tag == dwarf.TagEnumerator {
				typ.Values = append(typ.Values, ctype.Named{Name: prefix + name(k), Value: v})
			}
		})
		typ.Word, typ.Alone = "enum", t.cplusplus(e)
	case dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagClassType:
		typ.Kind = ctype.Struct
		convention, _ := e.Val(dwarf.AttrCalling).(int64)
		typ.ByAddress = convention == byReference
		typ.Alone = t.cplusplus(e)
		t.structure(typ, e)
	case dwarf.TagSubroutineType, dwarf.TagSubprogram:
		typ.Kind, typ.Elem, typ.Size, typ.Name = ctype.Func, t.typeOf(e), 1, ""
		t.children(e, func(k *dwarf.Entry) {
			switch k.Tag {
			case dwarf.TagFormalParameter:
				typ.Params = append(typ.Params, t.typeOf(k))
			case dwarf.TagUnspecifiedParameters:
				typ.Variadic = true
			}
		})
	default:
		typ.Kind = ctype.Void
		if typ.Name == "" {
			typ.Name = "void"
		}
	}
}

// Encodings of base types (DWARF 5, 7.8).
const (
	encBoolean      = 2
	encFloat        = 4
	encSignedChar   = 6
	encUnsigned     = 7
	encUnsignedChar = 8
	encUTF          = 0x10
)

func baseType(typ *ctype.Type, e *dwarf.Entry) {
	enc, _ := e.Val(dwarf.AttrEncoding).(int64)
	typ.Kind = ctype.Int
	switch enc {
	case encBoolean:
		typ.Kind, typ.Unsigned = ctype.Bool, true
	case encFloat:
		typ.Kind = ctype.Float
	case encSignedChar:
		typ.Kind = ctype.Char
	case encUnsignedChar, encUTF:
		typ.Kind, typ.Unsigned = ctype.Char, true
	case encUnsigned:
		typ.Unsigned = true
	}
	if short, ok := shortNames[typ.Name]; ok {
		typ.Name = short
	}
	if typ.Name == "wchar_t" {
		typ.Kind = ctype.Char
	}
}

// shortNames are base types as people write them, by what gcc calls them.
var shortNames = map[string]string{"long int": "long", "long unsigned int": "unsigned long", "long long int": "long long",
	"long long unsigned int": "unsigned long long", "short int": "short", "short unsigned int": "unsigned short"}

// children visits an entry's children, not theirs.
func (t *lineTable) children(e *dwarf.Entry, visit func(*dwarf.Entry)) {
	if !e.Children {
		return
	}
	r := t.data.Reader()
	r.Seek(e.Offset)
	if _, err := r.Next(); err != nil {
		return
	}
	for {
		k, err := r.Next()
		if err != nil || k == nil || k.Tag == 0 {
			return
		}
		visit(k)
		if k.Children {
			r.SkipChildren()
		}
	}
}

// arrayType makes an array of arrays where there are several dimensions.
func (t *lineTable) arrayType(typ *ctype.Type, e *dwarf.Entry) {
	var counts []int
	t.children(e, func(k *dwarf.Entry) {
		if k.Tag != dwarf.TagSubrangeType {
			return
		}
		n := -1
		if v, ok := k.Val(dwarf.AttrCount).(int64); ok {
			n = int(v)
		} else if v, ok := k.Val(dwarf.AttrUpperBound).(int64); ok {
			n = int(v) + 1
		}
		counts = append(counts, n)
	})
	if len(counts) == 0 {
		counts = []int{-1}
	}
	elem := t.typeOf(e)
	for i := len(counts) - 1; i > 0; i-- {
		elem = ctype.ArrayOf(elem, counts[i])
	}
	*typ = *ctype.ArrayOf(elem, counts[0])
}

// structure fills in a structure, its members later. One that is only declared here may be defined in another unit.
func (t *lineTable) structure(typ *ctype.Type, e *dwarf.Entry) {
	typ.Opaque, _ = e.Val(dwarf.AttrDeclaration).(bool)
	typ.Later = func(typ *ctype.Type) {
		if typ.Opaque {
			off, ok := t.definition(typ.Name)
			if e = t.entry(off); !ok || e == nil {
				return
			}
			typ.Opaque, typ.Size = false, size(e)
		}
		var fields []ctype.Field
		t.children(e, func(k *dwarf.Entry) {
			if f, ok := t.member(k, e.Tag); ok {
				fields = append(fields, f)
			}
		})
		typ.SetFields(fields)
	}
}

func (t *lineTable) member(k *dwarf.Entry, parent dwarf.Tag) (f ctype.Field, ok bool) {
	if k.Tag != dwarf.TagMember && k.Tag != dwarf.TagInheritance {
		return f, false
	}
	f = ctype.Field{Name: name(k), Type: t.typeOf(k), Base: k.Tag == dwarf.TagInheritance}
	f.Hidden, _ = k.Val(dwarf.AttrArtificial).(bool)
	if external, _ := k.Val(dwarf.AttrExternal).(bool); external { // a static member
		return f, false
	}
	where, located := k.Val(dwarf.AttrDataMemberLoc).(int64)
	if code, block := k.Val(dwarf.AttrDataMemberLoc).([]byte); block && len(code) > 1 && code[0] == 0x23 { // plus_uconst
		r := reader{b: code[1:]}
		where, located = int64(r.uleb()), true
	}
	f.Off = int(where)
	if n, ok := k.Val(dwarf.AttrBitSize).(int64); ok {
		f.Bits = int(n)
		if at, ok := k.Val(dwarf.AttrDataBitOffset).(int64); ok {
			f.Off, f.Shift, located = int(at/8), int(at%8), true
		} else if from, ok := k.Val(dwarf.AttrBitOffset).(int64); ok { // DWARF 3: from the highest bit of the type
			f.Shift = 8*f.Type.Bare().Size - int(from) - int(n)
		}
	}
	return f, located || parent == dwarf.TagUnionType || f.Base
}
