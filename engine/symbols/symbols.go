// Package symbols reads what an ELF file tells people about its code: names, source lines, and how to unwind a frame.
//
// It is pure: a file in, answers out; nothing here knows a process. Addresses are the file's own, before it was loaded;
// Bias gives what to add. What is expensive (DWARF) is read when it is first asked for, in the background.
//
//	Image --> Name, Find, Objects     symbol tables, demangled
//	      --> Line, Addresses         .debug_line
//	      --> Unwind                  .eh_frame: one Row of rules for an address
package symbols

import (
	"debug/elf"
	"errors"
	"io"
	"os"
	"sort"
	"strings"
	"sync"

	"github.com/ianlancetaylor/demangle"
)

// Image is one ELF file. Its methods belong to one goroutine.
type Image struct {
	Path    string
	file    *elf.File
	closer  io.Closer
	symbols []Symbol // by address
	read    bool     // symbols are
	byName  map[string]int
	frames  *frameTable
	imports map[uint64]string // by the address of the word that holds them
	lines   lineTable
	once    sync.Once
}

// Symbol is a function or a variable.
type Symbol struct {
	Name     string // demangled
	Raw      string // as in the file
	Addr     uint64
	Size     uint64
	Object   bool // a variable
	Chosen   bool // Addr is code that chooses the function when the program is linked (STT_GNU_IFUNC)
	Exported bool // other files may refer to it
	Global   bool // other units may
	rank     int
}

// Open reads a file's headers.
func Open(path string) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	im, err := New(path, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	im.closer = f
	return im, nil
}

// New is Open for bytes that are not in a file of their own, such as the vdso.
func New(path string, r io.ReaderAt) (*Image, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	if f.Machine != elf.EM_X86_64 {
		return nil, errors.New(path + " is not an x86-64 file")
	}
	return &Image{Path: path, file: f}, nil
}

// Bias is what to add to the file's addresses when its byte at offset off is mapped at start.
func (im *Image) Bias(start uint64, off int64) uint64 {
	const page = 4095
	for _, p := range im.file.Progs {
		if p.Type == elf.PT_LOAD && uint64(off) >= p.Off&^page && uint64(off) < p.Off+p.Filesz {
			return start - (p.Vaddr - p.Off + uint64(off))
		}
	}
	return start - uint64(off)
}

// Size is how much address space the file takes when it is loaded, from its first byte on.
func (im *Image) Size() uint64 {
	var low, high uint64
	first := true
	for _, p := range im.file.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		if first {
			low, first = p.Vaddr-p.Off, false
		}
		high = max(high, p.Vaddr+p.Memsz)
	}
	return high - low
}

// Name gives the symbol that an address belongs to, and how far into it.
func (im *Image) Name(addr uint64) (s Symbol, off uint64, ok bool) {
	im.load()
	i := sort.Search(len(im.symbols), func(i int) bool { return im.symbols[i].Addr > addr })
	for back := 0; i > 0 && back < 16; back++ { // a small symbol may lie inside a bigger one
		i--
		s := &im.symbols[i]
		if addr < s.Addr+max(s.Size, 1) {
			return im.demangled(s), addr - s.Addr, true
		}
	}
	return Symbol{}, 0, false
}

// Find gives a symbol by its name, mangled or as its author wrote it, with or without parameters.
func (im *Image) Find(name string) (Symbol, bool) {
	im.load()
	if i, ok := im.byName[name]; ok {
		return im.demangled(&im.symbols[i]), true
	}
	if !strings.ContainsAny(name, ":(~<") && !im.mangled(name) {
		return Symbol{}, false
	}
	for i := range im.symbols {
		s := &im.symbols[i]
		if !strings.HasPrefix(s.Raw, "_Z") && !strings.HasPrefix(s.Raw, "_R") {
			continue
		}
		if full := im.demangled(s).Name; full == name || strings.HasPrefix(full, name+"(") {
			return *s, true
		}
	}
	return Symbol{}, false
}

// mangled says whether a plain name may be that of a function with parameters: some raw name contains it.
func (im *Image) mangled(name string) bool {
	for i := range im.symbols {
		if raw := im.symbols[i].Raw; strings.HasPrefix(raw, "_Z") && strings.Contains(raw, name) {
			return true
		}
	}
	return false
}

// Objects lists the variables that have a size, by address.
func (im *Image) Objects() []Symbol {
	im.load()
	var list []Symbol
	for i := range im.symbols {
		if s := &im.symbols[i]; s.Object && s.Size > 0 {
			list = append(list, im.demangled(s))
		}
	}
	return list
}

func (im *Image) demangled(s *Symbol) Symbol {
	if s.Name == "" {
		s.Name = Demangled(s.Raw)
	}
	return *s
}

// load reads the symbol tables. Of several names for an address the one is kept that a person would choose.
func (im *Image) load() {
	if im.read {
		return
	}
	im.read = true
	static, _ := im.file.Symbols() // absent from stripped files
	dynamic, _ := im.file.DynamicSymbols()
	if len(static) == 0 { // perhaps they are kept apart
		if apart, err := elf.Open(debugFile(im.file, im.Path)); err == nil {
			static, _ = apart.Symbols()
			apart.Close()
		}
	}
	for i, s := range append(static, dynamic...) {
		kind := elf.ST_TYPE(s.Info)
		if s.Section == elf.SHN_UNDEF || s.Section == elf.SHN_ABS || s.Value == 0 {
			continue
		}
		switch kind {
		case elf.STT_FUNC, elf.STT_OBJECT, elf.STT_GNU_IFUNC, elf.STT_NOTYPE:
		default:
			continue
		}
		if kind == elf.STT_NOTYPE && (s.Section == 0 || int(s.Section) >= len(im.file.Sections) || im.file.Sections[s.Section].Flags&elf.SHF_EXECINSTR == 0) {
			continue
		}
		im.symbols = append(im.symbols, Symbol{Raw: s.Name, Addr: s.Value, Size: s.Size, Object: kind == elf.STT_OBJECT, Chosen: kind == elf.STT_GNU_IFUNC, Exported: i >= len(static), Global: elf.ST_BIND(s.Info) != elf.STB_LOCAL, rank: rank(s)})
		if last := &im.symbols[len(im.symbols)-1]; last.Exported {
			last.rank += 100
		}
	}
	sort.SliceStable(im.symbols, func(i, j int) bool {
		a, b := &im.symbols[i], &im.symbols[j]
		if a.Addr != b.Addr {
			return a.Addr < b.Addr
		}
		return a.rank < b.rank // the best one last: Name looks from behind
	})
	im.byName = make(map[string]int, len(im.symbols))
	for i := range im.symbols {
		s := &im.symbols[i]
		if old, ok := im.byName[s.Raw]; !ok || im.symbols[old].rank < s.rank {
			im.byName[s.Raw] = i
		}
	}
}

// rank says how good a name for its address a symbol is: global before weak before local, few underscores, with a size.
func rank(s elf.Symbol) int {
	r := 0
	switch elf.ST_BIND(s.Info) {
	case elf.STB_GLOBAL:
		r = 200
	case elf.STB_WEAK:
		r = 150
	}
	if s.Size > 0 {
		r += 1000
	}
	if strings.ContainsRune(s.Name, '@') {
		r -= 100
	}
	return r - 20*(len(s.Name)-len(strings.TrimLeft(s.Name, "_")))
}

// Demangled is a symbol's name as its author wrote it.
func Demangled(raw string) string { return demangle.Filter(raw, demangle.NoClones) }
