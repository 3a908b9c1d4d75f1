package symbols

import (
	"debug/dwarf"
	"debug/elf"
)

// sections are parts of the DWARF that the standard library does not hand out.
type sections struct {
	loc, loclists, addr, info []byte
}

// readSections takes them from the file, once.
func (t *lineTable) readSections() *sections {
	if t.sections == nil {
		s := &sections{}
		for name, to := range map[string]*[]byte{"loc": &s.loc, "loclists": &s.loclists, "addr": &s.addr} {
			*to = debugSection(t.file, name)
		}
		t.sections = s
	}
	return t.sections
}

func debugSection(f *elf.File, name string) []byte {
	for _, prefix := range []string{".debug_", ".zdebug_"} {
		if s := f.Section(prefix + name); s != nil {
			b, _ := s.Data()
			return b
		}
	}
	return nil
}

// expression is the one that holds at an address: attributes have one, or a list of them with ranges.
func (t *lineTable) expression(unit int, v any, pc uint64) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return v, true
	case int64:
		u := &t.units[unit]
		s := t.readSections()
		if u.version < 5 {
			return locations4(s.loc, v, u.low, pc)
		}
		return t.locations5(u, s.loclists, v, pc)
	case uint64: // the number of a list of the unit
		u, b := &t.units[unit], t.readSections().loclists
		at := u.listsBase + 4*int64(v)
		if at < 0 || at+4 > int64(len(b)) {
			return nil, false
		}
		r := reader{b: b[at:]}
		return t.locations5(u, b, u.listsBase+int64(r.u32()), pc)
	}
	return nil, false
}

// locations4 reads a list of DWARF 2 to 4 (DWARF 4, 2.6.2).
func locations4(b []byte, off int64, base, pc uint64) ([]byte, bool) {
	if off < 0 || off >= int64(len(b)) {
		return nil, false
	}
	r := reader{b: b, pos: int(off)}
	for !r.bad {
		low, high := r.u64(), r.u64()
		switch {
		case low == 0 && high == 0:
			return nil, false
		case low == ^uint64(0):
			base = high
			continue
		}
		code := r.take(int(r.u16()))
		if pc >= base+low && pc < base+high && !r.bad {
			return code, true
		}
	}
	return nil, false
}

// locations5 reads a list of DWARF 5 (DWARF 5, 7.7.3).
func (t *lineTable) locations5(u *unit, b []byte, off int64, pc uint64) ([]byte, bool) {
	if off < 0 || off >= int64(len(b)) {
		return nil, false
	}
	r := reader{b: b, pos: int(off)}
	base, other := u.low, []byte(nil)
	indexed := func() uint64 {
		v, _ := t.addressOf(u, r.uleb())
		return v
	}
	for !r.bad {
		var low, high uint64
		switch r.u8() {
		case 0: // end_of_list
			return other, other != nil
		case 1: // base_addressx
			base = indexed()
			continue
		case 2: // startx_endx
			low, high = indexed(), indexed()
		case 3: // startx_length
			low = indexed()
			high = low + r.uleb()
		case 4: // offset_pair
			low = base + r.uleb()
			high = base + r.uleb()
		case 5: // default_location
			other = r.take(int(r.uleb()))
			continue
		case 6: // base_address
			base = r.u64()
			continue
		case 7: // start_end
			low, high = r.u64(), r.u64()
		case 8: // start_length
			low = r.u64()
			high = low + r.uleb()
		case 9: // GNU's view_pair: two numbers that say nothing of places
			r.uleb()
			r.uleb()
			continue
		default:
			return nil, false
		}
		code := r.take(int(r.uleb()))
		if pc >= low && pc < high && !r.bad {
			return code, true
		}
	}
	return nil, false
}

// address is number i in the table of addresses of a unit.
func (t *lineTable) address(unit int, i uint64) (uint64, bool) { return t.addressOf(&t.units[unit], i) }

func (t *lineTable) addressOf(u *unit, i uint64) (uint64, bool) {
	b := t.readSections().addr
	at := u.addrBase + 8*int64(i)
	if at < 0 || at+8 > int64(len(b)) {
		return 0, false
	}
	return constantAt(b[at:]), true
}

// describe notes what a unit's header and first entry say about the tables that it uses.
func (u *unit) describe(info []byte, e *dwarf.Entry) {
	u.low, _ = e.Val(dwarf.AttrLowpc).(uint64)
	u.addrBase, _ = e.Val(dwarf.AttrAddrBase).(int64)
	u.listsBase, _ = e.Val(dwarf.AttrLoclistsBase).(int64)
	u.version = 4
	// The unit's header stands before its first entry: length, version, and in DWARF 5 kind, address size, offset of the
	// abbreviations; before that the two last ones in another order (DWARF 5, 7.5.1).
	const head5, head4 = 12, 11
	at := int(e.Offset)
	word := func(pos int) uint16 {
		if pos < 0 || pos+2 > len(info) {
			return 0
		}
		return uint16(info[pos]) | uint16(info[pos+1])<<8
	}
	u.start = dwarf.Offset(at - head4)
	for _, n := range []int{head5, head5 + 8, head5 + 12} { // plain; of a split unit; of a type unit
		if at >= n && word(at-n+4) == 5 && int(info[at-n+7]) == 8 {
			u.version, u.start = 5, dwarf.Offset(at-n)
			break
		}
	}
}

// threadStorage is the size of the file's thread-local storage.
func (im *Image) threadStorage() (size, align uint64, ok bool) {
	for _, p := range im.file.Progs {
		if p.Type == elf.PT_TLS {
			return p.Memsz, max(p.Align, 1), true
		}
	}
	return 0, 0, false
}
