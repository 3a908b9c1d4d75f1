package inject

import (
	"kmv/engine"
	"kmv/shadowmem"
)

// written lists the pages that the program has written, of the memory that is meant, by process and address.
func (w Where) written(s *engine.Site) ([]Extent, error) {
	var list []Extent
	var missing error
	known := false
	for _, pid := range s.Pids() {
		pieces, err := w.pieces(s, pid)
		if err != nil { // no such variable: another program than the one that is meant
			missing = err
			continue
		}
		known = true
		for _, x := range pieces {
			pages, err := s.Written(pid, uint64(x.Start)&^(shadowmem.PageSize-1), uint64(x.End+shadowmem.PageSize-1)&^(shadowmem.PageSize-1))
			if err != nil {
				return nil, err
			}
			for _, page := range pages {
				at := shadowmem.Native(page)
				list = append(list, Extent{pid, max(x.Start, at), min(x.End, at+shadowmem.PageSize)})
			}
		}
	}
	if !known && missing != nil {
		return nil, missing
	}
	return list, nil
}

// pieces are the parts of a process's mappings that are meant.
func (w Where) pieces(s *engine.Site, pid int) ([]Extent, error) {
	spec := w.Spec
	if spec.Class == shadowmem.ClassSym {
		where, err := s.Variable(pid, spec.Symbol)
		if err != nil {
			return nil, err
		}
		spec.Range = where
	}
	only, one := shadowmem.Native(s.StackPointers(pid)[w.Thread]), w.Thread != 0
	var list []Extent
	for _, m := range s.Space(pid).All() {
		x := Extent{pid, m.Start, m.End}
		switch {
		case m.Kind == shadowmem.VDSO || m.Kind == shadowmem.Special: // the kernel's
			continue
		case one:
			if only < m.Start || only >= m.End {
				continue
			}
		case spec.Range != shadowmem.Range{}:
			if x.Start, x.End = max(m.Start, spec.Range.Start), min(m.End, spec.Range.End); x.Start >= x.End {
				continue
			}
		case !spec.Matches(m, m.Start):
			continue
		}
		list = append(list, x)
	}
	return list, nil
}
