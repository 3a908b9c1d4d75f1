package symbols

import (
	"debug/elf"
	"encoding/binary"
	"sort"
)

// frameTable is a decoded .eh_frame (Linux Standard Base 5.0, 10.6; DWARF 5, 6.4).
type frameTable struct {
	data    []byte
	addr    uint64 // of data
	entries []frameEntry
}

// frameEntry is an FDE: the rules for one function.
type frameEntry struct {
	low, high uint64
	code      []byte // call frame instructions
	cie       *commonEntry
}

// commonEntry is a CIE.
type commonEntry struct {
	codeAlign uint64
	dataAlign int64
	returnReg uint64
	encoding  byte // of addresses in the FDEs
	augmented bool
	signal    bool // the frame is a signal handler's caller: its PC is not behind a call
	code      []byte
}

// Encodings of pointers (LSB 5.0, 10.5).
const (
	encOmit     = 0xff
	encFormat   = 0x0f
	encPCRel    = 0x10
	encIndirect = 0x80
)

// frameData finds .eh_frame, in stripped files by the program header for its index.
func (im *Image) frameData() ([]byte, uint64) {
	if s := im.file.Section(".eh_frame"); s != nil && s.Type != elf.SHT_NOBITS {
		if b, err := s.Data(); err == nil {
			return b, s.Addr
		}
	}
	for _, p := range im.file.Progs {
		if p.Type != elf.PT_GNU_EH_FRAME {
			continue
		}
		var head [8]byte // version, three encodings, a pointer relative to itself
		if _, err := p.ReadAt(head[:], 0); err != nil || head[1] != encPCRel|0x0b {
			return nil, 0
		}
		at := p.Vaddr + 4 + uint64(int64(int32(binary.LittleEndian.Uint32(head[4:]))))
		for _, l := range im.file.Progs {
			if l.Type == elf.PT_LOAD && at >= l.Vaddr && at < l.Vaddr+l.Filesz {
				b := make([]byte, l.Vaddr+l.Filesz-at)
				if _, err := l.ReadAt(b, int64(at-l.Vaddr)); err == nil {
					return b, at
				}
			}
		}
	}
	return nil, 0
}

// frameOf finds the FDE of an address.
func (im *Image) frameOf(addr uint64) *frameEntry {
	if im.frames == nil {
		im.frames = &frameTable{}
		im.frames.data, im.frames.addr = im.frameData()
		im.frames.parse(0)
		if b := debugSection(im.file, "frame"); len(b) > 0 { // of compilers that write no .eh_frame: Go's
			apart := frameTable{data: b}
			apart.parse(debugCommon)
			im.frames.entries = append(im.frames.entries, apart.entries...)
			im.frames.sort()
		}
	}
	list := im.frames.entries
	i := sort.Search(len(list), func(i int) bool { return list[i].low > addr }) - 1
	if i < 0 || addr >= list[i].high {
		return nil
	}
	return &list[i]
}

// debugCommon marks a CIE in .debug_frame (DWARF 5, 6.4.1); in .eh_frame 0 does.
const debugCommon = 0xffffffff

// parse splits the section into entries. What cannot be understood is left out.
func (t *frameTable) parse(mark uint64) {
	commons := map[uint64]*commonEntry{}
	r := reader{b: t.data, base: t.addr}
	for r.left() >= 4 {
		start := r.pos
		size := uint64(r.u32())
		if size == 0xffffffff {
			size = r.u64()
		}
		if size == 0 || size > uint64(r.left()) {
			if size == 0 && start+4 < len(t.data) { // a terminator between the tables of two objects
				continue
			}
			break
		}
		body := reader{b: t.data[:r.pos+int(size)], pos: r.pos, base: t.addr}
		r.pos += int(size)
		idAt := uint64(body.pos)
		id := uint64(body.u32())
		if id == mark {
			if c := parseCommon(&body); c != nil {
				commons[uint64(start)] = c
			}
			continue
		}
		at := idAt - id
		if mark == debugCommon {
			at = id
		}
		if c := commons[at]; c != nil {
			t.add(&body, c)
		}
	}
	t.sort()
}

func (t *frameTable) sort() {
	sort.SliceStable(t.entries, func(i, j int) bool { return t.entries[i].low < t.entries[j].low })
}

func (t *frameTable) add(r *reader, c *commonEntry) {
	low, ok := r.pointer(c.encoding)
	size, ok2 := r.pointer(c.encoding & encFormat)
	if !ok || !ok2 || low == 0 || size == 0 {
		return
	}
	if c.augmented {
		n := r.uleb()
		r.skip(n)
	}
	if !r.bad {
		t.entries = append(t.entries, frameEntry{low, low + size, r.rest(), c})
	}
}

func parseCommon(r *reader) *commonEntry {
	c := &commonEntry{}
	version := r.u8()
	aug := r.text()
	if version >= 4 { // address and segment size
		r.u8()
		r.u8()
	}
	c.codeAlign, c.dataAlign = r.uleb(), r.sleb()
	if version == 1 {
		c.returnReg = uint64(r.u8())
	} else {
		c.returnReg = r.uleb()
	}
	if len(aug) > 0 && aug[0] == 'z' {
		c.augmented = true
		n := r.uleb()
		end := r.pos + int(n)
		for _, letter := range aug[1:] {
			switch letter {
			case 'R':
				c.encoding = r.u8()
			case 'P':
				enc := r.u8()
				r.pointer(enc)
			case 'L':
				r.u8()
			case 'S':
				c.signal = true
			}
		}
		r.pos = min(end, len(r.b))
	} else if aug != "" {
		return nil
	}
	if r.bad {
		return nil
	}
	c.code = r.rest()
	return c
}
