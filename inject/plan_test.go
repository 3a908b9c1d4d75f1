package inject

import (
	"math/bits"
	"reflect"
	"testing"

	"kmv/shadowmem"
)

func parsed(t *testing.T, text string) Spec {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// memory is two runs of pages: 3 and 13.
var memory = []Extent{{Pid: 7, Start: 0x10000, End: 0x13000}, {Pid: 8, Start: 0x20000, End: 0x2d000}}

func inside(c Change, extents []Extent) bool {
	for _, x := range extents {
		if c.Pid == x.Pid && c.Addr >= x.Start && c.Addr+shadowmem.Native(len(c.Mask)) <= x.End {
			return true
		}
	}
	return false
}

func ones(b []byte) (n int) {
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}

// TestPlanIsDeterministic: a seed and a number say everything; others say something else.
func TestPlanIsDeterministic(t *testing.T) {
	for k := range kinds {
		s := parsed(t, kinds[k].name+"@all,seed=5")
		other := s
		other.Seed = 6
		differ := 0
		for nth := range 20 {
			a := s.Plan(nth, memory)
			if !reflect.DeepEqual(a, s.Plan(nth, memory)) {
				t.Errorf("%v: two plans from one seed", s.Kind)
			}
			if !reflect.DeepEqual(a, other.Plan(nth, memory)) && !reflect.DeepEqual(a, s.Plan(nth+1, memory)) {
				differ++
			}
		}
		if differ < 15 {
			t.Errorf("%v: only %d of 20 plans depend on seed and number", s.Kind, differ)
		}
	}
	if got := parsed(t, "page@all,seed=5").Plan(0, memory)[0].Addr; got != 0x28000 { // a recorded one: versions must agree
		t.Errorf("the page of seed 5 is %#x", got)
	}
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		spec           string
		pieces, length int
		least, most    int // bits of a mask
	}{
		{"flip@all", 1, 8, 1, 1},
		{"flip:3@all", 1, 8, 3, 3},
		{"flip:64@all", 1, 8, 64, 64},
		{"stuck0@all", 1, 8, 1, 1},
		{"byte@all", 1, 1, 1, 8},
		{"word@all", 1, 8, 8, 64},
		{"cacheline@all", 1, 64, 64, 512},
		{"row@all", 8, 8, 1, 1},
		{"page@all", 1, 0, 0, 0},
	} {
		s := parsed(t, c.spec)
		for nth := range 200 {
			plan := s.Plan(nth, memory)
			if len(plan) != c.pieces {
				t.Fatalf("%s: %d pieces", c.spec, len(plan))
			}
			pages := map[shadowmem.Native]bool{}
			for _, p := range plan {
				pages[p.Addr/shadowmem.PageSize] = true
				if n := ones(p.Mask); len(p.Mask) != c.length || n < c.least || n > c.most || !inside(p, memory) {
					t.Fatalf("%s: %+v", c.spec, p)
				}
				if p.Addr%shadowmem.PageSize != plan[0].Addr%shadowmem.PageSize || len(p.Mask) > 0 && int(p.Addr)%len(p.Mask) != 0 {
					t.Fatalf("%s: %+v beside %+v", c.spec, p, plan[0])
				}
			}
			if len(pages) != c.pieces {
				t.Fatalf("%s: a page twice: %+v", c.spec, plan)
			}
		}
	}
}

// TestPlanReachesEverything: pages are hit evenly, and units at their edges.
func TestPlanReachesEverything(t *testing.T) {
	s := parsed(t, "byte@all")
	pages, offsets := map[shadowmem.Native]int{}, map[shadowmem.Native]bool{}
	const n = 16 * 1000
	for nth := range n {
		p := s.Plan(nth, memory)[0]
		pages[p.Addr/shadowmem.PageSize]++
		offsets[p.Addr%shadowmem.PageSize] = true
	}
	for page, hits := range pages {
		if hits < 800 || hits > 1200 { // six standard deviations
			t.Errorf("page %#x was hit %d times of %d", page, hits, n)
		}
	}
	if len(pages) != 16 || len(offsets) < 3900 || !offsets[0] && !offsets[1] && !offsets[2] {
		t.Errorf("%d pages and %d offsets were hit", len(pages), len(offsets))
	}
}

// TestPlanInSmallRanges: a variable may be less than a page, or than a word.
func TestPlanInSmallRanges(t *testing.T) {
	for _, x := range []Extent{{Pid: 1, Start: 0x10004, End: 0x10008}, {Pid: 1, Start: 0x10003, End: 0x10004}, {Pid: 1, Start: 0x10ffc, End: 0x11004}, {Pid: 1, Start: 0x1007c, End: 0x10100}} {
		for k := range kinds {
			s := parsed(t, kinds[k].name+"@all")
			for nth := range 50 {
				plan := s.Plan(nth, []Extent{x})
				if len(plan) == 0 {
					t.Fatalf("%v: nothing in %+v", s.Kind, x)
				}
				for _, p := range plan {
					if p.Mask != nil && !inside(p, []Extent{x}) {
						t.Fatalf("%v: %+v outside of %+v", s.Kind, p, x)
					}
				}
			}
		}
	}
	for k := range kinds {
		if plan := parsed(t, kinds[k].name+"@all").Plan(0, nil); plan != nil {
			t.Errorf("%v: %+v in no memory", Kind(k), plan)
		}
	}
}
