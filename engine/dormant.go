package engine

import (
	"cmp"
	"slices"

	"kmv/engine/syscalls"
	"kmv/shadowmem"
)

// A program that is executed again and again needs the same translations each time. When nothing new was translated in an
// address space, its cache is kept as it is, with its blocks and jump map, for the next address space of the same program. There
// each region sleeps until a mapping of code appears at its place. If that is the same file with the same bytes it wakes,
// else its blocks are dropped. Nothing of the program is executable, so what sleeps can only be reached by a jump to where
// no code is mapped.

// dormantMost is how many such caches are kept, and dormantSize how much code they may have together.
const (
	dormantMost = 6
	dormantSize = 8 << 20
)

// sleep makes a cache that nobody uses any more ready for the next address space of a program, if nothing in it is of
// its last one only.
func (c *codeCache) sleep(exe string) bool {
	whole := len(c.blocks) > 0 && len(c.blocks) == c.loaded() && len(c.stale)+len(c.hot)+len(c.breaks)+len(c.eras) == 0 && !c.counting && !c.farCode
	if !whole || slices.ContainsFunc(c.regions, func(r region) bool { return r.loaded > 0 && !r.kept }) {
		return false
	}
	for slot := range c.slots.next {
		clear(c.thread(slot))
	}
	c.dormant = append(c.dormant, slices.DeleteFunc(c.regions, func(r region) bool { return r.loaded == 0 })...)
	slices.SortFunc(c.dormant, func(a, b region) int { return cmp.Compare(a.start, b.start) })
	c.regions, c.slots, c.stats, c.exe = nil, slotSet{}, TranslationStats{}, exe
	return true
}

// keepAsleep puts a sleeping cache with the others, of which the oldest make room.
func (e *engine) keepAsleep(c *codeCache) {
	e.asleep = append(e.asleep, c)
	for size := sizeOf(e.asleep); len(e.asleep) > dormantMost || size > dormantSize; size = sizeOf(e.asleep) {
		old := e.asleep[0]
		if e.asleep = e.asleep[1:]; e.spare == nil {
			old.empty()
			e.spare = old
		} else {
			_ = old.close()
		}
	}
}

func sizeOf(caches []*codeCache) (n uint32) {
	for _, c := range caches {
		n += c.pos
	}
	return n
}

// fits is a kept cache for a program: one that has its code, else the empty one, else none.
func (e *engine) fits(exe string) *codeCache {
	for _, c := range e.asleep {
		if c.exe == exe && c.cfg == e.config() {
			return c
		}
	}
	return e.spare
}

// taken takes a kept cache out of the list.
func (e *engine) taken(c *codeCache) {
	if e.asleep = slices.DeleteFunc(e.asleep, func(o *codeCache) bool { return o == c }); e.spare == c {
		e.spare = nil
	}
}

// wakeAt looks at what sleeps where a mapping has just been made that may be executed.
func (p *process) wakeAt(start, end uint64) {
	c := p.code
	for i, r := range c.dormant {
		if m, ok := p.space.Find(nativeAddr(start)); ok && r.start == start && r.end == uint64(m.End) && !m.Writable() && p.unchanged(&r, m) {
			c.dormant = slices.Delete(c.dormant, i, i+1)
			c.regions = append(c.regions, r)
			for k := range r.loaded {
				c.countLoaded(&c.blocks[r.first+k])
			}
			break
		}
	}
	c.dropDormant(start, end)
}

// unchanged says whether a region's translations are those of a mapping.
func (p *process) unchanged(r *region, m shadowmem.Mapping) bool {
	id, ok := p.identity(m)
	if !ok || p.regionKey(r.start, r.end, id) != r.key {
		return false
	}
	im := p.saved.Get(r.key)
	defer p.saved.Release(r.key, im)
	return im != nil && im.Sum() == r.sum && p.sameText(r, im)
}

// dropDormant gives up what sleeps in a range: something else will be executed there.
func (c *codeCache) dropDormant(start, end uint64) {
	for _, r := range c.dormant {
		if r.start < end && r.end > start {
			c.invalidate(r.start, r.end)
			r.kept, r.end = false, r.start
			c.regions = append(c.regions, r) // its blocks are still there
		}
	}
	c.dormant = slices.DeleteFunc(c.dormant, func(r region) bool { return r.start < end && r.end > start })
}

// invalidateAwake makes the blocks of a range unreachable but for those that sleep.
func (c *codeCache) invalidateAwake(start, end uint64) {
	for _, r := range c.dormant {
		if r.end <= start || r.start >= end {
			continue
		}
		if r.start > start {
			c.invalidate(start, r.start)
		}
		start = r.end
	}
	if start < end {
		c.invalidate(start, end)
	}
}

// untouched says whether a cache is as newCodeCache made it but for code.
func (c *codeCache) untouched() bool {
	return c.judged == [syscalls.Max]bool{} && c.slots.next <= spareSlots && len(c.far.windows) == 0 && !c.mirrorLate
}
