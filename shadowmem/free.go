package shadowmem

import "golang.org/x/sys/unix"

// stackGap is what the kernel keeps free below a MAP_GROWSDOWN mapping (stack_guard_gap, 256 pages).
const stackGap = 256 * PageSize

// Room is what a mapping that looks for a place needs. Align 0 is a page; Guard bytes stay free below and above it.
type Room struct {
	Size, Align, Guard uint64
}

// FindFree finds a place of size bytes in the zone: at hint if that is free, else the highest (topDown) or lowest one that
// is aligned. Guard bytes on both sides stay free, and the kernel's gap below a stack. Nothing free: ENOMEM.
func (s *Space) FindFree(zone Zone, size, align uint64, hint Native, topDown bool, guard uint64) (Native, error) {
	if size == 0 || size > zone.Size() {
		return 0, unix.ENOMEM
	}
	need := Room{(size + PageSize - 1) &^ (PageSize - 1), max(align, PageSize), guard}
	if hint = down(hint, PageSize); hint != 0 && s.fits(zone, hint, need) {
		return hint, nil
	}
	if !topDown {
		return s.lowest(zone, need)
	}
	return s.highest(zone, need)
}

// fits says whether need fits at a.
func (s *Space) fits(zone Zone, a Native, need Room) bool {
	end := a + Native(need.Size)
	if end < a || !zone.Contains(a, end) {
		return false
	}
	gap := s.gap(zone, s.index(a), need.Guard)
	return a >= gap.Low && end <= gap.High
}

// gap is the usable room between mapping i-1 and mapping i, in the zone; High < Low if there is none.
func (s *Space) gap(zone Zone, i int, guard uint64) Zone {
	if i > 0 {
		zone.Low = max(zone.Low, s.maps[i-1].End+Native(guard))
	}
	if i < len(s.maps) {
		keep := guard
		if s.maps[i].Flags&unix.MAP_GROWSDOWN != 0 {
			keep = max(keep, stackGap)
		}
		if s.maps[i].Start < Native(keep) {
			return Zone{1, 0}
		}
		zone.High = min(zone.High, s.maps[i].Start-Native(keep))
	}
	return zone
}

func (s *Space) lowest(zone Zone, need Room) (Native, error) {
	for i := s.index(zone.Low); i <= len(s.maps); i++ {
		gap := s.gap(zone, i, need.Guard)
		if a := up(gap.Low, need.Align); a < gap.High && uint64(gap.High-a) >= need.Size {
			return a, nil
		}
		if i < len(s.maps) && s.maps[i].End >= zone.High {
			break
		}
	}
	return 0, unix.ENOMEM
}

func (s *Space) highest(zone Zone, need Room) (Native, error) {
	from := s.room.from(zone, need)
	for i := s.index(from - 1); i >= 0; i-- {
		gap := s.gap(zone, i, need.Guard)
		if gap.High > gap.Low && uint64(gap.High-gap.Low) >= need.Size {
			if a := down(gap.High-Native(need.Size), need.Align); a >= gap.Low {
				s.room = roomCache{zone, need, gap.High}
				return a, nil
			}
		}
		if i > 0 && s.maps[i-1].Start <= zone.Low {
			break
		}
	}
	if from != zone.High {
		s.room = roomCache{}
		return s.highest(zone, need)
	}
	return 0, unix.ENOMEM
}

// roomCache remembers that no gap wholly above High has room for need: a program that maps ten thousand things downwards
// would look at all of them each time.
type roomCache struct {
	zone Zone
	need Room
	high Native
}

// from is where to start looking for need.
func (r roomCache) from(zone Zone, need Room) Native {
	if r.high != 0 && r.zone == zone && r.need.Size <= need.Size && r.need.Align <= need.Align && r.need.Guard <= need.Guard {
		return r.high
	}
	return zone.High
}

// freed notes that memory up to end was unmapped.
func (r *roomCache) freed(end Native) {
	if end > r.high {
		*r = roomCache{}
	}
}
