package engine

import (
	"fmt"
	"time"

	"kmv/translator"
	"kmv/translator/x86"
)

// unitBlocks bounds what one miss translates: enough to take in what is reachable by direct branches nearby, so that
// stops are few at start-up, and little enough not to translate libraries that are never run.
const unitBlocks = 64

// source gives the native bytes from an address on: at least one instruction's worth unless unreadable follows.
type source func(pc uint64) []byte

// ensure translates the native address and what it leads to; it returns the block. An address without readable code
// gives a block that stops with StopFetch.
func (c *codeCache) ensure(pc uint64, src source) *block {
	if b, ok := c.find(pc); ok {
		return b
	}
	start := time.Now()
	u := unit{c: c, src: src, budget: unitBlocks}
	u.near = append(u.near, spot{pc, true})
	u.run()
	c.stats.Misses++
	c.stats.Seconds += time.Since(start).Seconds()
	b, ok := c.find(pc)
	if !ok {
		panic(fmt.Sprintf("BUG: %#x was translated but has no block", pc))
	}
	return b
}

// indirect is the cache address that the jump map gives for pc from now on; it makes a thunk for a block that was
// placed without a prefix.
func (c *codeCache) indirect(b *block) {
	if c.jump(b.native) != 0 {
		return
	}
	if b.entered() {
		c.setJump(b.native, b.start)
		return
	}
	native := b.native // b moves when blocks grow
	var a x86.Asm
	a.MovRM(x86.RCX, x86.Abs(translator.SlotRCX).In(x86.FS), 8)
	for (c.pos+uint32(a.Len())+1)&7 > 4 {
		a.Nop(1)
	}
	site := c.pos + uint32(a.JmpRel())
	start := c.pos
	copy(c.mem[c.pos:], a.Buf)
	c.pos += uint32(a.Len())
	to, _ := c.index.get(native)
	c.link(site, to)
	c.blocks = append(c.blocks, block{native: native, base: start, start: start, end: c.pos, kind: thunk, links: -1})
	c.setJump(native, start)
}

// entered says whether the block has a prefix, for entry through the jump map.
func (b *block) entered() bool { return b.start != b.direct() }

// unit is the work of one miss: a walk over direct branches, near ones first.
type unit struct {
	c       *codeCache
	src     source
	budget  int
	near    []spot   // jumps and return sites
	far     []spot   // call targets
	returns []uint64 // return sites
	open    []openExit
	placed  []int32 // the new blocks: no thread may enter one before all of the unit's exits lead somewhere
	stops   []openStop
	changed []openExit // failed self-checks
}

// spot is a native address to be translated. entered says that it is likely to be reached through the jump map: it is where a
// thread missed, the begin of a function, or where one returns to. Others get no prefix, which would only be in the way.
type spot struct {
	pc      uint64
	entered bool
}

type openStop struct {
	site uint32
	exit translator.Exit
}

type openExit struct {
	site   uint32
	target uint64
}

func (u *unit) run() {
	for u.budget > 0 {
		at, ok := u.next()
		if !ok {
			break
		}
		for !u.c.leader(at.pc) {
			next, more := u.place(at)
			if !more {
				break
			}
			at = spot{pc: next}
		}
	}
	u.close()
}

func (u *unit) next() (spot, bool) {
	for _, q := range []*[]spot{&u.near, &u.far} {
		for len(*q) > 0 {
			n := len(*q) - 1
			at := (*q)[n]
			*q = (*q)[:n]
			if !u.c.leader(at.pc) {
				return at, true
			}
		}
	}
	return spot{}, false
}

// place translates one block at the end of the cache. It returns the block to be placed directly behind it, if there is
// one that is still to be translated.
func (u *unit) place(at spot) (next uint64, more bool) {
	c, pc := u.c, at.pc
	c.room()
	if len(c.breaks[pc]) > 0 {
		u.placeBreak(pc)
		return 0, false
	}
	f := &c.frag
	prefixed := at.entered && !(c.pos > 0 && u.fallsInto(pc))
	base := c.pos
	if !prefixed {
		base -= prefixSize
	}
	src, leader := u.src(pc), c.ends
	start := c.pos
	var check x86.Asm
	var changed []int
	counted := false
	if c.hot[pc&^4095] || c.hot[(pc+blockReach)&^4095] {
		end := c.checkLimit(src, pc)
		changed = emitCheck(&check, src, pc, int(end-pc))
		leader = func(at uint64) bool { return at == end || c.ends(at) }
		base += uint32(check.Len())
	} else if c.counts(pc) {
		c.emitCount(&check, len(c.blocks))
		counted = true
		base += uint32(check.Len())
	}
	if err := c.tr.Block(src, pc, base&7, leader, f); err != nil {
		panic(fmt.Sprintf("BUG: translate %#x: %v", pc, err))
	}
	if f.Prefix != prefixSize {
		panic(fmt.Sprintf("BUG: prefix of %d bytes", f.Prefix))
	}
	if prefixed {
		c.pos += uint32(copy(c.mem[c.pos:], f.Code[:prefixSize]))
	}
	for _, rel := range changed {
		u.changed = append(u.changed, openExit{c.pos + uint32(rel), pc})
	}
	c.pos += uint32(copy(c.mem[c.pos:], check.Buf))
	copy(c.mem[c.pos:], f.Code[prefixSize:])
	c.pos = base + uint32(len(f.Code))
	grow(&c.blocks, 1)
	c.blocks = append(c.blocks, block{native: pc, base: base, start: start, end: c.pos, size: f.Size,
		prefix: prefixSize, check: uint16(check.Len()), links: -1, counted: counted, private: check.Len() > 0, counts: counts{uint8(f.Insts), uint8(f.Stores), uint8(f.Mirrored)}})
	grow(&c.native, int(f.Size))
	c.native = append(c.native, src[:f.Size]...)
	c.index.set(pc, int32(len(c.blocks)-1))
	c.setLeader(pc, true)
	u.budget--
	c.stats.count(c.blocks[len(c.blocks)-1].counts, int(f.Size))
	u.placed = append(u.placed, int32(len(c.blocks)-1))
	return u.leave(f, base)
}

// blockReach is how long a block may be: one in front of a hot page may reach into it.
const blockReach = 64 * 15

// prefixSize is the length of `mov %fs:SlotRCX,%rcx`, which every fragment starts with.
const prefixSize = 9

// fallsInto says whether the block placed last ends by falling into pc.
func (u *unit) fallsInto(pc uint64) bool {
	return u.c.frag.Code != nil && u.c.fall == pc && u.c.fallEnd == u.c.pos
}

// leave deals with a fragment's exits: known targets are linked, others queued.
func (u *unit) leave(f *translator.Fragment, base uint32) (next uint64, more bool) {
	c := u.c
	if f.ReturnTo != 0 {
		u.near = append(u.near, spot{f.ReturnTo, true})
		u.returns = append(u.returns, f.ReturnTo)
	}
	for i := range f.Exits {
		e := &f.Exits[i]
		switch e.Kind {
		case translator.ExitJump:
			u.exit(base+e.Off, e.Target, f.ReturnTo != 0)
		case translator.ExitSyscall:
			c.patch(base+e.Off, c.rt.syscall)
			c.calls = append(c.calls, base+e.Off)
			u.near = append(u.near, spot{e.Target, true})
		case translator.ExitStop:
			u.stops = append(u.stops, openStop{base + e.Off, *e})
			if e.Stop == translator.StopFetch { // what can be read behind it may be more another time
				c.blocks[len(c.blocks)-1].private = true
			}
			if e.Stop == translator.StopCPUID {
				u.near = append(u.near, spot{e.Target, true})
			}
		case translator.ExitFall:
			if c.leader(e.Target) || u.budget <= 0 {
				u.jumpTo(e.Target)
				continue
			}
			c.fall, c.fallEnd = e.Target, c.pos
			c.blocks[len(c.blocks)-1].falls = true
			next, more = e.Target, true
		}
	}
	return next, more
}

// exit links one rel32, now or when its target is placed.
func (u *unit) exit(site uint32, target uint64, call bool) {
	if u.c.linked(site, target) {
		return
	}
	u.open = append(u.open, openExit{site, target})
	if call {
		u.far = append(u.far, spot{target, true})
	} else {
		u.near = append(u.near, spot{pc: target})
	}
}

// jumpTo ends the code placed last with a jump to a native address.
func (u *unit) jumpTo(target uint64) {
	c := u.c
	var a x86.Asm
	for (c.pos+uint32(a.Len())+1)&7 > 4 {
		a.Nop(1)
	}
	site := c.pos + uint32(a.JmpRel())
	copy(c.mem[c.pos:], a.Buf)
	c.pos += uint32(a.Len())
	c.blocks[len(c.blocks)-1].end = c.pos
	u.exit(site, target, false)
}

// close links the exits whose targets were placed meanwhile, and gives each of the others a stub. Only here: a stub may
// not come between a block and the one that it falls into.
func (u *unit) close() {
	for _, x := range u.changed {
		u.c.patch(x.site, u.c.addStub(stub{kind: stubChanged, target: x.target, next: -1}).at)
	}
	for i := range u.stops {
		u.c.addStop(u.stops[i].site, &u.stops[i].exit)
	}
	for _, x := range u.open {
		if !u.c.linked(x.site, x.target) {
			u.c.addLink(x.site, x.target)
		}
	}
	u.publish()
}

// publish lets threads enter the new blocks.
func (u *unit) publish() {
	for _, i := range u.placed {
		b := &u.c.blocks[i]
		if b.entered() {
			u.c.setJump(b.native, b.start)
		}
		u.c.linkWaiting(b.native)
	}
	for _, pc := range u.returns {
		if b, ok := u.c.find(pc); ok {
			u.c.indirect(b)
		}
	}
}

// count takes in a block.
func (s *TranslationStats) count(n counts, size int) {
	s.NativeInstructions += int(n.insts)
	s.NativeBytes += size
	s.Stores += int(n.stores)
	s.StoresMirrored += int(n.mirrored)
}
