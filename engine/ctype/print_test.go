package ctype

import (
	"errors"
	"strings"
	"testing"
)

// store is memory that begins at 0x1000.
type store string

func (s store) Bytes(addr uint64, b []byte) error {
	if addr < 0x1000 || addr-0x1000+uint64(len(b)) > uint64(len(s)) {
		return errors.New("not there")
	}
	copy(b, s[addr-0x1000:])
	return nil
}

func (s store) Name(addr uint64) string {
	if addr == 0x1000 {
		return "start"
	}
	return ""
}

// Each row is a type, its bytes, and how they are written.
func TestText(t *testing.T) {
	text := PointerTo(&Type{Kind: Const, Word: "const", Size: 1, Elem: CharType})
	color := &Type{Kind: Enum, Word: "enum", Name: "color", Size: 4, Values: []Named{{"RED", 0}, {"BLUE", 5}}}
	flags := &Type{Kind: Enum, Word: "enum", Name: "flags", Size: 4, Unsigned: true, Values: []Named{{"R", 1}, {"W", 2}, {"X", 4}}}
	pair := &Type{Kind: Struct, Word: "struct", Name: "pair", Size: 8}
	pair.SetFields([]Field{{Name: "a", Type: IntType}, {Name: "b", Type: IntType, Off: 4}})
	base := &Type{Kind: Struct, Word: "class", Name: "Derived", Size: 12}
	base.SetFields([]Field{{Name: "", Type: pair, Base: true}, {Name: "c", Type: CharType, Off: 8}})
	nameless := &Type{Kind: Struct, Word: "union", Size: 4}
	nameless.SetFields([]Field{{Name: "u", Type: IntType}, {Name: "low", Type: IntType, Bits: 4}})
	outer := &Type{Kind: Struct, Word: "struct", Size: 4}
	outer.SetFields([]Field{{Type: nameless}})
	function := PointerTo(&Type{Kind: Func, Elem: VoidType, Params: []*Type{IntType}})
	for _, row := range []struct {
		t      *Type
		data   string
		format byte
		want   string
	}{
		{IntType, "\xfe\xff\xff\xff", 0, "-2"}, {ULongType, "\xff\xff\xff\xff\xff\xff\xff\xff", 0, "18446744073709551615"}, {CharType, "A", 0, "65 'A'"}, {CharType, "\n", 0, `10 '\n'`},
		{CharType, "'", 0, `39 '\''`}, {CharType, "\xff", 0, `-1 '\377'`}, {&Type{Kind: Bool, Size: 1}, "\x01", 0, "true"}, {&Type{Kind: Bool, Size: 1}, "\x07", 0, "7"},
		{DoubleType, "\x9a\x99\x99\x99\x99\x99\xb9\x3f", 0, "0.10000000000000001"}, {DoubleType, "\x00\x00\x00\x00\x00\x00\xf0\x7f", 0, "inf"},
		{DoubleType, "\x00\x00\x00\x00\x00\x00\xf8\xff", 0, "-nan(0x8000000000000)"}, {DoubleType, "\x00\x00\x00\x20\x5f\xa0\x02\x42", 0, "10000000000"},
		{&Type{Kind: Float, Size: 16}, "\x00\x00\x00\x00\x00\x00\x00\xc0\x00\xc0\x00\x00\x00\x00\x00\x00", 0, "-3"},
		{color, "\x05\x00\x00\x00", 0, "BLUE"}, {color, "\x07\x00\x00\x00", 0, "7"}, {flags, "\x05\x00\x00\x00", 0, "(R | X)"}, {flags, "\x09\x00\x00\x00", 0, "(R | unknown: 0x8)"},
		{flags, "\x00\x00\x00\x00", 0, "0"}, {PointerTo(IntType), "\x00\x10\x00\x00\x00\x00\x00\x00", 0, "(int *) 0x1000 <start>"}, {text, "\x00\x10\x00\x00\x00\x00\x00\x00", 0, `0x1000 <start> "memory"`},
		{text, "\x01\x00\x00\x00\x00\x00\x00\x00", 0, "0x1 <error: Cannot access memory at address 0x1>"}, {text, "\x00\x00\x00\x00\x00\x00\x00\x00", 0, "0x0"},
		{function, "\x00\x10\x00\x00\x00\x00\x00\x00", 0, "(void (*)(int)) 0x1000 <start>"}, {pair, "\x01\x00\x00\x00\x02\x00\x00\x00", 0, "{a = 1, b = 2}"},
		{pair, "\x01\x00\x00\x00\xff\xff\xff\xff", 'x', "{a = 0x1, b = 0xffffffff}"}, {base, "\x01\x00\x00\x00\x02\x00\x00\x00c", 0, "{<struct pair> = {a = 1, b = 2}, c = 99 'c'}"},
		{outer, "\x1f\x00\x00\x00", 0, "{{u = 31, low = -1}}"}, {ArrayOf(IntType, 2), "\x01\x00\x00\x00\x02\x00\x00\x00", 0, "{1, 2}"},
		{ArrayOf(CharType, 4), "ab\x00\x00", 0, `"ab\000"`}, {ArrayOf(CharType, 4), "abcd", 0, `"abcd"`}, {ArrayOf(CharType, 30), "ab" + strings.Repeat("\x00", 28), 0, `"ab", '\000' <repeats 27 times>`},
		{ArrayOf(CharType, 4), "\x01" + "2\x00\x00", 0, `"\001\062\000"`}, {ArrayOf(IntType, 20), strings.Repeat("\x03\x00\x00\x00", 20), 0, "{3 <repeats 20 times>}"},
		{&Type{Kind: Int, Size: 16}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 0, "-1"}, {&Type{Kind: Struct, Word: "struct", Name: "x", Opaque: true}, "", 0, "<incomplete type>"},
	} {
		p := Printer{Memory: store("memory\x00"), Format: row.format}
		if got := p.Text(row.t, Place{Data: []byte(row.data)}); got != row.want {
			t.Errorf("%s: %s, want %s", row.t, got, row.want)
		}
	}
	long := Printer{Memory: store(strings.Repeat("ab", 500))}
	if got := long.Text(ArrayOf(CharType, 1000), Place{Addr: 0x1000}); len(got) != 205 || !strings.HasSuffix(got, `"...`) {
		t.Errorf("%d characters of a long text: %s", len(got), got)
	}
	known := Place{Data: make([]byte, 8), Known: []bool{true, true, true, true, false, false, false, false}}
	if got := long.Text(pair, known); got != "{a = 0, b = <optimized out>}" {
		t.Errorf("of a structure in pieces: %s", got)
	}
}

func TestDeclare(t *testing.T) {
	node := &Type{Kind: Struct, Word: "struct", Name: "node", Size: 16}
	call := &Type{Kind: Func, Elem: PointerTo(CharType), Params: []*Type{IntType, PointerTo(node)}, Variadic: true}
	constant := func(t *Type) *Type { return &Type{Kind: Const, Word: "const", Elem: t, Size: t.Size} }
	node.SetFields([]Field{{Name: "next", Type: PointerTo(node)}, {Name: "names", Type: ArrayOf(PointerTo(CharType), 3)}, {Name: "low", Type: IntType, Bits: 3}, {Name: "f", Type: PointerTo(call)}})
	for _, row := range []struct {
		t     *Type
		name  string
		want  string
		whole string
	}{
		{IntType, "x", "int x", "int"}, {PointerTo(PointerTo(IntType)), "x", "int **x", "int **"}, {ArrayOf(ArrayOf(IntType, 4), 3), "", "int [3][4]", "int [3][4]"},
		{ArrayOf(ArrayOf(IntType, 4), 3), "x", "int x[3][4]", "int [3][4]"}, {PointerTo(ArrayOf(IntType, 3)), "", "int (*)[3]", "int (*)[3]"},
		{call, "", "char *(int, struct node *, ...)", "char *(int, struct node *, ...)"}, {PointerTo(call), "f", "char *(*f)(int, struct node *, ...)", "char *(*)(int, struct node *, ...)"},
		{PointerTo(constant(CharType)), "s", "const char *s", "const char *"}, {constant(PointerTo(CharType)), "s", "char * const s", "char * const"}, {ArrayOf(PointerTo(CharType), 2), "", "char *[2]", "char *[2]"},
		{&Type{Kind: Alias, Name: "size_t", Elem: ULongType}, "n", "size_t n", "unsigned long"},
		{PointerTo(node), "", "struct node *", "struct node {\n    struct node *next;\n    char *names[3];\n    int low : 3;\n    char *(*f)(int, struct node *, ...);\n} *"},
	} {
		if got := row.t.Declare(row.name); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
		if got := row.t.Describe(); got != row.whole {
			t.Errorf("%q, want %q", got, row.whole)
		}
	}
}
