package shadowmem

import "golang.org/x/sys/unix"

// The methods in this file, and MadviseOps, are the program's memory calls: each records in the model what the native
// half looks like after the call and returns what the mirror half needs, to be done in order.
//
// If the native call fails, do not call them. If the mirror's part fails, the program must see its call fail: undo the
// native call, and undo the model (Clone before, or record the undoing call).

// MmapOps records a native mapping, m.State aside, which the policy decides. What it replaces loses its twin. A range
// that cannot have a copy is a *GapError, and is not recorded.
func (s *Space) MmapOps(m Mapping, b Birth) ([]Op, error) {
	m.End = m.Start + up(m.End-m.Start, m.PageSize()) // as the kernel rounds: huge pages are not cut
	if err := s.Layout.Check(m.Start, m.End); err != nil {
		return nil, err
	}
	ops := s.MunmapOps(m.Start, m.End)
	return append(ops, s.place(m.normal(), b)...), nil
}

// place splits a mapping by policy, plans the twins, and records the pieces.
func (s *Space) place(m Mapping, b Birth) []Op {
	var ops []Op
	for _, piece := range s.Policy.Split(m) {
		part := m.Clip(piece.Start, piece.End)
		part.State = piece.State
		part, twin := s.Twin(part, b)
		s.Map(part)
		ops = append(ops, twin...)
	}
	return ops
}

// MunmapOps records that [start, end) was unmapped.
func (s *Space) MunmapOps(start, end Native) []Op {
	return s.unmapTwins(s.Unmap(start, end))
}

// unmapTwins removes the twins of pieces, which are in order, with one call: between them is nothing.
func (s *Space) unmapTwins(pieces []Mapping) []Op {
	var low, high Native
	for _, m := range pieces {
		if m.Twin == SourceNone {
			continue
		}
		if high == 0 {
			low = m.Start
		}
		high = m.End
	}
	if high == 0 {
		return nil
	}
	return []Op{{Kind: OpUnmap, Addr: s.Layout.Mirror(low), Len: uint64(high - low)}}
}

// MprotectOps records a new protection. A twin must be writable whenever native is; that it still is when native no longer
// is does no harm, as native faults first, and saves a call and a split of the mapping: so twins only gain rights.
// With b.File a private file that was never writable gets a file twin, else a copy; b.Fresh does not matter.
func (s *Space) MprotectOps(start, end Native, prot int, b Birth) []Op {
	var ops []Op
	for _, m := range s.Protect(start, end, prot) {
		b.Fresh = m.HasFile() && !m.IsShared() // without a twin so far: not written so far
		need := m.TwinProt | m.Prot&^unix.PROT_EXEC
		switch {
		case !m.Writable() || m.Twin == SourceSink:
		case m.Twin == SourceNone:
			ops = append(ops, s.place(m, b)...)
		case need != m.TwinProt:
			m.TwinProt = need
			s.Map(m)
			ops = append(ops, Op{Kind: OpProtect, Addr: s.Layout.Mirror(m.Start), Len: m.Len(), Prot: need})
		}
	}
	return coalesce(ops)
}

// MremapOps records that mremap made [old, oldEnd) into [new, newEnd); flags are those of the call. The memory takes its
// state along, also out of a range of addresses that the policy names; what grows is treated like what it grows from.
func (s *Space) MremapOps(old, oldEnd, new, newEnd Native, flags int) ([]Op, error) {
	if err := s.Layout.Check(new, newEnd); err != nil {
		return nil, err
	}
	keep := flags&unix.MREMAP_DONTUNMAP != 0
	pieces := s.moved(old, oldEnd, new, newEnd)
	var ops []Op
	if new != old {
		ops = s.MunmapOps(new, newEnd)
	}
	switch {
	case old == oldEnd:
		for _, m := range pieces {
			if m.Twin != SourceShared {
				ops = append(ops, s.place(s.wish(m), Birth{})...)
				continue
			}
			s.Map(m)
			ops = append(ops, Op{Kind: OpRemap, From: s.Layout.Mirror(old), Addr: s.Layout.Mirror(m.Start), Len: m.Len(),
				Prot: m.TwinProt, Flags: unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED})
		}
		return ops, nil
	case new == old && newEnd < oldEnd:
		return s.MunmapOps(newEnd, oldEnd), nil
	}
	for _, m := range pieces {
		was := m.at(old + m.Start - new)
		was.End = min(was.End, oldEnd)
		ops = append(ops, s.moveTwin(was, m, keep)...)
	}
	if cut := old + newEnd - new; cut < oldEnd && !keep {
		ops = append(ops, s.MunmapOps(cut, oldEnd)...)
	}
	s.Move(old, oldEnd, new, newEnd, keep)
	return ops, nil
}

// wish gives a mapping the state that the policy wants for it, as Twin expects it.
func (s *Space) wish(m Mapping) Mapping {
	m.State, m.Why, m.Twin, m.TwinProt = Mirrored, "", SourceNone, 0
	return m
}

// moveTwin takes the twin of was to m, which may be longer.
func (s *Space) moveTwin(was, m Mapping, keep bool) []Op {
	grown := was.Len() < m.Len()
	if m.Twin == SourceNone || m.Start == was.Start && !grown {
		return nil
	}
	if m.Twin == SourceSink {
		return s.moveSink(was, m, keep)
	}
	op := Op{Kind: OpRemap, From: s.Layout.Mirror(was.Start), FromLen: was.Len(), Addr: s.Layout.Mirror(m.Start),
		Len: m.Len(), Prot: m.TwinProt, Flags: 0}
	if m.Start != was.Start {
		op.Flags = unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED
	}
	if keep {
		op.Flags |= unix.MREMAP_DONTUNMAP
	}
	ops := []Op{op}
	if m.Twin == SourceShared && grown {
		ops = append(ops, s.copyOf(m.Start+Native(was.Len()), m.End))
	}
	if m.Twin == SourceAnon && m.hasOffset() {
		if grown {
			ops = append(ops, s.copyOf(m.Start+Native(was.Len()), m.End))
		}
		if keep {
			ops = append(ops, s.copyOf(was.Start, was.End))
		}
	}
	return ops
}

// moveSink makes a new one: nobody reads what was in the old one.
func (s *Space) moveSink(was, m Mapping, keep bool) []Op {
	if m.Start == was.Start {
		return sinkOps(s.Layout.Mirror(was.End), m.Len()-was.Len())
	}
	var ops []Op
	if !keep {
		ops = s.unmapTwins([]Mapping{was})
	}
	return append(ops, sinkOps(s.Layout.Mirror(m.Start), m.Len())...)
}

// Fork is the child's space after fork, and what its mirror half needs: without what MADV_DONTFORK keeps from it. The
// advice was given to twins, but not to sinks.
func (s *Space) Fork() (*Space, []Op) {
	child := s.Clone()
	var ops []Op
	for _, m := range s.maps {
		if m.Advice&DontFork == 0 {
			continue
		}
		if gone := child.Unmap(m.Start, m.End); m.Twin == SourceSink {
			ops = append(ops, child.unmapTwins(gone)...)
		}
	}
	return child, coalesce(ops)
}

// Instead is what to do when the kernel refuses op or its file cannot be opened: the twin is made anew from anonymous
// memory and the native bytes. Only making and moving a twin can be replaced so; for other operations there is nothing.
func (s *Space) Instead(op Op) []Op {
	switch {
	case op.Kind == OpMap && (op.Source == SourceFile || op.Source == SourceShared):
		return s.rebuild(op.Addr, op.Len)
	case op.Kind == OpRemap && op.FromLen == 0:
		return s.rebuild(op.Addr, op.Len)
	case op.Kind == OpRemap:
		ops := []Op{{Kind: OpUnmap, Addr: op.From, Len: op.FromLen}}
		if op.Flags&unix.MREMAP_DONTUNMAP != 0 {
			ops = append(ops, s.rebuild(op.From, op.FromLen)...)
		}
		return append(ops, s.rebuild(op.Addr, op.Len)...)
	}
	return nil
}

// rebuild makes twins of anonymous memory where none are, and records it.
func (s *Space) rebuild(at Mirror, size uint64) []Op {
	start := s.Layout.Native(at)
	end := start + Native(size)
	s.edit(start, end, func(m Mapping) Mapping {
		if m.Twin == SourceShared {
			m.State, m.Why = Unprotected, "shared, and its one twin could not be made: writes by other processes do not reach the copy"
		}
		m.Twin = SourceAnon
		return m
	})
	var ops []Op
	s.Each(start, end, func(m Mapping) bool {
		ops = append(ops, s.build(m.Clip(start, end), true)...)
		return true
	})
	return ops
}

// coalesce joins operations that follow one another and differ only in their range.
func coalesce(ops []Op) []Op {
	var joined []Op
	for _, op := range ops {
		if n := len(joined); n > 0 && op.Kind != OpMap && op.Kind != OpRemap {
			last := joined[n-1]
			end := last.Addr + Mirror(last.Len)
			last.Addr, last.Len = op.Addr, op.Len
			if end == op.Addr && last == op {
				joined[n-1].Len += op.Len
				continue
			}
		}
		joined = append(joined, op)
	}
	return joined
}
