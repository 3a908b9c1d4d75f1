package shadowmem

import (
	"slices"
	"sort"

	"golang.org/x/sys/unix"
)

// Space is the model of the native half: mappings in order, none overlapping, neighbours joined where nothing tells
// them apart.
//
// The methods here only change the model, as the kernel's calls of the same names change a process. MmapOps and its
// siblings (calls.go) do that too and also return what the mirror half needs.
//
// Mappings behind the pointers never change, they are replaced: so Clone is cheap, and inserting moves 8 bytes each.
type Space struct {
	Layout Layout
	Policy Policy
	Sinks  bool // something writes to the mirror although the policy wants none: there must be sinks
	KSM    bool // the process has PR_SET_MEMORY_MERGE: twins must opt out, or the kernel folds the two copies into one frame
	maps   []*Mapping
	room   roomCache
}

// NewSpace is an empty native half.
func NewSpace(l Layout, p Policy) *Space { return &Space{Layout: l, Policy: p} }

// Clone is an independent copy: before a call that may have to be undone, or for fork (see Fork).
func (s *Space) Clone() *Space {
	c := *s
	c.maps = slices.Clone(s.maps)
	return &c
}

// Len is the number of mappings.
func (s *Space) Len() int { return len(s.maps) }

// keptFlags are the flags of mmap that remain an attribute of the mapping; the others only steer the call.
const keptFlags = unix.MAP_TYPE | unix.MAP_ANONYMOUS | unix.MAP_GROWSDOWN | unix.MAP_NORESERVE | unix.MAP_STACK |
	unix.MAP_HUGETLB | unix.MAP_HUGE_MASK<<unix.MAP_HUGE_SHIFT

// normal is m as the model keeps it, so that equal mappings compare equal.
func (m Mapping) normal() Mapping {
	m.Flags &= keptFlags
	if m.Flags&unix.MAP_TYPE == unix.MAP_SHARED_VALIDATE {
		m.Flags ^= unix.MAP_SHARED_VALIDATE ^ unix.MAP_SHARED
	}
	if m.Flags&unix.MAP_HUGETLB == 0 {
		m.Flags &^= unix.MAP_HUGE_MASK << unix.MAP_HUGE_SHIFT
	}
	if !m.hasOffset() {
		m.FileOff = 0
	}
	m.Prot &= unix.PROT_READ | unix.PROT_WRITE | unix.PROT_EXEC
	return m
}

// Map puts m into the space. What it overlaps is replaced.
func (s *Space) Map(m Mapping) {
	if m.Start >= m.End || (m.Start|m.End)%PageSize != 0 {
		panic("BUG: mapping is empty or not page aligned: " + m.String())
	}
	m = m.normal()
	i, j := s.cut(m.Start, m.End)
	s.maps = slices.Replace(s.maps, i, j, &m)
	s.join(i, i+1)
}

// Unmap removes [start, end) and returns the pieces that were there.
func (s *Space) Unmap(start, end Native) []Mapping {
	i, j := s.cut(start, end)
	gone := s.values(i, j)
	s.maps = slices.Delete(s.maps, i, j)
	s.room.freed(end)
	return gone
}

// Protect sets the protection of [start, end) and returns the pieces that it changed, as they are now. Text that
// becomes writable is Data from then on.
func (s *Space) Protect(start, end Native, prot int) []Mapping {
	return s.edit(start, end, func(m Mapping) Mapping {
		m.Prot = prot
		if m.Kind == Text && m.Writable() {
			m.Kind = Data
		}
		return m.normal()
	})
}

// edit replaces each piece of [start, end) by what f makes of it and returns the pieces that changed.
func (s *Space) edit(start, end Native, f func(Mapping) Mapping) []Mapping {
	var changed []Mapping
	i, j := s.cut(start, end)
	for k := i; k < j; k++ {
		if m := f(*s.maps[k]); m != *s.maps[k] {
			s.maps[k] = &m
			changed = append(changed, m)
		}
	}
	s.join(i, j)
	return changed
}

// Move does what mremap did: [old, oldEnd) now is at [new, newEnd), cut or grown at its end; keep leaves the old one
// (MREMAP_DONTUNMAP). An empty old range makes a second view of the shared mapping there (old_size 0).
func (s *Space) Move(old, oldEnd, new, newEnd Native, keep bool) {
	pieces := s.moved(old, oldEnd, new, newEnd)
	if !keep {
		s.Unmap(old, oldEnd)
	}
	for _, m := range pieces {
		s.Map(m)
	}
}

// moved is how the pieces of [old, oldEnd) look at [new, newEnd).
func (s *Space) moved(old, oldEnd, new, newEnd Native) []Mapping {
	if old == oldEnd {
		m, ok := s.Find(old)
		if !ok {
			return nil
		}
		if m.hasOffset() {
			m.FileOff += int64(old - m.Start)
		}
		m.Start, m.End = new, newEnd
		return []Mapping{m}
	}
	var pieces []Mapping
	s.Each(old, oldEnd, func(m Mapping) bool {
		m = m.Clip(old, oldEnd)
		if m = m.at(new + m.Start - old); m.Start < newEnd {
			pieces = append(pieces, m.Clip(m.Start, newEnd))
		}
		return true
	})
	if n := len(pieces); n > 0 && newEnd-new > oldEnd-old {
		pieces[n-1].End = newEnd
	}
	return pieces
}

// Unprotect notes of a shared object's mappings that somebody else writes to it, too: they are not compared any more.
func (s *Space) Unprotect(dev, ino uint64, why string) {
	s.edit(0, s.Layout.Data.High, func(m Mapping) Mapping {
		if m.Twin == SourceShared && m.HasFile() && m.Dev == dev && m.Ino == ino {
			m.State, m.Why = Unprotected, why
		}
		return m
	})
}

// Grow extends the MAP_GROWSDOWN mapping above a down to a's page, as the kernel does on a fault there.
func (s *Space) Grow(a Native) (Mapping, bool) {
	i := s.index(a)
	if i == len(s.maps) || s.maps[i].Flags&unix.MAP_GROWSDOWN == 0 {
		return Mapping{}, false
	}
	m := *s.maps[i]
	m.Start = min(m.Start, down(a, PageSize))
	s.Map(m)
	return m, true
}

// Find returns the mapping that holds a.
func (s *Space) Find(a Native) (Mapping, bool) {
	if i := s.index(a); i < len(s.maps) && s.maps[i].Start <= a {
		return *s.maps[i], true
	}
	return Mapping{}, false
}

// Each visits, in order, every mapping that overlaps [start, end), whole, until visit returns false. The space must not
// be changed meanwhile.
func (s *Space) Each(start, end Native, visit func(Mapping) bool) {
	for i := s.index(start); i < len(s.maps) && s.maps[i].Start < end; i++ {
		if !visit(*s.maps[i]) {
			return
		}
	}
}

// All returns every mapping, in order.
func (s *Space) All() []Mapping { return s.values(0, len(s.maps)) }

// Mapped says whether all of [start, end) is mapped.
func (s *Space) Mapped(start, end Native) bool {
	s.Each(start, end, func(m Mapping) bool {
		if m.Start > start {
			return false
		}
		start = m.End
		return true
	})
	return start >= end
}

// Bytes counts the bytes mapped in each state.
func (s *Space) Bytes() [States]uint64 {
	var bytes [States]uint64
	for _, m := range s.maps {
		bytes[m.State] += m.Len()
	}
	return bytes
}

// Lines is the native half as /proc/PID/maps shows it when every pair of neighbours that looks joined is joined: without
// kinds, states and twins. Which of them the kernel really joined depends on what it does not show.
func (s *Space) Lines() []Mapping {
	var lines []Mapping
	for _, p := range s.maps {
		m := Mapping{Start: p.Start, End: p.End, Prot: p.Prot, Name: p.Name, FileOff: p.FileOff, Dev: p.Dev, Ino: p.Ino,
			Flags: p.Flags & (unix.MAP_TYPE | unix.MAP_ANONYMOUS)}
		if n := len(lines); n > 0 && lines[n-1].joins(m) {
			lines[n-1].End = m.End
			continue
		}
		lines = append(lines, m)
	}
	return lines
}

// index is the position of the first mapping that ends above a.
func (s *Space) index(a Native) int {
	return sort.Search(len(s.maps), func(i int) bool { return s.maps[i].End > a })
}

// cut splits mappings so that [start, end) holds whole ones only, those at [i, j).
func (s *Space) cut(start, end Native) (i, j int) {
	i = s.index(start)
	if start >= end {
		return i, i
	}
	if s.split(i, start) {
		i++
	}
	j = s.index(end)
	if s.split(j, end) {
		j++
	}
	return i, j
}

// split cuts the mapping at position i in two at a, if a is inside it.
func (s *Space) split(i int, a Native) bool {
	if i == len(s.maps) || s.maps[i].Start >= a || s.maps[i].End <= a {
		return false
	}
	low, high := s.maps[i].Clip(0, a), s.maps[i].Clip(a, s.maps[i].End)
	s.maps = slices.Replace(s.maps, i, i+1, &low, &high)
	return true
}

// join joins neighbours at the positions [i, j] and their outer ones.
func (s *Space) join(i, j int) {
	for k := min(j, len(s.maps)-1); k >= max(i, 1); k-- {
		if s.maps[k-1].joins(*s.maps[k]) {
			both := *s.maps[k-1]
			both.End = s.maps[k].End
			s.maps = slices.Replace(s.maps, k-1, k+1, &both)
		}
	}
}

func (s *Space) values(i, j int) []Mapping {
	values := make([]Mapping, 0, j-i)
	for _, m := range s.maps[i:j] {
		values = append(values, *m)
	}
	return values
}
