package symbols

import (
	"debug/dwarf"
	"encoding/binary"
	"testing"
)

// frameForTests has rbx = 100, rbp lost, rsp = 0x7000, and eight bytes of memory at 0x7010.
func frameForTests() *Frame {
	f := &Frame{PC: 0x1000, Bias: 0x400000, CFA: 0x7020, Lost: 1 << 6, Thread: 0x9000}
	f.Regs[3], f.Regs[6], f.Regs[RegSP] = 100, 1, 0x7000
	f.Read = func(addr uint64, b []byte) bool {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], 0x1122334455667788)
		if addr < 0x7010 || addr+uint64(len(b)) > 0x7018 {
			return false
		}
		copy(b, word[addr-0x7010:])
		return true
	}
	f.Vector = func(n int) ([]byte, bool) {
		return []byte{byte(n), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, true
	}
	return f
}

// Each row is a location expression as a compiler writes it (DWARF 5, 7.7.1).
func TestLocations(t *testing.T) {
	for _, row := range []struct {
		name string
		code []byte
		addr uint64
		data string // where it is in no memory
		lost Lost
	}{
		{"addr 0x10", []byte{0x03, 0x10, 0, 0, 0, 0, 0, 0, 0}, 0x400010, "", ""},
		{"breg7 16", []byte{0x77, 16}, 0x7010, "", ""},
		{"call_frame_cfa; const1u 8; minus", []byte{0x9c, 0x08, 8, 0x1c}, 0x7018, "", ""},
		{"call_frame_cfa; plus_uconst 4", []byte{0x9c, 0x23, 4}, 0x7024, "", ""},
		{"reg3", []byte{0x53}, 0, "\x64\x00\x00\x00\x00\x00\x00\x00", ""},
		{"reg6, which is lost", []byte{0x56}, 0, "", NotSaved},
		{"breg6 0", []byte{0x76, 0}, 0, "", OptimizedOut},
		{"regx 18: xmm1", []byte{0x90, 18}, 0, "\x01\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", ""},
		{"breg3 5; stack_value", []byte{0x73, 5, 0x9f}, 0, "\x69\x00\x00\x00\x00\x00\x00\x00", ""},
		{"breg7 16; deref; stack_value", []byte{0x77, 16, 0x06, 0x9f}, 0, "\x88\x77\x66\x55\x44\x33\x22\x11", ""},
		{"breg7 16; deref_size 2; stack_value", []byte{0x77, 16, 0x94, 2, 0x9f}, 0, "\x88\x77\x00\x00\x00\x00\x00\x00", ""},
		{"deref of what cannot be read", []byte{0x77, 0, 0x06, 0x9f}, 0, "", OptimizedOut},
		{"implicit_value 3", []byte{0x9e, 3, 7, 8, 9}, 0, "\x07\x08\x09", ""},
		{"implicit_pointer", []byte{0xa0, 0, 0, 0, 0, 0}, 0, "", Synthetic},
		{"reg3; piece 4; lit7; stack_value; piece 4", []byte{0x53, 0x93, 4, 0x37, 0x9f, 0x93, 4}, 0, "\x64\x00\x00\x00\x07\x00\x00\x00", ""},
		{"piece 4; breg7 16; piece 4: the first is nowhere", []byte{0x93, 4, 0x77, 16, 0x93, 4}, 0, "\x00\x00\x00\x00\x88\x77\x66\x55", ""},
		{"reg6; piece 8: all of it is nowhere", []byte{0x56, 0x93, 8}, 0, "", OptimizedOut},
		{"lit1; bra +1; lit5", []byte{0x35, 0x31, 0x28, 1, 0, 0x36, 0x9f}, 0, "\x05\x00\x00\x00\x00\x00\x00\x00", ""},
		{"lit7; lit3; div; lit2; mod; stack_value", []byte{0x37, 0x33, 0x1b, 0x32, 0x1d, 0x9f}, 0, "\x00\x00\x00\x00\x00\x00\x00\x00", ""},
		{"lit7; lit0; div", []byte{0x37, 0x30, 0x1b, 0x9f}, 0, "", OptimizedOut},
		{"no operation of this number", []byte{0xe5}, 0, "", OptimizedOut},
		{"cut off", []byte{0x03, 1, 2}, 0, "", OptimizedOut},
		{"entry_value without a caller", []byte{0xa3, 1, 0x55, 0x9f}, 0, "", OptimizedOut},
		{"fbreg where no function is known", []byte{0x91, 0}, 0, "", OptimizedOut},
	} {
		im := &Image{}
		im.once.Do(func() {
			im.lines.ready = make(chan struct{})
			close(im.lines.ready)
		})
		l := locator{t: &im.lines, im: im, f: frameForTests(), size: 8}
		at, lost := l.place(row.code)
		if at.Addr != row.addr || string(at.Data) != row.data || lost != row.lost {
			t.Errorf("%s: %#x, % x, %q", row.name, at.Addr, at.Data, lost)
		}
	}
}

// Lists say which expression holds where. Each row is a list as the compiler writes it, for 0x1000 in a unit that begins at 0xf00.
func TestLocationLists(t *testing.T) {
	word := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	join := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	expression := []byte{0x53}
	with := func(kind byte, bounds ...byte) []byte { return join([]byte{kind}, bounds, []byte{1, 0x53}) }
	tables := &lineTable{sections: &sections{addr: join(word(0), word(0x1000), word(0x1010))}}
	u := &unit{low: 0xf00, addrBase: 8}
	for _, row := range []struct {
		name  string
		list  []byte
		found bool
	}{
		{"nothing", []byte{0}, false},
		{"offset_pair that ends before", join(with(4, 0, 0x80, 2), []byte{0}), false},
		{"offset_pair", join(with(4, 0x80, 2, 0x81, 2), []byte{0}), true},
		{"base_address, offset_pair", join([]byte{6}, word(0xff0), with(4, 0x10, 0x20), []byte{0}), true},
		{"base_addressx, offset_pair", join([]byte{1, 0}, with(4, 0, 1), []byte{0}), true},
		{"startx_endx", join(with(2, 0, 1), []byte{0}), true},
		{"startx_length", join(with(3, 0, 1), []byte{0}), true},
		{"start_end", join([]byte{7}, word(0x1000), word(0x1001), []byte{1, 0x53, 0}), true},
		{"start_length", join([]byte{8}, word(0xfff), []byte{2, 1, 0x53, 0}), true},
		{"start_length that ends there", join([]byte{8}, word(0xfff), []byte{1, 1, 0x53, 0}), false},
		{"default_location", []byte{5, 1, 0x53, 0}, true},
		{"view_pair, offset_pair", join([]byte{9, 1, 2}, with(4, 0x80, 2, 0x90, 2), []byte{0}), true},
		{"an entry of no known kind", []byte{0x77, 0}, false},
		{"cut off", []byte{4, 0x80}, false},
	} {
		code, ok := tables.locations5(u, row.list, 0, 0x1000)
		if ok != row.found || ok && string(code) != string(expression) {
			t.Errorf("%s: % x, %v", row.name, code, ok)
		}
	}
	old := join(word(0x200), word(0x300), []byte{1, 0, 0x54}, word(^uint64(0)), word(0x800), word(0x800), word(0x801), []byte{1, 0, 0x53}, word(0), word(0))
	if code, ok := locations4(old, 0, 0xf00, 0x1000); !ok || string(code) != string(expression) {
		t.Errorf("of DWARF 4: % x, %v", code, ok)
	}
	if _, ok := locations4(old, 0, 0xf00, 0x1001); ok {
		t.Error("of DWARF 4: behind the end")
	}
}

// A value of a constant, of any form.
func TestConstantPlaces(t *testing.T) {
	for _, row := range []struct {
		value any
		size  int
		want  string
	}{{int64(5), 4, "\x05\x00\x00\x00\x00\x00\x00\x00"}, {int64(-2), 4, "\xfe\xff\xff\xff\xff\xff\xff\xff"}, {int64(-1), 16, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"},
		{[]byte{1, 2}, 2, "\x01\x02\x00\x00\x00\x00\x00\x00"}, {"ab", 3, "ab\x00"}} {
		if at := constantPlace(row.value, row.size); string(at.Data) != row.want {
			t.Errorf("%v: % x", row.value, at.Data)
		}
	}
}

// What debug/dwarf does not tell of a unit is read from its header.
func TestUnitVersions(t *testing.T) {
	five := []byte{0x50, 0, 0, 0, 5, 0, 1, 8, 0, 0, 0, 0, 1}
	four := []byte{0x50, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 1}
	for _, row := range []struct {
		info    []byte
		entry   dwarf.Offset
		version int
	}{{five, 12, 5}, {four, 11, 4}} {
		var u unit
		u.describe(row.info, &dwarf.Entry{Offset: row.entry})
		if u.version != row.version || u.start != 0 {
			t.Errorf("%d: version %d at %d", row.version, u.version, u.start)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, row := range []struct {
		full, name string
		want       bool
	}{{"deposit(int)", "deposit", true}, {"bank::Account::deposit(bank::Money const&, int)", "deposit", true}, {"bank::Account::deposit(int) const", "Account::deposit", true},
		{"bank::deposits(int)", "deposit", false}, {"deposit(int)", "deposit(int)", true}, {"deposit(int)", "deposit(long)", false}, {"square", "square", true},
		{"(anonymous namespace)::work(int)", "work", true}, {"f(void (*)(int))", "f", true}} {
		if Matches(row.full, row.name) != row.want {
			t.Errorf("%s as %s: %v", row.full, row.name, !row.want)
		}
	}
}
