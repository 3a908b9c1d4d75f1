package engine

import (
	"debug/elf"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
)

// elfWithCode says whether a file is an ELF object with an executable segment: then all of it goes to the code zone,
// because a dynamic linker first maps the whole object and only then its segments over that.
func elfWithCode(path string, m *shadowmem.Mapping) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [4096]byte
	n, _ := f.ReadAt(head[:], 0)
	if n < 64 || string(head[:4]) != elf.ELFMAG || head[elf.EI_CLASS] != byte(elf.ELFCLASS64) {
		return false
	}
	off, size, count := binary.LittleEndian.Uint64(head[32:]), int(binary.LittleEndian.Uint16(head[54:])), int(binary.LittleEndian.Uint16(head[56:]))
	table := head[:n]
	if off+uint64(size*count) > uint64(n) {
		table = make([]byte, size*count)
		if _, err := f.ReadAt(table, int64(off)); err != nil {
			return false
		}
		off = 0
	}
	for i := range count {
		ph := table[off+uint64(i*size):]
		if elf.ProgType(binary.LittleEndian.Uint32(ph)) == elf.PT_LOAD && elf.ProgFlag(binary.LittleEndian.Uint32(ph[4:]))&elf.PF_X != 0 {
			m.Kind = shadowmem.Text
			if m.Prot&unix.PROT_WRITE != 0 {
				m.Kind = shadowmem.Data
			}
			return true
		}
	}
	return false
}

// codeChanged tells the cache that native memory has been moved, unmapped or protected anew.
func (e *engine) codeChanged(t *thread, start, end uint64) error {
	return e.codeGone(t, start, end, (*codeCache).dropDormant)
}

// codeMapped is for what is mapped: what sleeps there is looked at when the mapping is known (wake).
func (e *engine) codeMapped(t *thread, start, end uint64) error {
	return e.codeGone(t, start, end, nil)
}

func (e *engine) codeGone(t *thread, start, end uint64, dormant func(*codeCache, uint64, uint64)) error {
	p := t.p
	p.text.forget(start, end)
	p.modules = nil
	if p.watches != nil {
		p.watches.moved = true
	}
	if start >= uint64(e.layout.Code.High) && !p.code.farCode {
		return nil
	}
	if err := e.split(t); err != nil {
		return err
	}
	if dormant != nil {
		dormant(p.code, start, end)
	}
	p.code.invalidateAwake(start, end)
	p.code.forgetRegions(start, end)
	for page := range p.guarded {
		if page >= start && page < end {
			delete(p.guarded, page)
		}
	}
	e.showGuards(p)
	return nil
}

// guard takes the right to write from pages that were translated and are writable, so that a change of code is seen.
func (e *engine) guard(t *thread) error {
	p := t.p
	var calls []*call
	for _, page := range p.unguarded {
		m, ok := p.space.Find(nativeAddr(page))
		if !ok || p.guarded[page] || p.code.hot[page] {
			continue
		}
		p.guarded[page] = true
		calls = append(calls, &call{nr: unix.SYS_MPROTECT, args: [6]uint64{page, 4096, uint64(hostProt(m.Prot) &^ unix.PROT_WRITE)}})
	}
	p.unguarded = p.unguarded[:0]
	e.showGuards(p)
	if err := t.inject(calls...); err != nil {
		return err
	}
	for _, c := range calls {
		if c.err() != nil { // no more mappings to be had: its blocks look for themselves
			page := c.args[0]
			p.code.hot[page] = true
			delete(p.guarded, page)
			p.code.invalidate(page, page+4096)
		}
	}
	return nil
}

// protectedByUs says whether a fault is a write to a page that guard protected, or had protected when it was made: another
// thread may have written there, too, and been faster.
func (e *engine) protectedByUs(t *thread, info ptrace.Siginfo) bool {
	if info.Code != segvAccerr || t.p.writes == nil && len(t.p.guarded) == 0 {
		return false
	}
	m, ok := t.p.space.Find(nativeAddr(info.Addr()))
	return ok && m.Writable()
}

// codeWrite lets the program write to translated code: the page's translations are dropped, and the instruction is
// executed again. t.regs is native state.
func (e *engine) codeWrite(t *thread, info ptrace.Siginfo) error {
	e.count("code write")
	page := info.Addr() &^ 4095
	if !t.p.guarded[page] {
		return e.enter(t)
	}
	if t.p.writes == nil {
		t.p.writes = map[uint64]int{}
	}
	if t.p.writes[page]++; t.p.writes[page] > hotWrites {
		t.p.code.hot[page] = true
	}
	if err := e.unguard(t, page); err != nil {
		return err
	}
	return e.enter(t)
}

// unguard gives pages back the right to be written and forgets their translations.
func (e *engine) unguard(t *thread, pages ...uint64) error {
	if err := e.split(t); err != nil {
		return err
	}
	var calls []*call
	for _, page := range pages {
		if !t.p.guarded[page] {
			continue
		}
		delete(t.p.guarded, page)
		t.p.code.invalidate(page, page+4096)
		t.p.text.forget(page, page+4096)
		if m, ok := t.p.space.Find(nativeAddr(page)); ok {
			calls = append(calls, &call{nr: unix.SYS_MPROTECT, args: [6]uint64{page, 4096, uint64(hostProt(m.Prot))}})
		}
	}
	e.showGuards(t.p)
	return t.inject(calls...)
}

// unguardAll is unguard for every page: before the kernel writes somewhere.
func (e *engine) unguardAll(t *thread) error {
	var pages []uint64
	for page := range t.p.guarded {
		pages = append(pages, page)
	}
	return e.unguard(t, pages...)
}
