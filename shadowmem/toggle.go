package shadowmem

// SetPolicy changes what is mirrored while the program is at rest, and returns what the mirror half needs. A twin that is
// new is filled from native by an OpCopy; one that is no longer wanted gives way to the sink. Where the policy's answer
// stays the same, nothing happens.
func (s *Space) SetPolicy(p Policy) []Op {
	old := s.Policy
	s.Policy = p
	both := Policy{append(append([]Rule(nil), old.Rules...), p.Rules...)} // its edges are those of the two
	var ops []Op
	for _, m := range s.All() {
		pages, _ := both.edges(m)
		for i := 1; i < len(pages); i++ {
			part := m.Clip(pages[i-1], pages[i])
			ops = append(ops, s.change(part, old.answer(part), p.answer(part))...)
		}
	}
	return ops
}

// answer is the policy's answer for a piece in which it does not change.
func (p Policy) answer(m Mapping) State {
	var best State
	for i, piece := range p.Split(m) {
		if i == 0 {
			best = piece.State
		}
		best = better(best, piece.State)
	}
	return best
}

// change gives a piece of a mapping the twin that goes with a new answer of the policy.
func (s *Space) change(m Mapping, was, now State) []Op {
	real := m.Twin == SourceAnon || m.Twin == SourceFile
	switch {
	case was == now && (m.Twin != SourceNone || !m.Writable() || now != Off):
		return nil
	case now != Off && was != Off: // with or without the race-proof form: the same twin
		if m.State == Mirrored || m.State == Fenced {
			m.State = now
			s.Map(m)
		}
		return nil
	case now == Off && !real && m.Twin == SourceNone && !m.Writable():
		if m.Kind != VDSO {
			m.State, m.Why = Off, ""
			s.Map(m)
		}
		return nil
	}
	m.State = now
	planned, twin := s.Twin(m, Birth{})
	ops := s.unmapTwins([]Mapping{m})
	s.Map(planned)
	return append(ops, twin...)
}
