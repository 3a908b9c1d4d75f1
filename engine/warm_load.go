package engine

import (
	"bytes"

	"kmv/engine/saved"
	"kmv/translator"
)

// comparePiece is how much native code is read at a time to be compared.
const comparePiece = 8 << 10

// spanned visits native bytes in the order of their addresses, until f returns false.
type spanned = func(f func(saved.Span) bool)

// same says whether all native bytes that something was translated from are in memory, as they are now.
func same(r *region, spans spanned, read func(addr uint64, buf []byte) int) bool {
	buf := make([]byte, comparePiece)
	var low, have uint64 // buf[:have] is memory from low on
	equal := true
	spans(func(s saved.Span) bool {
		at, want := r.start+uint64(s.Start), s.Bytes
		if at+uint64(len(want)) > r.end {
			equal = false
		}
		for equal && len(want) > 0 {
			if at < low || at >= low+have {
				low, have = at, uint64(read(at, buf[:min(comparePiece, r.end-at)]))
				if have == 0 {
					equal = false
					break
				}
			}
			part := buf[at-low : have]
			n := min(len(part), len(want))
			equal = bytes.Equal(part[:n], want[:n])
			at, want = at+uint64(n), want[n:]
		}
		return equal
	})
	return equal
}

// Flags of saved blocks.
const (
	savedThunk  = 1 << iota // its kind is thunk
	savedFalls              // block.falls
	savedLookup             // the jump map leads to it
)

// place puts an image at the end of the cache. It changes what other threads see last: the jump map, and the branches
// that wait.
func (c *codeCache) place(r *region, im *saved.Image) {
	if uint64(c.pos)+uint64(len(im.Code))+64 > answersSection-cacheSection {
		return
	}
	at := (c.pos + 63) &^ 63
	copy(c.mem[at:], im.Code)
	c.pos = at + uint32(len(im.Code))
	im.Used()
	for i := range im.Calls() {
		site := at + im.Call(i)
		c.patch(site, c.rt.syscall)
		c.calls = append(c.calls, site)
	}
	r.first, r.loaded = len(c.blocks), im.Blocks()
	c.placeBlocks(r, im, at)
	for i := range im.Links() {
		l := im.Link(i)
		b := &c.blocks[r.first+int(l.To)]
		c.links = append(c.links, link{at + l.Site, b.links})
		b.links = int32(len(c.links) - 1)
	}
	c.placeExits(im, at)
	for i := range im.Blocks() {
		if k := im.Block(i); k.Flags&savedLookup != 0 {
			c.setJump(r.start+uint64(k.Native), at+k.Start)
		}
	}
	var ready []uint64 // branches that were translated before wait for these
	c.waiting.each(func(pc uint64, _ int32) bool {
		if pc >= r.start && pc < r.end && c.leader(pc) {
			ready = append(ready, pc)
		}
		return true
	})
	for _, pc := range ready {
		c.linkWaiting(pc)
	}
}

// placeBlocks enters the blocks of an image that lies at a cache offset.
func (c *codeCache) placeBlocks(r *region, im *saved.Image, at uint32) {
	grow(&c.blocks, im.Blocks())
	grow(&c.links, im.Links())
	grow(&c.stubs, im.Exits())
	c.index.grow(im.Blocks())
	for i := range im.Blocks() {
		k := im.Block(i)
		b := block{
			native: r.start + uint64(k.Native), base: at + k.Base, start: at + k.Start, end: at + k.End, size: uint32(k.Size),
			links: -1, prefix: k.Prefix, falls: k.Flags&savedFalls != 0, counts: counts{k.Insts, k.Stores, k.Mirrored},
		}
		if k.Flags&savedThunk != 0 {
			b.kind = thunk
		} else {
			c.index.set(b.native, int32(len(c.blocks)))
			c.setLeader(b.native, true)
			c.stats.countLoaded(&b)
		}
		c.blocks = append(c.blocks, b)
	}
}

// countLoaded counts a block that was not translated here.
func (s *TranslationStats) countLoaded(b *block) {
	if b.kind != thunk {
		s.count(b.counts, int(b.size))
		s.LoadedBlocks++
	}
}

// add takes in what was counted elsewhere.
func (s *TranslationStats) add(o TranslationStats) {
	s.LoadedBlocks += o.LoadedBlocks
	s.NativeInstructions += o.NativeInstructions
	s.NativeBytes += o.NativeBytes
	s.Stores += o.Stores
	s.StoresMirrored += o.StoresMirrored
}

// placeExits enters the int3 of an image.
func (c *codeCache) placeExits(im *saved.Image, at uint32) {
	for i := range im.Exits() {
		x := im.Exit(i)
		s := stub{at: at + x.At, site: at + x.Site, next: -1, kind: stubLink, target: x.Target}
		switch {
		case x.Stop:
			s.kind, s.stop, s.vector = stubStop, translator.StopReason(x.Reason), x.Vector
		case c.linked(s.site, x.Target): // it was not there when the image was made
			s.kind = stubNone
		default:
			if first, ok := c.waiting.get(x.Target); ok {
				s.next = first
			}
			c.waiting.set(x.Target, int32(len(c.stubs)))
		}
		c.stubs = append(c.stubs, s)
	}
}
