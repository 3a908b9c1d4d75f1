package cli

import (
	"debug/elf"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// image is an ELF file seen as code with names. Addresses are the file's own: a position independent one starts at 0.
type image struct {
	file  *elf.File
	funcs []elf.Symbol // by address
}

func openImage(path string) (*image, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, failure{err: fmt.Errorf("%s: %w", path, err), hint: "kmv translate reads ELF executables and libraries; --bytes HEX needs no file"}
	}
	if file.Machine != elf.EM_X86_64 {
		return nil, failure{status: statusNotExecutable, err: fmt.Errorf("%s: machine %v", path, file.Machine), hint: "kmv translates x86-64 only"}
	}
	im := &image{file: file}
	static, _ := file.Symbols() // absent from stripped files
	dynamic, _ := file.DynamicSymbols()
	for _, s := range append(static, dynamic...) {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Section != elf.SHN_UNDEF && s.Value != 0 {
			im.funcs = append(im.funcs, s)
		}
	}
	sort.SliceStable(im.funcs, func(i, j int) bool { return im.funcs[i].Value < im.funcs[j].Value })
	return im, nil
}

// readable is a symbol's name as its author wrote it.
func readable(name string) string { return demangle.Filter(name, demangle.NoClones) }

// find gives a function by its name, mangled or not, with or without parameters.
func (im *image) find(name string) (start, size uint64, err error) {
	for _, s := range im.funcs {
		r := readable(s.Name)
		if s.Name == name || r == name || strings.HasPrefix(r, name+"(") {
			return s.Value, s.Size, nil
		}
	}
	var near []string
	for _, s := range im.funcs {
		if len(near) < 5 && strings.Contains(s.Name, name) {
			near = append(near, readable(s.Name))
		}
	}
	hint := "names as nm shows them; in a stripped file, use --addr"
	if near != nil {
		hint = "similar: " + strings.Join(near, ", ")
	}
	return 0, 0, failure{err: fmt.Errorf("no function %q", name), hint: hint}
}

// symbol names an address, or gives "".
func (im *image) symbol(addr uint64) string {
	if im == nil {
		return ""
	}
	i := sort.Search(len(im.funcs), func(i int) bool { return im.funcs[i].Value > addr })
	for ; i > 0; i-- {
		s := im.funcs[i-1]
		if addr == s.Value {
			return readable(s.Name)
		}
		if addr < s.Value+s.Size {
			return fmt.Sprintf("%s+%#x", readable(s.Name), addr-s.Value)
		}
		if s.Size > 0 {
			break
		}
	}
	return ""
}

// code is the file's executable bytes from an address on, up to size (or the segment's end if 0).
func (im *image) code(addr, size uint64) ([]byte, error) {
	for _, p := range im.file.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_X == 0 || addr < p.Vaddr || addr >= p.Vaddr+p.Filesz {
			continue
		}
		n := p.Vaddr + p.Filesz - addr
		if size > 0 {
			n = min(n, size)
		}
		b := make([]byte, n)
		_, err := p.ReadAt(b, int64(addr-p.Vaddr))
		return b, err
	}
	return nil, failure{err: errors.New("no code at " + fmt.Sprintf("%#x", addr)), hint: "addresses as objdump -d shows them"}
}
