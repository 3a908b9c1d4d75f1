package engine

import (
	"bytes"
	"cmp"
	"slices"

	"kmv/engine/saved"
	"kmv/engine/syscalls"
	"kmv/shadowmem"
)

// A program that is executed again and again needs the same translations each time. If what an address space has translated is
// no reason to save it anew, its cache is kept as it is, with its blocks and jump map, for the next address space of the
// program. There each region sleeps until a mapping of code appears at its place. If that is the same file with the same
// bytes it wakes, else its blocks are dropped. Nothing of the program is executable, so what sleeps can only be reached by a
// jump to where no code is mapped.

// dormantMost is how many such caches are kept, and dormantSize how much code they may have together: two C compilers.
const (
	dormantMost = 8
	dormantSize = 48 << 20
)

// sleep makes a cache that nobody uses any more ready for the next address space of a program, if nothing in it is of
// its last one only.
func (c *codeCache) sleep(p *process) bool {
	if len(c.blocks) == 0 || c.pos > dormantSize || len(c.stale)+len(c.hot)+len(c.breaks)+len(c.eras) > 0 || c.counting || c.sampled != nil || c.farCode || p.saved == nil {
		return false
	}
	for i := range c.regions {
		if r := &c.regions[i]; r.loaded > 0 && (!r.kept || !c.keepText(p, r)) {
			return false
		}
	}
	if !c.keepOwn() {
		return false
	}
	for slot := range c.slots.next {
		clear(c.thread(slot))
	}
	c.dormant = append(c.dormant, slices.DeleteFunc(c.regions, func(r region) bool { return !r.kept })...)
	slices.SortFunc(c.dormant, func(a, b region) int { return cmp.Compare(a.start, b.start) })
	c.regions, c.slots, c.stats, c.exe = nil, slotSet{}, TranslationStats{}, p.exe
	return true
}

// keepText copies the native bytes that the loaded blocks of a region are the translations of: an image is not held for long.
func (c *codeCache) keepText(p *process, r *region) bool {
	if r.text != nil {
		return true
	}
	im := p.saved.Get(r.key)
	defer p.saved.Release(r.key, im)
	if im == nil || im.Sum() != r.sum {
		return false
	}
	im.Spans(func(s saved.Span) bool {
		r.text = append(r.text, saved.Span{Start: s.Start, Bytes: bytes.Clone(s.Bytes)})
		return true
	})
	for i := range r.loaded {
		r.stats.countLoaded(&c.blocks[r.first+i])
	}
	return true
}

// keepOwn does it for the blocks that were translated here, if all of them can serve another address space.
func (c *codeCache) keepOwn() bool {
	for i := range c.regions {
		c.regions[i].own, c.regions[i].ownStats = nil, TranslationStats{}
	}
	at := 0
	for i := 0; i < len(c.blocks); {
		if n := c.loadedAt(i); n > 0 {
			i += n
			continue
		}
		b := &c.blocks[i]
		r := c.region(b.native)
		if i++; r == nil || !r.kept || b.private || b.kind > thunk {
			return false
		}
		if b.kind == translated {
			r.own = append(r.own, saved.Span{Start: uint32(b.native - r.start), Bytes: c.native[at:][:b.size]})
			r.ownStats.countLoaded(b)
			at += int(b.size)
		}
	}
	for _, r := range c.regions {
		slices.SortFunc(r.own, func(a, b saved.Span) int { return cmp.Compare(a.Start, b.Start) })
	}
	return true
}

// keepAsleep puts a sleeping cache with the others, of which the oldest make room.
func (e *engine) keepAsleep(c *codeCache) {
	e.asleep = append(e.asleep, c)
	for size := sizeOf(e.asleep); len(e.asleep) > dormantMost || size > dormantSize; size = sizeOf(e.asleep) {
		old := e.asleep[0]
		if e.asleep = e.asleep[1:]; e.spare == nil && old.pos < spareMost {
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
	cfg := e.config()
	for _, c := range e.asleep {
		if c.exe == exe && c.cfg == cfg && !e.debug.counting {
			return c
		}
	}
	if e.spare != nil && e.spare.cfg == cfg {
		return e.spare
	}
	return nil
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
			c.stats.add(r.stats)
			c.stats.add(r.ownStats)
			c.breakUp(r.start, r.end)
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
	for _, spans := range [][]saved.Span{r.text, r.own} {
		if !p.sameText(r, func(f func(saved.Span) bool) { all(spans, f) }) {
			return false
		}
	}
	return true
}

// all visits elements until f returns false.
func all[T any](list []T, f func(T) bool) {
	for _, v := range list {
		if !f(v) {
			return
		}
	}
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
	return c.judged == [syscalls.Max]bool{} && c.slots.next <= spareSlots && len(c.far.windows) == 0 && !c.mirrorLate && !c.noAnswers
}
