package engine

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// variablesMost is how many named variables a snapshot lists: the largest.
const variablesMost = 200

// ranges lists a process's mappings, and the variables of its program.
func (e *engine) ranges(t *thread) []view.Range {
	pagemap, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", t.tid))
	if err != nil {
		pagemap = nil
	} else {
		defer pagemap.Close()
	}
	var list []view.Range
	for _, m := range t.p.space.All() {
		r := view.Range{Start: uint64(m.Start), End: uint64(m.End), Kind: m.Kind.String(), Name: m.Name, Prot: protText(m.Prot), State: m.State.String(), Why: m.Why}
		if r.Name == "" {
			r.Name = m.Object
		}
		if m.State == shadowmem.Off && r.Why == "" {
			r.Why = "turned off"
		}
		if pagemap != nil && (m.Twin == shadowmem.SourceAnon || m.Twin == shadowmem.SourceFile) {
			at := uint64(e.layout.Mirror(m.Start))
			r.Resident = ptrace.Private(pagemap, at, at+m.Len())
		}
		list = append(list, r)
	}
	return append(list, e.variables(t.p)...)
}

func protText(prot int) string {
	b := []byte("---")
	for i, bit := range [...]int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
		if prot&bit != 0 {
			b[i] = "rwx"[i]
		}
	}
	return string(b)
}

// variables are the largest writable variables of the program, by address.
func (e *engine) variables(p *process) []view.Range {
	mods := e.modules(p)
	if len(mods) == 0 || mods[0].path != p.exe {
		return nil
	}
	var list []view.Range
	for _, s := range mods[0].image.Objects() {
		at := s.Addr + mods[0].bias
		m, ok := p.space.Find(nativeAddr(at))
		if !ok || !m.Writable() {
			continue
		}
		list = append(list, view.Range{Start: at, End: at + s.Size, Kind: "variable", Name: s.Name, Prot: protText(m.Prot), State: m.State.String(), Why: m.Why})
	}
	slices.SortStableFunc(list, func(a, b view.Range) int { return cmp.Compare(b.End-b.Start, a.End-a.Start) })
	list = list[:min(len(list), variablesMost)]
	slices.SortFunc(list, func(a, b view.Range) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Name, b.Name)) })
	return slices.CompactFunc(list, func(a, b view.Range) bool { return a.Start == b.Start && a.End == b.End })
}
