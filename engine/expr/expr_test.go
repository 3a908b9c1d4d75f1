package expr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"kmv/engine/ctype"
)

// world is a program of a few variables.
type world struct{ memory map[uint64]byte }

var (
	pair = &ctype.Type{Kind: ctype.Struct, Word: "struct", Name: "pair", Size: 16, Later: func(t *ctype.Type) {
		t.SetFields([]ctype.Field{{Name: "a", Type: ctype.IntType}, {Name: "bits", Type: unsigned, Off: 4, Bits: 5, Shift: 3}, {Name: "next", Type: ctype.PointerTo(pairRef), Off: 8}})
	}}
	pairRef  = &ctype.Type{Kind: ctype.Alias, Name: "pair_t", Size: 16, Elem: nil}
	unsigned = &ctype.Type{Kind: ctype.Int, Name: "unsigned int", Size: 4, Unsigned: true}
)

func newWorld() *world {
	pairRef.Elem = pair
	w := &world{memory: map[uint64]byte{}}
	put := func(at uint64, size int, v uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		for i := range size {
			w.memory[at+uint64(i)] = b[i]
		}
	}
	for i := range uint64(4) { // table
		put(0x1000+4*i, 4, 10*i)
	}
	put(0x2000, 4, 7) // first
	put(0x2004, 4, 21<<3|1)
	put(0x2008, 8, 0x2010)
	put(0x2010, 4, ^uint64(1)) // second
	put(0x2014, 4, 0)
	put(0x2018, 8, 0)
	put(0x3000, 8, 0x2000) // head
	put(0x4000, 1, 'h')
	put(0x5000, 8, 0x4004000000000000) // ratio: 2.5
	put(0x6000, 4, 0xffffffff)         // big
	return w
}

func (w *world) Register(name string) (uint64, bool) {
	v, ok := map[string]uint64{"rdi": 3, "rax": ^uint64(0), "rsp": 0x7000}[name]
	return v, ok
}

func (w *world) Variable(name string) (Value, bool) {
	at := func(addr uint64, t *ctype.Type) (Value, bool) {
		return Value{Type: t, Place: ctype.Place{Addr: addr}, At: true}, true
	}
	switch name {
	case "table":
		return at(0x1000, ctype.ArrayOf(ctype.IntType, 4))
	case "first":
		return at(0x2000, pairRef)
	case "head":
		return at(0x3000, ctype.PointerTo(pairRef))
	case "letter":
		return at(0x4000, ctype.CharType)
	case "ratio":
		return at(0x5000, ctype.DoubleType)
	case "big":
		return at(0x6000, unsigned)
	case "main.total", "ns::count":
		return at(0x1004, ctype.IntType)
	case "held":
		return Value{Type: ctype.IntType, Place: ctype.Place{Data: []byte{5, 0, 0, 0, 9, 9, 9, 9}}}, true
	case "gone":
		return Value{Type: ctype.IntType, Lost: "optimized out"}, true
	case "raw":
		return Symbol(0x1008, 4, true), true
	case "main":
		return Symbol(0x9000, 0, false), true
	}
	return Value{}, false
}

func (w *world) Type(name string) *ctype.Type {
	return map[string]*ctype.Type{"struct pair": pair, "pair_t": pairRef}[name]
}

func (w *world) Bytes(addr uint64, b []byte) error {
	for i := range b {
		v, ok := w.memory[addr+uint64(i)]
		if !ok {
			return fmt.Errorf("nothing can be read at %#x", addr)
		}
		b[i] = v
	}
	return nil
}

func TestEval(t *testing.T) {
	for _, row := range []struct {
		text string
		want int64
	}{
		{"1 + 2 * 3", 7}, {"(1 + 2) * 3", 9}, {"7 / 2", 3}, {"-7 / 2", -3}, {"7 % 4", 3}, {"1 << 40", 1 << 40}, {"0x10 | 1", 17}, {"~0", -1}, {"!5", 0}, {"!0", 1},
		{"1 ? 2 : 3", 2}, {"0 ? 2 : 1 ? 4 : 5", 4}, {"'a'", 97}, {"'\\n'", 10}, {"5u - 6 > 0", 1}, {"-1 < 1", 1}, {"-1 < 1u", 0}, {"0xffffffffffffffff", -1},
		{"table[2]", 20}, {"*table", 0}, {"*(table + 3)", 30}, {"&table[3] - table", 3}, {"table[1] + table[2] == 30", 1}, {"sizeof(table)", 16}, {"sizeof table[0]", 4},
		{"first.a", 7}, {"first.bits", 21}, {"head->a", 7}, {"head->next->a", -2}, {"(*head).a", 7}, {"head.a", 7}, {"head->next == &first + 1", 1}, {"head->next->next", 0},
		{"*&head->a", 7}, {"head[1].a", -2}, {"letter == 'h'", 1}, {"letter + 1", 105}, {"ratio > 2", 1}, {"ratio * 2 == 5.0", 1}, {"(int)ratio", 2}, {"(int)(ratio + 1.75)", 4},
		{"big + 1", 0}, {"big > 0", 1}, {"(int)big", -1}, {"(long)(int)big", -1}, {"(unsigned char)300", 44}, {"(short)70000", 4464}, {"$rdi + 1", 4}, {"$rax", -1},
		{"(int)$rax", -1}, {"held * 2", 10}, {"held", 5}, {"main.total", 10}, {"ns::count", 10}, {"raw", 20}, {"main", 0x9000}, {"&main", 0x9000}, {"*(int*)0x1004", 10},
		{"{int}0x1008", 20}, {"((struct pair *)0x2010)->a", -2}, {"((pair_t *)0x2000)->bits", 21}, {"sizeof(struct pair)", 16}, {"sizeof(pair_t *)", 8}, {"sizeof(unsigned long)", 8},
		{"sizeof(int[3])", 12}, {"0 && *(int*)0", 0}, {"1 || *(int*)0", 1}, {"0 ? *(int*)0 : 5", 5}, {"1.5e1 == 15", 1}, {"(head)->a", 7}, {"(table)[1]", 10}, {"1 && 2", 1}, {"2 == 2.0", 1},
	} {
		v, err := Eval(row.text, newWorld())
		if err != nil || v.Int() != row.want {
			t.Errorf("%s = %d, %v; want %d", row.text, v.Int(), err, row.want)
		}
		if err := Check(row.text, newWorld()); err != nil {
			t.Errorf("check of %s: %v", row.text, err)
		}
	}
}

// An error says what is wrong with which part, and what to do.
func TestErrors(t *testing.T) {
	for _, row := range []struct{ text, bad, problem string }{
		{"nosuch", "nosuch", "is not a variable here, nor a symbol of the program or its libraries"},
		{"1 + nosuch.x", "nosuch", "is not a variable here, nor a symbol of the program or its libraries"},
		{"$rxx", "$rxx", "is not a register"},
		{"table[1", "", "the expression ends where ] is missing"},
		{"1 +", "", "something is missing at the end"},
		{"1 2", "2", "was not expected here"},
		{"1 + * 2", "2", "is an int: it points to nothing"},
		{"first.c", "c", "is not a member of struct pair"},
		{"head->next->c", "c", "is not a member of struct pair"},
		{"table[0].a", "a", "is asked of an int, which has no members"},
		{"head->next->next->a", "a", "nothing can be read at 0x0"},
		{"*head->next->next", "*head->next->next", "nothing can be read at 0x0"},
		{"first + 1", "first", "is a pair_t: one cannot calculate with it"},
		{"gone + 1", "gone", "is optimized out here"},
		{"&held", "held", "is in a register: it has no address"},
		{"&first.bits", "first.bits", "is a bit field: it has no address"},
		{"&1", "1", "has no address"},
		{"main(3)", "main", "would have to be called, and nothing is called here"},
		{"5 / (3 - 3)", "(3 - 3)", "is zero: nothing can be divided by it"},
		{"ratio & 1", "&", "is for integers"},
		{"0x", "0x", "is not a number"},
		{"'a", "'a", "has no closing quote"},
		{"pair_t + 1", "pair_t", "is a type"},
		{"(struct nosuch *)1", "nosuch", "is not a struct that the debug information knows"},
		{"table@2@", "", "something is missing at the end"},
		{"5@2", "5", "is not in memory"},
	} {
		_, err := Eval(row.text, newWorld())
		var e *Error
		if !errors.As(err, &e) || e.Problem != row.problem || e.Text[e.Start:e.End] != row.bad || e.Hint == "" {
			t.Errorf("%s: %+v", row.text, err)
		}
	}
}

// What has no value yet can still be checked: a condition is, when it is given.
func TestCheckReadsNothing(t *testing.T) {
	for _, text := range []string{"*(int*)0 == 1", "gone == 3", "head->next->next->a > 2", "10 / gone"} {
		if err := Check(text, newWorld()); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := Check("head->nosuch == 1", newWorld()); err == nil {
		t.Error("a member that is not there passed")
	}
}

func TestAssign(t *testing.T) {
	for _, row := range []struct {
		text string
		addr uint64
		data string
	}{
		{"table[1] = 5", 0x1004, "\x05\x00\x00\x00"},
		{"first.a = table[2] + 1", 0x2000, "\x15\x00\x00\x00"},
		{"head->next = 0", 0x2008, "\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"letter='x'", 0x4000, "x"},
		{"ratio = 1", 0x5000, "\x00\x00\x00\x00\x00\x00\xf0\x3f"},
		{"big = ratio == 2.5", 0x6000, "\x01\x00\x00\x00"},
		{"*head = *head->next", 0x2000, "\xfe\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
	} {
		addr, data, err := Assign(row.text, newWorld())
		if err != nil || addr != row.addr || string(data) != row.data {
			t.Errorf("%s: %#x % x, %v", row.text, addr, data, err)
		}
	}
	for text, bad := range map[string]string{"held = 1": "held", "gone = 1": "gone", "first.bits = 1": "first.bits", "5 = 1": "5", "nosuch = 1": "nosuch", "table[0] = nosuch": "nosuch",
		"table[0] = first": "first", "table[0] == 1": "table[0] == 1", "main = 1": "main"} {
		_, _, err := Assign(text, newWorld())
		var e *Error
		if !errors.As(err, &e) || e.Text[e.Start:e.End] != bad || e.Hint == "" {
			t.Errorf("%s: %+v", text, err)
		}
	}
}
