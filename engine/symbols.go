package engine

import (
	"debug/elf"
	"fmt"
	"slices"

	"kmv/engine/symbols"
	"kmv/shadowmem"
)

// symbols gives the sym: rules of the policy their addresses, in the program that the user named. Programs that it starts
// need not have such a variable: there the rule matches nothing.
func (l *loader) symbols() error {
	names := l.e.opts.Policy.Symbols()
	if len(names) == 0 {
		return nil
	}
	f, err := elf.Open(fmt.Sprintf("/proc/%d/exe", l.t.pid))
	if err != nil {
		return err
	}
	defer f.Close()
	found := variables(f, l.bias(f), names)
	policy := l.e.opts.Policy
	err = policy.Resolve(found)
	if err != nil && l.t.tid == l.e.root && !l.e.resolved {
		return fmt.Errorf("%s: %w", l.p.exe, err)
	}
	l.e.resolved = true
	if err == nil {
		l.p.space.Policy = policy
	}
	return nil
}

// variables finds those of an executable's variables that have the given names.
func variables(f *elf.File, bias uint64, names []string) map[string]shadowmem.Range {
	found := map[string]shadowmem.Range{}
	for _, read := range []func() ([]elf.Symbol, error){f.DynamicSymbols, f.Symbols} {
		all, _ := read() // a stripped program has none: then the name is reported missing
		for _, s := range all {
			if elf.ST_TYPE(s.Info) != elf.STT_OBJECT || s.Size == 0 {
				continue
			}
			for _, name := range []string{s.Name, symbols.Demangled(s.Name)} {
				if slices.Contains(names, name) {
					start := nativeAddr(s.Value + bias)
					found[name] = shadowmem.Range{Start: start, End: start + nativeAddr(s.Size)}
				}
			}
		}
	}
	return found
}

// anyThread is a thread of a process that lives: its leader may be gone.
func (e *engine) anyThread(p *process) int {
	for _, t := range e.threads {
		if t.p == p && !t.exiting {
			return t.tid
		}
	}
	return p.pid
}

// variable finds a variable of the executable that a process runs.
func (e *engine) variable(p *process, name string) (shadowmem.Range, error) {
	f, err := elf.Open(fmt.Sprintf("/proc/%d/exe", e.anyThread(p)))
	if err != nil {
		return shadowmem.Range{}, err
	}
	defer f.Close()
	bias := uint64(0)
	if f.Type == elf.ET_DYN {
		i := slices.IndexFunc(p.space.All(), func(m shadowmem.Mapping) bool { return m.Name == p.exe })
		j := slices.IndexFunc(f.Progs, func(ph *elf.Prog) bool { return ph.Type == elf.PT_LOAD })
		if i < 0 || j < 0 {
			return shadowmem.Range{}, fmt.Errorf("%s is not mapped", p.exe)
		}
		bias = uint64(p.space.All()[i].Start) - f.Progs[j].Vaddr&^4095
	}
	where, ok := variables(f, bias, []string{name})[name]
	if !ok {
		return where, fmt.Errorf("%s has no variable %s", p.exe, name)
	}
	return where, nil
}

// bias is how far the executable was moved from the addresses that it was linked to.
func (l *loader) bias(f *elf.File) uint64 {
	if f.Type != elf.ET_DYN {
		return 0
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			for _, im := range l.images() {
				if im.areas[0].name == l.p.exe {
					return l.moved(im.start()) - p.Vaddr&^4095
				}
			}
		}
	}
	return 0
}
