package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kmv/engine/expr"
	"kmv/engine/symbols"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// module is a file that is mapped in a process.
type module struct {
	path       string
	start, end uint64
	bias       uint64 // to add to the file's addresses
	image      *symbols.Image
}

// modules lists the ELF files of a process, the program itself first, then by address.
func (e *engine) modules(p *process) []module {
	if p.modules != nil {
		return p.modules
	}
	list := []module{}
	for _, m := range p.space.All() {
		file := m.Kind == shadowmem.Text || m.Kind == shadowmem.Data || m.Kind == shadowmem.File
		if m.Name == "" || m.FileOff != 0 && file || !file && m.Name != "[vdso]" {
			continue
		}
		if im := e.imageOf(p, m); im != nil {
			list = append(list, module{m.Name, uint64(m.Start), uint64(m.Start) + im.Size(), im.Bias(uint64(m.Start), 0), im})
		}
	}
	if i := slices.IndexFunc(list, func(m module) bool { return m.path == p.exe }); i > 0 {
		own := list[i]
		list = slices.Insert(slices.Delete(list, i, i+1), 0, own)
	}
	p.modules = list
	return list
}

// imageOf opens the file behind a mapping, once.
func (e *engine) imageOf(p *process, m shadowmem.Mapping) *symbols.Image {
	key := fmt.Sprintf("%s %d %d", m.Name, m.Dev, m.Ino)
	if im, ok := e.images[key]; ok {
		return im
	}
	var im *symbols.Image
	var err error
	if m.Kind == shadowmem.VDSO {
		b := make([]byte, m.Len())
		if _, err = p.mem.ReadSome(uint64(m.Start), b); err == nil {
			im, err = symbols.New(m.Name, bytes.NewReader(b))
		}
	} else {
		im, err = symbols.Open(m.Name)
	}
	if err != nil {
		im = nil
	}
	if e.images == nil {
		e.images = map[string]*symbols.Image{}
	}
	e.images[key] = im
	return im
}

// moduleAt is the module that an address belongs to.
func (e *engine) moduleAt(p *process, addr uint64) (module, bool) {
	if p == nil {
		return module{}, false
	}
	for _, m := range e.modules(p) {
		if addr >= m.start && addr < m.end {
			return m, true
		}
	}
	return module{}, false
}

// symbolAt names an address: "function+0x10", or "".
func (e *engine) symbolAt(p *process, addr uint64) string {
	m, ok := e.moduleAt(p, addr)
	if !ok {
		return ""
	}
	s, off, ok := m.image.Name(addr - m.bias)
	switch {
	case !ok:
		return ""
	case off == 0:
		return s.Name
	case off < 10:
		return fmt.Sprintf("%s+%d", s.Name, off)
	}
	return fmt.Sprintf("%s+%#x", s.Name, off)
}

// placeName is symbolAt, or the address in figures.
func (e *engine) placeName(p *process, addr uint64) string {
	if s := e.symbolAt(p, addr); s != "" {
		return s
	}
	return fmt.Sprintf("%#x", addr)
}

// lineAt is the source position of an address, addresses in it as in the process.
func (e *engine) lineAt(p *process, addr uint64) (symbols.Row, bool) {
	m, ok := e.moduleAt(p, addr)
	if !ok {
		return symbols.Row{}, false
	}
	r, ok := m.image.Line(addr - m.bias)
	r.Addr += m.bias
	r.End += m.bias
	return r, ok
}

// find looks a name up: in the program, then where it is exported, then anywhere.
func (e *engine) find(p *process, name string) (s symbols.Symbol, in module, found bool) {
	for i, m := range e.modules(p) {
		x, ok := m.image.Find(name)
		if ok && (i == 0 || x.Exported) {
			return x, m, true
		}
		if ok && !found {
			s, in, found = x, m, true
		}
	}
	return s, in, found
}

// Register knows the parts of registers too: $eax, $ax, $al, $ah.
func (v *environment) Register(name string) (uint64, bool) {
	if !v.known && v.place == 0 {
		return 0, false
	}
	alias := map[string]string{"pc": "rip", "sp": "rsp", "fp": "rbp", "flags": "eflags"}
	if a, ok := alias[name]; ok {
		name = a
	}
	if r := registerOf(&v.regs, name); r != nil {
		return *r, true
	}
	whole, shift, bits := partOf(name)
	if r := registerOf(&v.regs, whole); r != nil {
		return *r >> shift & (1<<bits - 1), true
	}
	return 0, false
}

// partOf says which register a name is a part of.
func partOf(name string) (whole string, shift, bits uint) {
	n := len(name)
	switch {
	case n < 2:
		return "", 0, 0
	case name[0] == 'e' && n == 3:
		return "r" + name[1:], 0, 32
	case name[0] == 'r' && strings.HasSuffix(name, "d"):
		return name[:n-1], 0, 32
	case name[0] == 'r' && strings.HasSuffix(name, "w"):
		return name[:n-1], 0, 16
	case name[0] == 'r' && (strings.HasSuffix(name, "b") || strings.HasSuffix(name, "l")):
		return name[:n-1], 0, 8
	case n == 2 && name[1] == 'l':
		return "r" + name[:1] + "x", 0, 8
	case n == 2 && name[1] == 'h':
		return "r" + name[:1] + "x", 8, 8
	case n == 3 && name[2] == 'l':
		return "r" + name[:2], 0, 8
	case n == 2:
		return "r" + name, 0, 16
	}
	return "", 0, 0
}

// resolveBreak finds where a breakpoint belongs in a thread's process. No address and no error: in what is not loaded yet.
func (e *engine) resolveBreak(t *thread, b *breakpoint) ([]uint64, error) {
	text := b.Text
	switch {
	case text == "":
		if t.pid != b.pid {
			return nil, nil
		}
		return []uint64{b.Addr}, nil
	case text[0] == '*':
		v, err := expr.Eval(text[1:], e.environment(t))
		if err != nil {
			return nil, shifted(err, text, 1)
		}
		return []uint64{v.Bits}, nil
	}
	if i := strings.LastIndexByte(text, ':'); i > 0 && text[i-1] != ':' {
		line, err := strconv.Atoi(text[i+1:])
		if err != nil {
			return nil, &view.CommandError{Text: text, Start: i + 1, End: len(text), Problem: "is not a line number", Hint: "FILE:LINE, a function, or *EXPRESSION"}
		}
		return e.lineAddresses(t, text[:i], line, text)
	}
	if line, err := strconv.Atoi(text); err == nil {
		r, ok := e.currentLine(t, e.nativeRegs(t).Rip)
		if !ok {
			return nil, &view.CommandError{Text: text, End: len(text), Problem: "is a line, and there is no current file", Hint: "FILE:LINE, a function, or *EXPRESSION"}
		}
		return e.lineAddresses(t, r.File, line, text)
	}
	return e.functionAddresses(t, text)
}

// currentLine is the line of an address, or, as in gdb, that of main where it has none: of a program that has not got there yet.
func (e *engine) currentLine(t *thread, pc uint64) (symbols.Row, bool) {
	e.awaitLines(t.p, pc)
	if r, ok := e.lineAt(t.p, pc); ok {
		return r, true
	}
	for _, name := range []string{"main.main", "main"} { // Go's, C's
		if s, m, ok := e.find(t.p, name); ok && !s.Object && m.image.HasLines() {
			return e.lineAt(t.p, e.body(t.p, s.Addr+m.bias))
		}
	}
	return symbols.Row{}, false
}

// functionAddresses are where breakpoints in the functions of a name belong, and in the copies of them that the compiler has put into
// their callers.
func (e *engine) functionAddresses(t *thread, name string) ([]uint64, error) {
	var addrs, hidden []uint64
	var err error
	for i, m := range e.modules(t.p) {
		m.image.HasLines()
		for _, s := range m.image.Functions(name) {
			at := e.body(t.p, s.Addr+m.bias)
			switch {
			case s.Chosen:
				err = &view.CommandError{Text: name, End: len(name), Problem: "is chosen by the program when it is first called (an ifunc)",
					Hint: "break at what is called then, such as __memmove_avx_unaligned, or at *ADDRESS"}
			case i == 0 || s.Exported:
				addrs = append(addrs, at)
			default:
				hidden = append(hidden, at)
			}
		}
		copies, clones, known := m.image.Made(name)
		for _, a := range copies {
			addrs = append(addrs, a+m.bias)
		}
		for _, a := range clones {
			if at := e.body(t.p, a+m.bias); !slices.Contains(addrs, at) {
				addrs = append(addrs, at)
			}
		}
		if known && err == nil {
			err = &view.CommandError{Text: name, End: len(name), Problem: "has no code: all of it was inlined and optimized away", Hint: "break at a line: FILE:LINE"}
		}
	}
	switch {
	case len(addrs) > 0:
		return addrs, nil
	case len(hidden) > 0:
		return hidden, nil
	}
	return nil, err
}

// lineAddresses are where the code of a line begins; none and no error where the file is not known yet.
func (e *engine) lineAddresses(t *thread, file string, line int, text string) (addrs []uint64, err error) {
	for _, m := range e.modules(t.p) {
		for _, a := range m.image.Addresses(file, line) {
			addrs = append(addrs, a+m.bias)
		}
	}
	if _, known := e.rowOf(t.p, file, 1); addrs == nil && known {
		return nil, &view.CommandError{Text: text, End: len(text), Problem: fmt.Sprintf("there is no code at line %d or behind it", line), Hint: "list shows the lines"}
	}
	return addrs, nil
}

// body is where a breakpoint in a function belongs: behind its prologue, at the start of a line, as gdb has it. A function
// without a frame pointer has none.
func (e *engine) body(p *process, addr uint64) uint64 {
	at := p.behindPrologue(addr)
	if r, ok := e.lineAt(p, at); ok && at != addr && at != r.Addr {
		return r.End
	}
	return at
}

// behindPrologue skips what sets up a frame pointer, where there are no lines to tell: endbr64; push %rbp; mov %rsp,%rbp.
func (p *process) behindPrologue(addr uint64) uint64 {
	b := p.source(addr)
	n := 0
	if bytes.HasPrefix(b, []byte{0xf3, 0x0f, 0x1e, 0xfa}) {
		n = 4
	}
	for _, mov := range [][]byte{{0x55, 0x48, 0x89, 0xe5}, {0x55, 0x48, 0x8b, 0xec}} {
		if bytes.HasPrefix(b[min(n, len(b)):], mov) {
			return addr + uint64(n+len(mov))
		}
	}
	return addr
}

// commandError makes an expression's error a command's.
func commandError(err error) error {
	var x *expr.Error
	if ok := asExpr(err, &x); ok {
		return &view.CommandError{Text: x.Text, Start: x.Start, End: x.End, Problem: x.Problem, Hint: x.Hint}
	}
	return err
}

// shifted is commandError for an expression that begins at byte n of text.
func shifted(err error, text string, n int) error {
	var x *expr.Error
	if asExpr(err, &x) {
		return &view.CommandError{Text: text, Start: x.Start + n, End: x.End + n, Problem: x.Problem, Hint: x.Hint}
	}
	return err
}

func asExpr(err error, x **expr.Error) bool {
	e, ok := err.(*expr.Error)
	*x = e
	return ok
}
