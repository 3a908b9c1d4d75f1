package shadowmem

import "golang.org/x/sys/unix"

// Advice is what madvise set on a mapping for good. A twin that is made later is given it too.
type Advice uint8

// The lasting advice. HugePage and NoHugePage exclude each other.
const (
	HugePage Advice = 1 << iota
	NoHugePage
	DontFork
	DontDump
	WipeOnFork
)

// effect is what a madvise call means for the twin.
type effect uint8

const (
	ignore  effect = iota // the twin's bytes do not depend on it
	same                  // the same call on the twin
	discard               // private contents are dropped: MADV_DONTNEED on the twin
	punch                 // the object loses its contents: a shared mapping's twin drops its copies too
)

// advices says what each advice of madvise(2) does. What is not listed is a hint, and ignored.
var advices = map[int]struct {
	effect     effect
	set, clear Advice
	refill     bool // native shows its file again afterwards
	hint       bool // the twin's bytes do not depend on it
}{
	unix.MADV_DONTNEED:        {effect: discard, refill: true},
	unix.MADV_DONTNEED_LOCKED: {effect: discard, refill: true},
	unix.MADV_FREE:            {effect: discard, refill: true}, // the kernel would free the halves at different times: see NativeAdvice
	unix.MADV_REMOVE:          {effect: punch, refill: true},
	unix.MADV_GUARD_INSTALL:   {effect: same}, // drops the contents; both halves read as guards
	unix.MADV_GUARD_REMOVE:    {effect: same, refill: true},
	unix.MADV_DONTFORK:        {effect: same, set: DontFork},
	unix.MADV_DOFORK:          {effect: same, clear: DontFork},
	unix.MADV_WIPEONFORK:      {effect: same, set: WipeOnFork},
	unix.MADV_KEEPONFORK:      {effect: same, clear: WipeOnFork},
	unix.MADV_DONTDUMP:        {effect: same, set: DontDump, hint: true},
	unix.MADV_DODUMP:          {effect: same, clear: DontDump, hint: true},
	unix.MADV_HUGEPAGE:        {effect: same, set: HugePage, clear: NoHugePage, hint: true},
	unix.MADV_NOHUGEPAGE:      {effect: same, set: NoHugePage, clear: HugePage, hint: true},
	unix.MADV_COLD:            {effect: same, hint: true},
	unix.MADV_PAGEOUT:         {effect: same, hint: true},
	unix.MADV_COLLAPSE:        {effect: same, hint: true},
	// MADV_MERGEABLE is ignored: KSM may fold native pages into one another, but never a native page into its copy.
}

// NativeAdvice is the advice to give the native half instead: after MADV_FREE the kernel decides, page by page and for
// each half on its own, whether the old contents or zeros remain. MADV_DONTNEED is one of its outcomes.
func NativeAdvice(advice int) int {
	if advice == unix.MADV_FREE {
		return unix.MADV_DONTNEED
	}
	return advice
}

// calls are the madvise calls that give a new twin this advice.
func (a Advice) calls() []int {
	var calls []int
	for _, c := range []struct {
		bit  Advice
		call int
	}{
		{HugePage, unix.MADV_HUGEPAGE}, {NoHugePage, unix.MADV_NOHUGEPAGE}, {DontFork, unix.MADV_DONTFORK},
		{DontDump, unix.MADV_DONTDUMP}, {WipeOnFork, unix.MADV_WIPEONFORK},
	} {
		if a&c.bit != 0 {
			calls = append(calls, c.call)
		}
	}
	return calls
}

// RemoveOps is the mirror's version of a MADV_REMOVE that failed half way (a piece that is not writable: EACCES): what the
// pieces before it lost, their twins lose.
func (s *Space) RemoveOps(start, end Native) []Op {
	var ops []Op
	s.Each(start, end, func(m Mapping) bool {
		if m.Twin == SourceShared {
			m = m.Clip(start, end)
			ops = append(ops, s.copyOf(m.Start, m.End))
		}
		return true
	})
	return ops
}

// MadviseOps records that madvise(start, end-start, advice) was done on the native half and returns the mirror's version.
func (s *Space) MadviseOps(start, end Native, advice int) []Op {
	does, known := advices[advice]
	if !known {
		return nil
	}
	s.edit(start, end, func(m Mapping) Mapping {
		m.Advice = m.Advice&^does.clear | does.set
		return m
	})
	var ops []Op
	s.Each(start, end, func(m Mapping) bool {
		m = m.Clip(start, end)
		if !m.Copied() {
			return true
		}
		call := advice
		switch {
		case does.effect == discard && m.IsShared():
			return true // native keeps its contents: they are the object's
		case does.effect == punch && m.Twin == SourceShared:
		case does.effect == discard, does.effect == punch:
			call = unix.MADV_DONTNEED
		}
		op := s.advise(m, call)
		op.Hint = does.hint
		ops = append(ops, op)
		if m.Twin == SourceAnon && m.HasFile() && does.refill { // where the anonymous twin shows zeros
			ops = append(ops, s.copyOf(m.Start, m.End))
		}
		return true
	})
	return coalesce(ops)
}

// withdrawn are the opposites of the lasting advice without which a twin does not fit: other advice is a hint.
var withdrawn = map[int]int{
	unix.MADV_DONTFORK: unix.MADV_DOFORK, unix.MADV_DOFORK: unix.MADV_DONTFORK,
	unix.MADV_WIPEONFORK: unix.MADV_KEEPONFORK, unix.MADV_KEEPONFORK: unix.MADV_WIPEONFORK,
}

// Withdraw says what takes an advice back that was given to [start, end) of s: the mappings for which it was new, and the
// opposite advice, 0 if there is none.
func (s *Space) Withdraw(start, end Native, advice int) (changed []Mapping, opposite int) {
	opposite, does := withdrawn[advice], advices[advice]
	if opposite == 0 {
		return nil, 0
	}
	s.Each(start, end, func(m Mapping) bool {
		if m.Advice&^does.clear|does.set != m.Advice {
			changed = append(changed, m.Clip(start, end))
		}
		return true
	})
	return changed, opposite
}
