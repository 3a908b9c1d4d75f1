package shadowmem

import (
	"errors"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFindFree(t *testing.T) {
	zone := Zone{0x10000, 0x20000}
	s := NewSpace(Default(), Policy{})
	s.Map(anonymous(0x12000, 0x14000, rw))
	s.Map(anonymous(0x1c000, 0x1d000, rw))
	for _, row := range []struct {
		name        string
		size, align uint64
		hint        Native
		topDown     bool
		guard       uint64
		want        Native // 0: ENOMEM
	}{
		{"highest", 0x1000, 0, 0, true, 0, 0x1f000},
		{"lowest", 0x1000, 0, 0, false, 0, 0x10000},
		{"rounded up", 0x1001, 0, 0, true, 0, 0x1e000},
		{"highest that fits", 0x4000, 0, 0, true, 0, 0x18000},
		{"lowest that fits", 0x4000, 0, 0, false, 0, 0x14000},
		{"whole gap", 0x8000, 0, 0, true, 0, 0x14000},
		{"aligned", 0x1000, 0x4000, 0, true, 0, 0x18000},
		{"aligned up", 0x1000, 0x8000, 0, false, 0, 0x10000},
		{"guarded", 0x2000, 0, 0, true, 0x1000, 0x1e000},
		{"guarded, further down", 0x6000, 0, 0, true, 0x1000, 0x15000},
		{"guarded, too large", 0x7000, 0, 0, true, 0x1000, 0},
		{"hint", 0x1000, 0, 0x15000, true, 0, 0x15000},
		{"unaligned hint", 0x1000, 0, 0x15123, true, 0, 0x15000},
		{"taken hint", 0x1000, 0, 0x13000, true, 0, 0x1f000},
		{"hint that overlaps", 0x2000, 0, 0x1b000, true, 0, 0x1e000},
		{"hint outside", 0x1000, 0, 0x30000, true, 0, 0x1f000},
		{"hint too near", 0x1000, 0, 0x14000, true, 0x1000, 0x1f000},
		{"too large", 0x9000, 0, 0, true, 0, 0},
		{"larger than the zone", 1 << 63, 0, 0, true, 0, 0},
		{"largest number", ^uint64(0), 0, 0, true, 0, 0},
		{"nothing", 0, 0, 0, true, 0, 0},
	} {
		got, err := s.FindFree(zone, row.size, row.align, row.hint, row.topDown, row.guard)
		if got != row.want || (err != nil) != (row.want == 0) || err != nil && !errors.Is(err, unix.ENOMEM) {
			t.Errorf("%s: %#x, %v, want %#x", row.name, uint64(got), err, uint64(row.want))
		}
	}
}

func TestFindFreeKeepsAStacksGap(t *testing.T) {
	s := NewSpace(Default(), Policy{})
	zone := Zone{16 << 40, 16<<40 + 64<<20}
	stack := anonymous(zone.High-PageSize, zone.High, rw)
	stack.Flags |= unix.MAP_GROWSDOWN
	s.Map(stack)
	if a, err := s.FindFree(zone, PageSize, 0, 0, true, 0); err != nil || a != stack.Start-stackGap-PageSize {
		t.Errorf("%#x, %v", uint64(a), err)
	}
}

// TestFindFreeAgainstScan compares with trying every page, while memory is taken and given back.
func TestFindFreeAgainstScan(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	zone := Zone{0x100000, 0x100000 + 200*PageSize}
	s := NewSpace(Default(), Policy{})
	for range 4000 {
		size, align := uint64(random.IntN(6)+1)*PageSize, uint64(PageSize)<<random.IntN(3)
		guard := uint64(random.IntN(2)) * PageSize
		topDown := random.IntN(4) > 0
		got, err := s.FindFree(zone, size, align, 0, topDown, guard)
		want, ok := scan(s, zone, size, align, topDown, guard)
		if (err == nil) != ok || got != want {
			t.Fatalf("size %#x align %#x guard %#x: %#x, %v, want %#x in\n%s", size, align, guard, uint64(got), err, uint64(want), text(s))
		}
		if ok && random.IntN(3) > 0 {
			s.Map(anonymous(got, got+Native(size), random.IntN(3)))
		}
		if random.IntN(2) == 0 {
			a := zone.Low + Native(random.IntN(200))*PageSize
			s.Unmap(a, a+Native(random.IntN(8))*PageSize)
		}
	}
}

func scan(s *Space, zone Zone, size, align uint64, topDown bool, guard uint64) (found Native, ok bool) {
	for a := zone.Low; a+Native(size) <= zone.High; a += PageSize {
		free := true
		s.Each(a-Native(guard), a+Native(size+guard), func(Mapping) bool { free = false; return false })
		if free && uint64(a)%align == 0 {
			found, ok = a, true
			if !topDown {
				break
			}
		}
	}
	return found, ok
}
