package engine

import (
	"math/bits"

	"kmv/translator"
)

// int3 is the one-byte breakpoint that every stub is made of. A byte follows it that no thread gets to but by the trap: see behindTrap.
const int3 = 0xcc

// room makes sure that the next fragment fits; the cache is large enough for any program seen, and says so otherwise.
func (c *codeCache) room() {
	if c.pos+1<<16 > answersSection-cacheSection {
		panic("kmv: the code cache is full (1 GiB)")
	}
}

func (c *codeCache) addStub(s stub) *stub {
	s.at = c.pos
	c.mem[c.pos], c.mem[c.pos+1] = int3, int3
	c.pos += 2
	c.stubs = append(c.stubs, s)
	return &c.stubs[len(c.stubs)-1]
}

// addLink gives an exit whose target is not translated a stub, and notes that it waits for the target.
func (c *codeCache) addLink(site uint32, target uint64) {
	next := int32(-1)
	if first, ok := c.waiting.get(target); ok {
		next = first
	}
	s := c.addStub(stub{kind: stubLink, site: site, target: target, next: next})
	c.waiting.set(target, int32(len(c.stubs)-1))
	c.patch(site, s.at)
}

// linkWaiting points every exit that waits for a native address to its new block.
func (c *codeCache) linkWaiting(pc uint64) {
	i, ok := c.waiting.get(pc)
	if !ok {
		return
	}
	c.waiting.remove(pc)
	to, _ := c.index.get(pc)
	for i >= 0 {
		s := &c.stubs[i]
		c.link(s.site, to)
		s.kind, i = stubNone, s.next
	}
}

// link is a branch that goes straight to a block: the patched rel32, and the next one to the same block.
type link struct {
	site uint32
	next int32
}

// link points the rel32 at site to a block, and remembers it for the day when the block becomes stale.
func (c *codeCache) link(site uint32, to int32) {
	b := &c.blocks[to]
	c.patch(site, b.direct())
	grow(&c.links, 1)
	c.links = append(c.links, link{site, b.links})
	b.links = int32(len(c.links) - 1)
}

// linked is link to the block of a native address, if there is one.
func (c *codeCache) linked(site uint32, target uint64) bool {
	if !c.leader(target) {
		return false
	}
	to, _ := c.index.get(target)
	c.link(site, to)
	return true
}

// addStop gives an exit to the engine its int3, behind the block's code.
func (c *codeCache) addStop(site uint32, e *translator.Exit) {
	s := c.addStub(stub{kind: stubStop, site: site, stop: e.Stop, vector: e.Vector, target: e.Target})
	c.patch(site, s.at)
}

// invalidate makes every block that covers native bytes of [start, end) unreachable. Threads inside run on to its end.
func (c *codeCache) invalidate(start, end uint64) {
	first, last := start>>12, (end-1)>>12
	if first > 0 {
		first-- // a block may reach in from the page before
	}
	if last-first < uint64(len(c.pages)) {
		for page := first; page <= last; page++ {
			c.invalidatePage(page, start, end)
		}
		return
	}
	for page := range c.pages {
		if first <= page && page <= last {
			c.invalidatePage(page, start, end)
		}
	}
}

func (c *codeCache) invalidatePage(page, start, end uint64) {
	leaders := c.pages[page]
	if leaders == nil {
		return
	}
	for w, word := range leaders {
		for ; word != 0; word &= word - 1 {
			pc := page<<12 | uint64(w)<<6 | uint64(bits.TrailingZeros64(word))
			b, ok := c.find(pc)
			if ok && pc < end && pc+max(uint64(b.size), 1) > start {
				c.drop(pc)
			}
		}
	}
}

// drop forgets the block of a native address: what was linked to it waits for a new translation, and its entry traps,
// for the block in front that falls into it. That one is dropped too, so that the trap does not become a habit.
func (c *codeCache) drop(pc uint64) {
	i, _ := c.index.get(pc)
	b := &c.blocks[i]
	c.keepCount(i)
	c.setJump(pc, 0)
	c.setLeader(pc, false)
	c.index.remove(pc)
	for l := b.links; l >= 0; l = c.links[l].next {
		c.addLink(c.links[l].site, pc)
	}
	b.links = -1
	c.mem[b.direct()] = int3
	c.stale[b.direct()] = pc
	if i > 0 && !b.entered() {
		if front := &c.blocks[i-1]; front.falls && front.end == b.start {
			if j, ok := c.index.get(front.native); ok && j == i-1 {
				c.drop(front.native)
			}
		}
	}
}
