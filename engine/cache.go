package engine

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"golang.org/x/sys/unix"

	"kmv/engine/syscalls"
	"kmv/shadowmem"
	"kmv/translator"
)

// The memory that kmv adds to a target is one memfd, mapped by the engine and the target alike:
//
//	0         1 GiB - 272 KiB     - 256 KiB              1 GiB            2 GiB      10 GiB                   10 GiB + 4 TiB
//	| cache    | answers of cpuid  | system call handlers | thread blocks  | jump map  | jump map of the far zone  |
//
// All of it is sparse: pages exist where something was written.
const (
	cacheSection  = 0
	tableSection  = threadSection - 4<<16 // the address of a handler for each system call number of 16 bits, or 0
	threadSection = 1 << 30
	jumpSection   = 2 << 30
	farSection    = 10 << 30 // not mapped by the engine as a whole: see farJumps
	sharedSize    = farSection + 4<<40
	threadBlock   = 64 << 10
	slotsAt       = 0x840 // where the slots begin in a thread block, and FS points to
)

// block is one placed fragment. Blocks lie in the cache in the order of their creation.
type block struct {
	native  uint64
	base    uint32 // cache offset that the fragment was translated for; Code[0] of it, even when its prefix was dropped
	start   uint32 // first cache offset in use: base, or base+prefix
	end     uint32
	size    uint32 // native bytes
	links   int32  // last branch that was linked to it, -1 if none
	check   uint16 // bytes of self-check between prefix and code; base counts as if they lay in front
	prefix  uint8
	kind    blockKind
	falls   bool // it ends by falling into the block behind it
	counted bool // the check is a counter
	private bool // it depends on more than its native bytes, so that it cannot serve another run
	counts
}

// counts are native instructions, stores among them, and those that are mirrored.
type counts struct{ insts, stores, mirrored uint8 }

type blockKind uint8

const (
	translated blockKind = iota
	thunk                // restores rcx and jumps to a block that has no prefix of its own
	stopper              // a breakpoint: nothing but a prefix and a stop
	single               // one instruction, to be stepped through
)

// direct is the cache offset to enter with all registers native.
func (b *block) direct() uint32 { return b.base + uint32(b.prefix) - uint32(b.check) }

// stub is one int3 in the cache: why it is there and where it leads.
type stub struct {
	at     uint32 // cache offset of the int3
	site   uint32 // rel32 that leads here, to be patched when target is translated
	next   int32  // next stub that waits for the same target, -1 at the end
	kind   stubKind
	stop   translator.StopReason
	vector uint8
	target uint64
}

type stubKind uint8

const (
	stubLink    stubKind = iota // leads to native target, not translated yet
	stubStop                    // the translation asks for the engine
	stubBreak                   // a breakpoint
	stubChanged                 // a self-check failed: the native code at target has changed
	stubNone                    // already linked away
)

// codeCache is the translated code of one address space, or of several that still run the same code after a fork.
type codeCache struct {
	layout     shadowmem.Layout
	mirrorLate bool // the routines were made without a mirror, and now there is one
	mem        []byte
	far        farJumps
	pos        uint32 // next free cache offset
	blocks     []block
	stubs      []stub
	links      []link
	calls      []uint32 // rel32 that lead to the system call routine
	native     []byte   // what the blocks that were translated here were translated from, in their order
	regions    []region // mappings whose translations can be kept
	dormant    []region // of earlier address spaces of the program exe, not mapped here yet
	exe        string
	stale      map[uint32]uint64      // cache offset of a stale block's entry -> its native address
	index      addressMap             // native address -> block
	pages      map[uint64]*[64]uint64 // a bit for each native address that a block starts at
	near       pageBits               // the page of pages that was looked at last
	waiting    addressMap             // native target -> first stub that waits for it
	cfg        translator.Config
	tr         *translator.Translator
	frag       translator.Fragment
	again      translator.Fragment // of a block that is looked at once more
	single     translator.Fragment // of the instruction that is being stepped
	eras       []era               // translations with another configuration
	counting   bool
	counted    map[uint64]uint64        // executions of blocks that are gone, by native address
	lostStores uint64                   // mirrored stores that they made
	sampled    map[uint64]int32         // blocks that are counted for a moment: native address -> block, or -1
	breaks     map[uint64][]*breakpoint // native address -> who stops there
	hot        map[uint64]bool          // pages whose blocks check themselves
	farCode    bool                     // some code lies outside the code zone
	fall       uint64                   // the block placed last falls into this native address ...
	fallEnd    uint32                   // ... from this cache offset
	rt         routines
	users      int // address spaces that map it
	slots      slotSet
	stats      TranslationStats
	noAnswers  bool               // to cpuid: see forgetAnswers
	judged     [syscalls.Max]bool // system calls that filters of the program are to be asked about
}

// newCodeCache maps the memfd fd, which is the cache's own from then on.
func newCodeCache(l shadowmem.Layout, fd int, cfg translator.Config, image *runtimeImage) (*codeCache, error) {
	mem, err := unix.Mmap(fd, 0, farSection, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map 10 GiB for the code cache (is the address space limited, ulimit -v?): %w", err)
	}
	c := &codeCache{
		layout: l, mem: mem, far: farJumps{fd: fd}, users: 1,
		pages: map[uint64]*[64]uint64{}, stale: map[uint32]uint64{}, hot: map[uint64]bool{},
		breaks: map[uint64][]*breakpoint{},
		cfg:    cfg, tr: translator.New(cfg),
	}
	c.install(image)
	c.putAnswers()
	return c, nil
}

func (c *codeCache) close() error {
	if c.users--; c.users > 0 {
		return nil
	}
	c.far.close()
	return unix.Munmap(c.mem)
}

// address turns a cache offset into the target's address.
func (c *codeCache) address(off uint32) uint64 { return uint64(c.layout.Cache.Low) + uint64(off) }

// offset is its inverse; ok is false for an address outside the used cache.
func (c *codeCache) offset(addr uint64) (uint32, bool) {
	off := addr - uint64(c.layout.Cache.Low)
	return uint32(off), off < uint64(c.pos)
}

// leader says whether a block starts at the native address.
func (c *codeCache) leader(pc uint64) bool {
	if c.near.leaders == nil || c.near.page != pc>>12 {
		p := c.pages[pc>>12]
		if p == nil {
			return false
		}
		c.near = pageBits{pc >> 12, p}
	}
	return c.near.leaders[pc>>6&63]>>(pc&63)&1 != 0
}

// pageBits is one page of leaders: who asks for one address soon asks for its neighbour.
type pageBits struct {
	page    uint64
	leaders *[64]uint64
}

func (c *codeCache) setLeader(pc uint64, on bool) {
	p := c.pages[pc>>12]
	if p == nil {
		p = new([64]uint64)
		c.pages[pc>>12] = p
	}
	if on {
		p[pc>>6&63] |= 1 << (pc & 63)
	} else {
		p[pc>>6&63] &^= 1 << (pc & 63)
	}
}

// find is the block of a native address.
func (c *codeCache) find(pc uint64) (*block, bool) {
	if !c.leader(pc) {
		return nil, false
	}
	i, _ := c.index.get(pc)
	return &c.blocks[i], true
}

// at is the block that a cache offset lies in.
func (c *codeCache) at(off uint32) (*block, bool) {
	i, ok := c.blockIndex(off)
	if !ok {
		return nil, false
	}
	return &c.blocks[i], true
}

func (c *codeCache) blockIndex(off uint32) (int, bool) {
	i := sort.Search(len(c.blocks), func(i int) bool { return c.blocks[i].start > off }) - 1
	return i, i >= 0 && off < c.blocks[i].end
}

// stubAt is the stub whose int3 is at a cache offset.
func (c *codeCache) stubAt(off uint32) (*stub, bool) {
	i, ok := slices.BinarySearchFunc(c.stubs, off, func(s stub, o uint32) int { return int(int64(s.at) - int64(o)) })
	if !ok {
		return nil, false
	}
	return &c.stubs[i], true
}

// target is where the rel32 at site leads to, and putRel32 makes one lead to another offset.
func (c *codeCache) target(site uint32) uint32 {
	return site + 4 + binary.LittleEndian.Uint32(c.mem[site:])
}

func putRel32(code []byte, site, to uint32) { binary.LittleEndian.PutUint32(code[site:], to-(site+4)) }

// patch points the rel32 at site to a cache offset. The translator keeps a site within 8 aligned bytes, and the store
// is one instruction, so that threads that run through it see the old or the new branch (SDM 3A 9.1.1).
func (c *codeCache) patch(site, to uint32) {
	putRel32(c.mem, site, to)
}

// thread returns the block of a thread's runtime data, from the slots on, as memory.
//
// The slots do not begin at the start of a page. Processors look for the store that a load depends on by the low 12 bits of
// its address, and take a slot, just stored to, for what a program loads from there in a page of its own. Starts of pages are
// in heavy use: malloc keeps its counts in the first bytes of the heap.
func (c *codeCache) thread(slot int) []byte {
	return c.mem[threadSection+slot*threadBlock:][slotsAt:threadBlock]
}

// threadAddress is the same as the target sees it: the FS base of translated code.
func (c *codeCache) threadAddress(slot int) uint64 {
	return uint64(c.layout.Threads.Low) + uint64(slot)*threadBlock + slotsAt
}

// slotSet hands out thread blocks.
type slotSet struct {
	free []int
	next int
}

func (s *slotSet) take() int {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	s.next++
	return s.next - 1
}

func (s *slotSet) release(i int) { s.free = append(s.free, i) }
