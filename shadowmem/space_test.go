package shadowmem

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	private = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	ro      = unix.PROT_READ
	rw      = unix.PROT_READ | unix.PROT_WRITE
	rx      = unix.PROT_READ | unix.PROT_EXEC
)

// text writes a space, a mapping a line.
func text(s *Space) string {
	var b strings.Builder
	for _, m := range s.All() {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}

// anonymous and ofFile are the usual two mappings.
func anonymous(start, end Native, prot int) Mapping {
	return Mapping{Start: start, End: end, Prot: prot, Flags: private, Kind: Anon}
}

func ofFile(start, end Native, prot int, off int64) Mapping {
	return Mapping{Start: start, End: end, Prot: prot, Flags: unix.MAP_PRIVATE, Kind: File, Name: "/f", FileOff: off, Ino: 9}
}

func TestSpace(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(*Space)
		want string
	}{
		{"neighbours join", func(s *Space) {
			s.Map(anonymous(0x1000, 0x2000, rw))
			s.Map(anonymous(0x3000, 0x4000, rw))
			s.Map(anonymous(0x2000, 0x3000, rw))
		}, "1000-4000 rw-p 00000000 anon mirrored twin none\n"},
		{"flags that only steer the call do not matter", func(s *Space) {
			s.Map(anonymous(0x1000, 0x2000, rw))
			m := anonymous(0x2000, 0x3000, rw)
			m.Flags |= unix.MAP_FIXED | unix.MAP_POPULATE | unix.MAP_32BIT
			m.FileOff = 77 << 12
			s.Map(m)
		}, "1000-3000 rw-p 00000000 anon mirrored twin none\n"},
		{"a stack is not joined with other memory", func(s *Space) {
			s.Map(anonymous(0x1000, 0x2000, rw))
			m := anonymous(0x2000, 0x3000, rw)
			m.Flags |= unix.MAP_STACK
			s.Map(m)
		}, "1000-2000 rw-p 00000000 anon mirrored twin none\n2000-3000 rw-p 00000000 anon mirrored twin none\n"},
		{"files join at consecutive offsets only", func(s *Space) {
			s.Map(ofFile(0x1000, 0x2000, ro, 0))
			s.Map(ofFile(0x2000, 0x3000, ro, 0x1000))
			s.Map(ofFile(0x3000, 0x4000, ro, 0x1000))
		}, "1000-3000 r--p 00000000 file mirrored twin none /f\n3000-4000 r--p 00001000 file mirrored twin none /f\n"},
		{"map replaces", func(s *Space) {
			s.Map(ofFile(0x1000, 0x5000, ro, 0))
			s.Map(anonymous(0x2000, 0x3000, rw))
		}, "1000-2000 r--p 00000000 file mirrored twin none /f\n2000-3000 rw-p 00000000 anon mirrored twin none\n" +
			"3000-5000 r--p 00002000 file mirrored twin none /f\n"},
		{"unmap a middle", func(s *Space) {
			s.Map(anonymous(0x1000, 0x4000, rw))
			s.Unmap(0x2000, 0x3000)
		}, "1000-2000 rw-p 00000000 anon mirrored twin none\n3000-4000 rw-p 00000000 anon mirrored twin none\n"},
		{"protect there and back", func(s *Space) {
			s.Map(anonymous(0x1000, 0x4000, rw))
			s.Protect(0x2000, 0x3000, ro)
			s.Protect(0x2000, 0x3000, rw)
		}, "1000-4000 rw-p 00000000 anon mirrored twin none\n"},
		{"writable text is data", func(s *Space) {
			m := ofFile(0x1000, 0x3000, rx, 0)
			m.Kind = Text
			s.Map(m)
			s.Protect(0x2000, 0x3000, rw|rx)
		}, "1000-2000 r-xp 00000000 text mirrored twin none /f\n2000-3000 rwxp 00001000 data mirrored twin none /f\n"},
		{"move and grow", func(s *Space) {
			s.Map(ofFile(0x1000, 0x4000, rw, 0))
			s.Move(0x2000, 0x3000, 0x8000, 0xa000, false)
		}, "1000-2000 rw-p 00000000 file mirrored twin none /f\n3000-4000 rw-p 00002000 file mirrored twin none /f\n" +
			"8000-a000 rw-p 00001000 file mirrored twin none /f\n"},
		{"shrink in place", func(s *Space) {
			s.Map(anonymous(0x1000, 0x4000, rw))
			s.Move(0x1000, 0x4000, 0x1000, 0x2000, false)
		}, "1000-2000 rw-p 00000000 anon mirrored twin none\n"},
		{"grow in place", func(s *Space) {
			s.Map(anonymous(0x1000, 0x2000, rw))
			s.Move(0x1000, 0x2000, 0x1000, 0x6000, false)
		}, "1000-6000 rw-p 00000000 anon mirrored twin none\n"},
		{"move and keep", func(s *Space) {
			s.Map(anonymous(0x1000, 0x2000, rw))
			s.Move(0x1000, 0x2000, 0x8000, 0x9000, true)
		}, "1000-2000 rw-p 00000000 anon mirrored twin none\n8000-9000 rw-p 00000000 anon mirrored twin none\n"},
		{"a second view", func(s *Space) {
			m := ofFile(0x1000, 0x4000, rw, 0)
			m.Flags, m.Kind = unix.MAP_SHARED_VALIDATE, Shared
			s.Map(m)
			s.Move(0x2000, 0x2000, 0x8000, 0x9000, false)
		}, "1000-4000 rw-s 00000000 shared mirrored twin none /f\n8000-9000 rw-s 00001000 shared mirrored twin none /f\n"},
		{"a stack grows", func(s *Space) {
			m := anonymous(0x8000, 0x9000, rw)
			m.Flags |= unix.MAP_GROWSDOWN
			s.Map(m)
			s.Grow(0x6123)
			s.Grow(0x9123)
		}, "6000-9000 rw-p 00000000 anon mirrored twin none\n"},
	} {
		s := NewSpace(Default(), Policy{})
		row.do(s)
		if got := text(s); got != row.want {
			t.Errorf("%s:\n%swant\n%s", row.name, got, row.want)
		}
	}
}

func TestSpaceQueries(t *testing.T) {
	s := NewSpace(Default(), Policy{})
	s.Map(anonymous(0x2000, 0x4000, rw))
	s.Map(ofFile(0x4000, 0x5000, ro, 0))
	s.Map(anonymous(0x8000, 0x9000, rw))
	for _, row := range []struct {
		start, end Native
		mapped     bool
	}{
		{0x2000, 0x5000, true}, {0x2fff, 0x4001, true}, {0x1000, 0x3000, false}, {0x4000, 0x9000, false},
		{0x8000, 0x9001, false}, {0x9000, 0xa000, false}, {0x2000, 0x2000, true},
	} {
		if got := s.Mapped(row.start, row.end); got != row.mapped {
			t.Errorf("%#x-%#x mapped: %v", uint64(row.start), uint64(row.end), got)
		}
	}
	for _, row := range []struct {
		a     Native
		start Native
	}{{0x1fff, 0}, {0x2000, 0x2000}, {0x3fff, 0x2000}, {0x4000, 0x4000}, {0x5000, 0}, {0x9000, 0}} {
		if m, ok := s.Find(row.a); ok != (row.start != 0) || m.Start != row.start {
			t.Errorf("found %v at %#x", m, uint64(row.a))
		}
	}
	if bytes := s.Bytes(); bytes != [States]uint64{Mirrored: 0x4000} {
		t.Errorf("bytes %v", bytes)
	}
}

// page is a page of the simple model: the mapping it belongs to, cut to it.
type page map[Native]Mapping

func (p page) each(start, end Native, f func(Native)) {
	for a := start; a < end; a += PageSize {
		f(a)
	}
}

// TestSpaceAgainstPages does random calls on a Space and on a map of pages.
func TestSpaceAgainstPages(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		data := make([]byte, 400)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		playSpace(t, data)
	}
}

func FuzzSpace(f *testing.F) {
	f.Add([]byte("\x00\x01\x08\x01\x01\x02\x03\x00\x03\x01\x10\x02"))
	f.Fuzz(playSpace)
}

// playSpace reads calls from data, 5 bytes each: which, start, length, attribute, target.
func playSpace(t *testing.T, data []byte) {
	s, pages := NewSpace(Default(), Policy{}), page{}
	for ; len(data) >= 5; data = data[5:] {
		start := Native(data[1]%64+1) * PageSize
		end := start + Native(data[2]%16+1)*PageSize
		to := Native(data[4]%64+100) * PageSize
		prot := int(data[3]) & 7
		switch data[0] % 6 {
		case 0, 1:
			m := anonymous(start, end, prot)
			if data[3]&8 != 0 {
				m = ofFile(start, end, prot, int64(start)+int64(data[3]&16)<<12)
			}
			s.Map(m)
			pages.each(start, end, func(a Native) { pages[a] = m.Clip(a, a+PageSize) })
		case 2:
			gone := s.Unmap(start, end)
			pages.each(start, end, func(a Native) {
				if m, ok := pages[a]; ok && !slices.ContainsFunc(gone, func(g Mapping) bool { return a >= g.Start && a < g.End && g.Clip(a, a+PageSize) == m }) {
					t.Fatalf("unmap did not return %v", m)
				}
				delete(pages, a)
			})
		case 3:
			changed := s.Protect(start, end, prot)
			pages.each(start, end, func(a Native) {
				m, ok := pages[a]
				was := m.Prot
				m.Prot = prot
				told := slices.ContainsFunc(changed, func(c Mapping) bool { return a >= c.Start && a < c.End && c.Clip(a, a+PageSize) == m })
				if told != (ok && was != prot) {
					t.Fatalf("protect told %v of %v, was %d", told, m, was)
				}
				if ok {
					pages[a] = m
				}
			})
		case 4:
			s.Move(start, end, to, to+end-start, data[3]&1 != 0)
			pages.each(start, end, func(a Native) {
				m, ok := pages[a]
				if !ok {
					return
				}
				if data[3]&1 == 0 {
					delete(pages, a)
				}
				pages[to+a-start] = m.at(to + a - start)
			})
		case 5:
			before := text(s)
			c := s.Clone()
			c.Unmap(start, end)
			if text(s) != before {
				t.Fatal("a clone is not independent")
			}
		}
		checkSpace(t, s, pages)
	}
}

// checkSpace compares a space with its pages and looks for neighbours that should be one.
func checkSpace(t *testing.T, s *Space, pages page) {
	t.Helper()
	n := 0
	all := s.All()
	for i, m := range all {
		if i > 0 && (all[i-1].End > m.Start || all[i-1].joins(m)) {
			t.Fatalf("not in order or not joined: %v and %v", all[i-1], m)
		}
		pages.each(m.Start, m.End, func(a Native) {
			n++
			if got := m.Clip(a, a+PageSize); got != pages[a] {
				t.Fatalf("page is %v, want %v", got, pages[a])
			}
			if found, ok := s.Find(a + 1); !ok || found != m {
				t.Fatalf("found %v, want %v", found, m)
			}
		})
	}
	if n != len(pages) {
		t.Fatalf("%d pages, want %d", n, len(pages))
	}
}

func TestLines(t *testing.T) {
	s := NewSpace(Default(), Policy{})
	for i, m := range []Mapping{anonymous(0x1000, 0x2000, rw), anonymous(0x2000, 0x3000, rw), anonymous(0x3000, 0x4000, ro)} {
		m.State, m.Twin = State(i%2), SourceAnon
		s.Map(m)
	}
	lines := s.Lines()
	if s.Len() != 3 || len(lines) != 2 || lines[0].End != 0x3000 {
		t.Errorf("%v", lines)
	}
}

func BenchmarkMapUnmap(b *testing.B) {
	s := NewSpace(Default(), Policy{})
	zone := s.Layout.Data
	for range 30000 {
		a, _ := s.FindFree(zone, PageSize, 0, 0, true, PageSize)
		s.Map(anonymous(a, a+PageSize, rw))
	}
	for b.Loop() {
		a, _ := s.FindFree(zone, 4*PageSize, 0, 0, true, 0)
		s.Map(anonymous(a, a+4*PageSize, ro))
		s.Unmap(a, a+4*PageSize)
	}
}
