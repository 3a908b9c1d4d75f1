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
	cfa   uint64
	exact bool // the PC is not a return address
}

const (
	regSP     = symbols.RegSP
	regPC     = symbols.RegPC
	framesOf  = 200
	wordBytes = 8
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
		next, cfa, exact, ok := e.caller(t.p, f, read)
		f.cfa = cfa
		list = append(list, f)
		if !ok || next[regPC] == 0 || next[regSP] <= f.regs[regSP] && !exact && len(list) > 1 {
			break
		}
		f = frame{regs: next, exact: exact}
	}
	return list
}

// caller finds a frame's caller: by the call frame information of its file, else by a frame pointer.
func (e *engine) caller(p *process, f frame, read func(uint64) (uint64, bool)) (next symbols.Registers, cfa uint64, exact, ok bool) {
	pc := f.regs[regPC]
	look := pc
	if !f.exact {
		look--
	}
	if m, found := e.moduleAt(p, look); found {
		next, cfa, exact, ok = m.image.Caller(f.regs, m.bias, f.exact, read)
		if ok {
			return next, cfa, exact, true
		}
	}
	const rbp = 6
	base := f.regs[rbp]
	if base < f.regs[regSP] || base%wordBytes != 0 || base-f.regs[regSP] > 1<<20 {
		return next, 0, false, false
	}
	saved, ok1 := read(base)
	back, ok2 := read(base + wordBytes)
	if m, mapped := p.space.Find(nativeAddr(back)); !ok1 || !ok2 || !mapped || m.Prot&protExec == 0 {
		return next, 0, false, false
	}
	next = f.regs
	next[rbp], next[regPC], next[regSP] = saved, back, base+2*wordBytes
	return next, base + 2*wordBytes, false, true
}

const protExec = 4

// stack answers Query.Stack.
func (e *engine) stack(t *thread) []view.Frame {
	var list []view.Frame
	for _, f := range e.unwind(t, framesOf) {
		pc := f.regs[regPC]
		v := view.Frame{PC: pc, CFA: f.cfa, Symbol: e.symbolAt(t.p, pc)}
		look := pc
		if !f.exact {
			look--
			if v.Symbol == "" || e.functionOf(t.p, look) != e.functionOf(t.p, pc) {
				v.Symbol = e.symbolAt(t.p, look)
			}
		}
		if r, ok := e.lineAt(t.p, look); ok {
			v.Source = sourceOf(r)
		}
		if m, ok := e.moduleAt(t.p, look); ok {
			v.Module = filepath.Base(m.path)
		}
		list = append(list, v)
	}
	return list
}
