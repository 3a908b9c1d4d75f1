package engine

import (
	"encoding/binary"
	"path/filepath"

	"kmv/engine/ptrace"
	"kmv/engine/symbols"
	"kmv/engine/view"
	"kmv/translator/x86"
)

// frame is one call of a stack.
type frame struct {
	regs  symbols.Registers
	lost  uint32 // registers, by number in DWARF, that are not known
	cfa   uint64
	exact bool // the PC is not a return address

	// Of what calls gives:
	depth  int               // which frame of the stack it is, or lies in
	fn     *symbols.Function // nil: the one around the PC, which has no copies there
	copied bool              // fn has no frame of its own
	source string            // where it has called a copied one
}

// look is the address of the code that a frame is at: where it goes on may belong to something else.
func (f *frame) look() uint64 {
	if f.exact {
		return f.regs[regPC]
	}
	return f.regs[regPC] - 1
}

const (
	regSP    = symbols.RegSP
	regPC    = symbols.RegPC
	framesOf = 200
	// Arguments of frames further out are not read at each stop.
	framesWithArguments = 24
	wordBytes           = 8
)

// dwarfOrder says which register has which number in DWARF.
var dwarfOrder = [16]x86.Reg{x86.RAX, x86.RDX, x86.RCX, x86.RBX, x86.RSI, x86.RDI, x86.RBP, x86.RSP,
	x86.R8, x86.R9, x86.R10, x86.R11, x86.R12, x86.R13, x86.R14, x86.R15}

func dwarfRegisters(r *ptrace.Regs) (d symbols.Registers) {
	for i, reg := range dwarfOrder {
		d[i] = *register(r, reg)
	}
	d[regPC] = r.Rip
	return d
}

// unwind lists at most that many frames of a stopped thread, the innermost first.
func (e *engine) unwind(t *thread, most int) []frame {
	if t.running || t.p == nil || t.p.mem == nil {
		return nil
	}
	r := e.nativeRegs(t)
	f := frame{regs: dwarfRegisters(&r), exact: true}
	read := func(addr uint64) (uint64, bool) {
		var b [wordBytes]byte
		err := t.p.mem.Read(addr, b[:])
		return binary.LittleEndian.Uint64(b[:]), err == nil
	}
	var list []frame
	for len(list) < most {
		next, cfa, ok := e.caller(t.p, f, read)
		f.cfa = cfa
		list = append(list, f)
		if !ok || next.regs[regPC] == 0 || next.regs[regSP] <= f.regs[regSP] && !next.exact && len(list) > 1 {
			break
		}
		f = next
	}
	return list
}

// caller finds a frame's caller: by the call frame information of its file, else by a frame pointer.
func (e *engine) caller(p *process, f frame, read func(uint64) (uint64, bool)) (next frame, cfa uint64, ok bool) {
	next = f
	if m, found := e.moduleAt(p, f.look()); found {
		next.regs, cfa, next.exact, ok = m.image.Caller(f.regs, m.bias, f.exact, &next.lost, read)
		if ok {
			return next, cfa, true
		}
	}
	const rbp = 6
	base := f.regs[rbp]
	if base < f.regs[regSP] || base%wordBytes != 0 || base-f.regs[regSP] > 1<<20 {
		return next, 0, false
	}
	saved, ok1 := read(base)
	back, ok2 := read(base + wordBytes)
	if m, mapped := p.space.Find(nativeAddr(back)); !ok1 || !ok2 || !mapped || m.Prot&protExec == 0 {
		return next, 0, false
	}
	next = frame{regs: f.regs, lost: ^uint32(1<<rbp | 1<<regPC | 1<<regSP)}
	next.regs[rbp], next.regs[regPC], next.regs[regSP] = saved, back, base+2*wordBytes
	return next, base + 2*wordBytes, true
}

const protExec = 4

// stack answers Query.Stack.
func (e *engine) stack(t *thread) []view.Frame {
	var list []view.Frame
	frames := e.calls(t, framesOf)
	for i := range frames {
		f := &frames[i]
		pc, look := f.regs[regPC], f.look()
		v := view.Frame{PC: pc, CFA: f.cfa, Symbol: e.symbolAt(t.p, pc), Inlined: f.copied}
		if !f.exact && (v.Symbol == "" || e.functionOf(t.p, look) != e.functionOf(t.p, pc)) {
			v.Symbol = e.symbolAt(t.p, look)
		}
		if r, ok := e.lineAt(t.p, look); ok {
			v.Source = sourceOf(r)
		}
		if f.source != "" {
			v.Source = f.source
		}
		if f.copied {
			v.Symbol = f.fn.Name
		}
		if m, ok := e.moduleAt(t.p, look); ok {
			v.Module = filepath.Base(m.path)
		}
		if i < framesWithArguments {
			v.Args = e.argumentsText(t, frames, i)
		}
		list = append(list, v)
	}
	return list
}
