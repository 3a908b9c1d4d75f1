package engine

import (
	"debug/elf"
	"fmt"
	"slices"

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
	found := map[string]shadowmem.Range{}
	bias := l.bias(f)
	for _, read := range []func() ([]elf.Symbol, error){f.DynamicSymbols, f.Symbols} {
		all, _ := read() // a stripped program has none: then the name is reported missing
		for _, s := range all {
			if elf.ST_TYPE(s.Info) == elf.STT_OBJECT && s.Size > 0 && slices.Contains(names, s.Name) {
				start := nativeAddr(s.Value + bias)
				found[s.Name] = shadowmem.Range{Start: start, End: start + nativeAddr(s.Size)}
			}
		}
	}
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
