// Package ctype describes types of C, C++ and Go, and writes types and values as people read them in gdb.
//
// It is pure: a Memory answers for bytes and names of addresses. Package symbols makes the types from DWARF.
//
//	Type --> Declare, Describe        int (*)(char), struct node { ... }
//	     --> Printer.Text             {id = 3, name = "x", '\000' <repeats 14 times>}
package ctype

// Kind is what a type is.
type Kind uint8

// The kinds.
const (
	Void Kind = iota
	Int
	Char // an integer that is written as a character too
	Bool
	Float
	Enum
	Pointer
	Reference // also C++'s &&: Name tells them apart
	Array
	Struct // and class and union: Word tells them apart
	Func
	Alias // a typedef
	Const // const, volatile and the like: Word tells which
)

// Type is a type. Those of the same DWARF entry are the same pointer.
type Type struct {
	Kind      Kind
	Name      string // as in the source, without struct and the like
	Word      string // struct, union, class; const, volatile; & or &&
	Alone     bool   // not C: the name of a structure is written without Word
	Size      int
	Unsigned  bool
	Elem      *Type // what is pointed to, an element, a function's result, what an alias or const is of
	Count     int   // of an array's elements; -1 is not known
	Values    []Named
	Params    []*Type
	Variadic  bool
	ByAddress bool          // of C++: returned and passed by the address of a copy
	Opaque    bool          // declared, not defined
	Later     func(t *Type) // fills in Fields, and looks for what Opaque leaves out, when that is first asked for
	fields    []Field
}

// Named is a value of an enumeration.
type Named struct {
	Name  string
	Value int64
}

// Field is a member of a structure.
type Field struct {
	Name   string
	Type   *Type
	Off    int  // in bytes
	Bits   int  // of a bit field: how many, else 0
	Shift  int  // and how many bits above Off
	Base   bool // a base class
	Hidden bool // made by the compiler: a pointer to a table of functions
}

// Void's and other types that are not in any file.
var (
	VoidType   = &Type{Kind: Void, Name: "void", Size: 1}
	CharType   = &Type{Kind: Char, Name: "char", Size: 1}
	IntType    = &Type{Kind: Int, Name: "int", Size: 4}
	LongType   = &Type{Kind: Int, Name: "long", Size: 8}
	ULongType  = &Type{Kind: Int, Name: "unsigned long", Size: 8, Unsigned: true}
	DoubleType = &Type{Kind: Float, Name: "double", Size: 8}
)

// PointerTo is the type of a pointer.
func PointerTo(t *Type) *Type { return &Type{Kind: Pointer, Size: 8, Unsigned: true, Elem: t} }

// ArrayOf is the type of count elements.
func ArrayOf(t *Type, count int) *Type {
	return &Type{Kind: Array, Elem: t, Count: count, Size: max(count, 0) * t.Size}
}

// Bare is the type without the names and qualifiers that it was given.
func (t *Type) Bare() *Type {
	for t != nil && (t.Kind == Alias || t.Kind == Const) {
		t = t.Elem
	}
	if t == nil {
		return VoidType
	}
	return t
}

// Complete says whether a type is defined, and what its Size is known for.
func (t *Type) Complete() bool {
	if t.Later != nil {
		fill := t.Later
		t.Later = nil
		fill(t)
	}
	return !t.Opaque
}

// Fields are a structure's members.
func (t *Type) Fields() []Field {
	t.Complete()
	return t.fields
}

// SetFields is for Later.
func (t *Type) SetFields(f []Field) { t.fields = f }

// Find gives a member by name, also one of an unnamed member or a base class; its Off counts from the start of t.
func (t *Type) Find(name string) (Field, bool) {
	for _, f := range t.Fields() {
		if f.Name == name && !f.Base {
			return f, true
		}
	}
	for _, f := range t.Fields() {
		inner := f.Type.Bare()
		if (f.Name == "" || f.Base) && inner.Kind == Struct {
			if g, ok := inner.Find(name); ok {
				g.Off += f.Off
				return g, true
			}
		}
	}
	return Field{}, false
}

// Number says whether values are numbers, truth values or addresses of at most eight bytes.
func (t *Type) Number() bool {
	switch t.Kind {
	case Int, Char, Bool, Enum, Pointer, Reference:
		return t.Size <= 8
	}
	return false
}

// Text says whether values are characters of a byte, as C's strings have them.
func (t *Type) Text() bool { return t.Kind == Char && t.Size == 1 }
