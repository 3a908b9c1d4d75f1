package inject

import (
	"math/rand/v2"

	"kmv/shadowmem"
)

// Change is one piece of memory that an error changes: a plan, nothing has been done.
type Change struct {
	Pid  int
	Addr shadowmem.Native
	Mask []byte // of the bits that change, or are stuck; as long as the piece. None: the whole page at Addr is lost
}

// Extent is native memory of a process. Its ends may lie inside pages.
type Extent struct {
	Pid        int
	Start, End shadowmem.Native
}

// Pages is how many pages it touches.
func (x Extent) Pages() int {
	return int((x.End+shadowmem.PageSize-1)/shadowmem.PageSize - x.Start/shadowmem.PageSize)
}

// Page is what it has of its nth page.
func (x Extent) Page(n int) Extent {
	page := (x.Start/shadowmem.PageSize + shadowmem.Native(n)) * shadowmem.PageSize
	return Extent{x.Pid, max(x.Start, page), min(x.End, page+shadowmem.PageSize)}
}

// source gives the random choices of a SPEC's nth error.
func (s Spec) source(nth int) *rand.Rand { return rand.New(rand.NewPCG(s.Seed, uint64(nth))) }

// Plan chooses where the nth error of a SPEC goes, of pages that the program has written, and what it changes. With no
// pages there is no plan.
func (s Spec) Plan(nth int, written []Extent) []Change {
	k, r := kinds[s.Kind], s.source(nth)
	pages := choose(r, written, k.pages)
	if len(pages) == 0 {
		return nil
	}
	if k.lost {
		p := pages[0]
		return []Change{{Pid: p.Pid, Addr: p.Start &^ (shadowmem.PageSize - 1)}}
	}
	k.unit = fit(k.unit, pages[0])
	at := offset(r, k.unit, pages[0])
	mask := k.mask(r, min(s.Bits, 8*k.unit))
	var plan []Change
	for _, p := range pages {
		addr := p.Start&^(shadowmem.PageSize-1) + at
		if addr >= p.Start && addr+shadowmem.Native(k.unit) <= p.End {
			plan = append(plan, Change{Pid: p.Pid, Addr: addr, Mask: mask})
		}
	}
	return plan
}

// choose takes up to n different pages, each as likely as any other. An extent's ends may lie inside pages.
func choose(r *rand.Rand, extents []Extent, n int) []Extent {
	total := 0
	for _, x := range extents {
		total += x.Pages()
	}
	var chosen []Extent
	taken := map[int]bool{}
	for len(chosen) < min(n, total) {
		i := r.IntN(total)
		if taken[i] {
			continue
		}
		taken[i] = true
		for _, x := range extents {
			if i < x.Pages() {
				chosen = append(chosen, x.Page(i))
				break
			}
			i -= x.Pages()
		}
	}
	return chosen
}

// fit is the largest unit, at most the one given, of which an aligned one lies in the extent, which is in one page.
func fit(unit int, x Extent) int {
	for ; unit > 1; unit /= 2 {
		u := shadowmem.Native(unit)
		if (x.Start+u-1)&^(u-1)+u <= x.End {
			break
		}
	}
	return unit
}

// offset chooses an aligned unit in an extent, as an offset in its page.
func offset(r *rand.Rand, unit int, x Extent) shadowmem.Native {
	u := shadowmem.Native(unit)
	first, last := (x.Start+u-1)/u, x.End/u // of units
	at := (first + shadowmem.Native(r.IntN(int(last-first)))) * u
	return at & (shadowmem.PageSize - 1)
}
