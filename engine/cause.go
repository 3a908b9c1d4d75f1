package engine

import (
	"slices"
	"strings"

	"kmv/shadowmem"
	"kmv/translator/x86"
)

// Why two copies differ, as far as it is known when the difference is found:
//
//	lost      one of them cannot be read
//	flip      an injected error, or no more bits than a memory error changes
//	race      there are other threads, or processes that share the memory, and no gap: stores to the range at an address that
//	          the instruction names are listed
//	gap       a write that the report lists as not mirrored: those that can have been it
//	unknown   none of these: an error of kmv's

// cause is a word of these, and what is known besides.
func (e *engine) cause(p *process, m shadowmem.Mapping, native, mirror []byte, d shadowmem.Diff) string {
	for _, f := range p.flips {
		if at := e.layout.NativeOf(f.at); at < d.End && at+nativeAddr(uint64(len(f.mask))) > d.Start {
			return "flip"
		}
	}
	switch {
	case len(native) != len(mirror):
		return "lost"
	case differingBits(native, mirror) <= 2:
		return "flip"
	}
	gaps, stores := e.lostWrites(), e.storesTo(p, d)
	parallel := p.threads > 1 || e.accountOf(p.pid).threads > 1 || p.shares && m.IsShared()
	switch {
	case parallel && (len(stores) > 0 || len(gaps) == 0):
		return withNames("race", stores)
	case len(gaps) > 0:
		return withNames("gap", gaps)
	}
	return withNames("unknown", stores)
}

// causesMost bounds what a cause names.
const causesMost = 3

func withNames(word string, names []string) string {
	if len(names) == 0 {
		return word
	}
	if len(names) > causesMost {
		names = append(names[:causesMost:causesMost], "...")
	}
	return word + ": " + strings.Join(names, ", ")
}

// lostWrites names the gaps that are writes.
func (e *engine) lostWrites() (names []string) {
	seen := map[gapKey]int{}
	for k := range e.unseen {
		seen[k] = e.gaps[k]
	}
	for _, g := range e.gapList(seen) {
		names = append(names, g.Name+" at "+g.Where)
	}
	return names
}

// storesTo finds the translated instructions that store to d at an address of their own, which variables of a program are
// written with: where, by symbol.
func (e *engine) storesTo(p *process, d shadowmem.Diff) (where []string) {
	if p.code == nil {
		return nil
	}
	for i := range p.code.blocks {
		b := &p.code.blocks[i]
		if b.kind != translated {
			continue
		}
		for pc, end := b.native, b.native+uint64(b.size); pc < end; {
			var in x86.Inst
			if x86.Decode(p.source(pc), &in) != nil {
				break
			}
			pc += uint64(in.Len)
			if to, ok := fixedStore(&in, pc); ok && to < d.End && to+shadowmem.Native(in.StoreSize) > d.Start {
				where = append(where, e.whereText(p, pc-uint64(in.Len)))
			}
		}
	}
	slices.Sort(where)
	return slices.Compact(where)
}

// fixedStore is where an instruction stores whose operand is an address; next is that of the instruction behind it.
func fixedStore(in *x86.Inst, next uint64) (shadowmem.Native, bool) {
	m := in.Mem
	if !in.HasMem || in.Form != x86.Repeatable && in.Form != x86.ReadModify || m.Base != x86.NoReg || m.Index != x86.NoReg || m.Seg != x86.NoSeg {
		return 0, false
	}
	at := uint64(m.Disp)
	if m.RIP {
		at += next
	}
	return shadowmem.Native(at), true
}
