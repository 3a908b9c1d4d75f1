package shadowmem

import "fmt"

// Zone is a range of native addresses, High excluded.
type Zone struct{ Low, High Native }

// Holds says whether a lies in the zone.
func (z Zone) Holds(a Native) bool { return a >= z.Low && a < z.High }

// Contains says whether [start, end) lies in the zone.
func (z Zone) Contains(start, end Native) bool {
	return start <= end && start >= z.Low && end <= z.High
}

// Overlaps says whether the zone and [start, end) have an address in common.
func (z Zone) Overlaps(start, end Native) bool { return start < z.High && end > z.Low }

// Size is the number of bytes of the zone.
func (z Zone) Size() uint64 { return uint64(z.High - z.Low) }

func (z Zone) String() string { return fmt.Sprintf("%#x-%#x", uint64(z.Low), uint64(z.High)) }

// Layout says where everything is in a target. It is one value, made at exec and handed around: attaching to a process
// that is already laid out needs other numbers, not other code.
type Layout struct {
	Offset  uint64 // mva = nva + Offset; the GS base of translated code
	Code    Zone   // whatever may hold code: addresses fit a positive imm32 and disp32
	Hole    Zone   // no native mapping of the program may be here: its mirror holds the jump map
	Far     Zone   // anonymous memory and other memory that may come to hold code later: it has a jump map, too
	FarHole Zone   // no native mapping may be here: its mirror holds the jump map of Far
	Data    Zone   // everything else of the program: what is too big for Far
	JumpMap int32  // %gs:JumpMap(,%reg,4) is the jump map entry of native address reg
	Cache   Zone   // the code cache, in the hole: one for all threads, below 4 GiB so that an entry has 4 bytes
	Threads Zone   // the thread blocks, in the hole, ThreadBlock bytes each
}

// ThreadBlock is the distance between two thread blocks.
const ThreadBlock = 64 << 10

// Fixed facts of x86-64 Linux that a layout has to live with.
const (
	minAddress = 64 << 10          // vm.mmap_min_addr
	runtimeLow = 0x7f00_0000_0000  // from here on nothing of the two halves: the kernel's own choices, before exec's split
	canonical  = 1 << 47           // the first non-canonical address with 4-level paging
	highCanon  = 0xffff_8000 << 32 // the first canonical one after the gap
	cacheLimit = 1 << 32           // a jump map entry has 4 bytes
	entrySize  = 4                 // bytes of jump map for one byte of native code
)

// Default is the layout of a target that kmv starts itself.
//
// The offset is not a power of two. AMD's level 1 data cache predicts its way from a hash of linear address bits 12 to 27
// (Lipp et al., "Take A Way", 2020): a byte and its copy with equal hashes evict each other, and a pair of stores took 14 ns
// instead of 0.6 on Zen 5. With bit 27 alone, which is hashed with bit 12, a copy has the hash of the page next to its byte's;
// with bit 25 as well, it has not. Both keep huge pages aligned alike.
func Default() Layout {
	return Layout{
		Offset:  1<<46 + 1<<27 + 1<<25,
		Code:    Zone{minAddress, 0x7fff_0000},
		Hole:    Zone{0x7fff_0000, 10 << 30},
		Far:     Zone{1 << 40, 2 << 40},
		FarHole: Zone{4<<40 + 0x7fff_0000, 8<<40 + 0x7fff_0000},
		Data:    Zone{16 << 40, 63<<40 - 1<<32},
		JumpMap: 0x7fff_0000,
		Cache:   Zone{2 << 30, 4 << 30},
		Threads: Zone{4 << 30, 6 << 30},
	}
}

// Mirror is where the copy of the byte at n is.
func (l Layout) Mirror(n Native) Mirror { return Mirror(uint64(n) + l.Offset) }

// Native is the address whose copy is at m.
func (l Layout) Native(m Mirror) Native { return Native(uint64(m) - l.Offset) }

// NativeOf is the native address of a byte of either half.
func (l Layout) NativeOf(addr uint64) Native {
	if l.InMirror(addr) {
		return l.Native(Mirror(addr))
	}
	return Native(addr)
}

// InNative says whether addr may hold memory of the program: below the end of the data zone and not in a hole.
func (l Layout) InNative(addr uint64) bool {
	return addr < uint64(l.Data.High) && !l.Hole.Holds(Native(addr)) && !l.FarHole.Holds(Native(addr))
}

// InMirror says whether addr may hold a copy. Jump map, cache and thread blocks are in neither half.
func (l Layout) InMirror(addr uint64) bool {
	return addr >= l.Offset && l.InNative(addr-l.Offset)
}

// JumpMapRange is the range of the jump map, an entry for every address below Code.High: also for those below Code.Low,
// so that a call through a null pointer finds a 0 and is an ordinary miss.
func (l Layout) JumpMapRange() (start, end uint64) {
	start = l.Offset + uint64(l.JumpMap)
	return start, start + entrySize*uint64(l.Code.High)
}

// FarJumpRange is the range of the jump map of the far zone.
func (l Layout) FarJumpRange() (start, end uint64) {
	return l.Lookup(uint64(l.Far.Low)), l.Lookup(uint64(l.Far.High))
}

// Lookup is the address that a jump map lookup of a reads; it wraps as the processor's does.
func (l Layout) Lookup(a uint64) uint64 { return l.Offset + uint64(int64(l.JumpMap)) + entrySize*a }

// GapError says that a native range cannot have a copy.
type GapError struct {
	Start, End Native
	Why        string
}

func (e *GapError) Error() string {
	return fmt.Sprintf("%#x-%#x cannot be mirrored: %s", uint64(e.Start), uint64(e.End), e.Why)
}

// Check says whether a native mapping may be at [start, end): a *GapError if its copy has no place.
//
// Between hole and data zone is room for what insists on an address there (MAP_FIXED). It can be mirrored; but a jump to
// such an address outside the far zone may hit, in its lookup, the copy of data instead of faulting, so code does not
// belong there.
func (l Layout) Check(start, end Native) error {
	why := ""
	switch {
	case end <= start:
		why = "empty or wrapping range"
	case l.Hole.Overlaps(start, end):
		why = fmt.Sprintf("it overlaps %v, which kmv keeps for its jump map, code cache and thread blocks", l.Hole)
	case l.FarHole.Overlaps(start, end):
		why = fmt.Sprintf("it overlaps %v, which kmv keeps for the jump map of %v", l.FarHole, l.Far)
	case end > l.Data.High:
		why = fmt.Sprintf("it ends above %#x, where the mirror half begins", uint64(l.Data.High))
	default:
		return nil
	}
	return &GapError{start, end, why}
}

// Validate proves that a layout works. Default passes:
//
//	zones        code < hole < far < its hole < data, by inspection of the numbers                 (1)
//	jump map     [Offset+JumpMap, +4*Code.High) is inside Offset+hole: as JumpMap = hole.Low and
//	             0x7fff_0000 + 4*0x7fff_0000 = 0x2_7ffb_0000 < 10 GiB; and nothing of the program
//	             is in the hole, so no mirror write can touch the jump map                         (2)
//	far          a in [1 TiB, 2 TiB): Offset + JumpMap + 4a is in the mirror of [4 TiB, 8 TiB) + JumpMap,
//	             the far hole: the same lookup, with an entry of its own                           (2)
//	data         a >= 16 TiB = 2^44: Offset + JumpMap + 4a >= 2^46 + 2^46 = 2^47: non-canonical;
//	             a < 63 TiB: the sum stays below 317 TiB, far below 2^64 - 2^47. So looking up a
//	             data address faults: a miss without a compare. (With 5-level paging it is
//	             canonical, but nothing is mapped there unless asked for above 2^47: a fault too.) (3)
//	mirror       data ends 4 GiB below 63 TiB, so 63 TiB - 4 GiB + 64 TiB + 128 MiB is below
//	             127 TiB = 0x7f00_0000_0000; and it ends below Offset: the halves do not meet      (4)
//	cache        below 4 GiB, at most 2 GiB long: rel32 reaches from any part to any other         (5)
func (l Layout) Validate() error {
	for _, rule := range []struct {
		holds bool
		what  string
	}{
		{l.Code.Low < l.Code.High && l.Hole.Low < l.Hole.High && l.Data.Low < l.Data.High, "a zone is empty"},
		{l.Offset%PageSize == 0 && aligned(l.Code, l.Hole, l.Far, l.FarHole, l.Data, l.Cache, l.Threads), "a bound is not page aligned"},
		{l.Code.High <= l.Hole.Low && l.Hole.High <= l.Far.Low && l.Far.High <= l.FarHole.Low && l.FarHole.High <= l.Data.Low,
			"zones overlap or are out of order"}, // (1)
		{l.Code.High <= 1<<31, "the code zone does not fit disp32"},
		{l.JumpMap >= 0 && l.jumpMapInHole(), "the jump map is not inside the hole's mirror"},                       // (2)
		{l.farJumpInHole(), "the jump map of the far zone is not its hole's mirror"},                                // (2)
		{l.Lookup(uint64(l.Data.Low)) >= canonical, "a lookup of the lowest data address is canonical"},             // (3)
		{l.Lookup(uint64(l.Data.High)) <= highCanon, "a lookup of the highest data address is canonical"},           // (3)
		{uint64(l.Data.High) <= l.Offset, "the data zone reaches into the mirror half"},                             // (4)
		{uint64(l.Data.High)+l.Offset <= runtimeLow, "the mirror half reaches into the runtime area"},               // (4)
		{l.Hole.Contains(l.Cache.Low, l.Cache.High), "the code cache is not in the hole"},                           // (5)
		{l.Cache.High <= cacheLimit && l.Cache.Size() <= 1<<31, "a jump map entry or rel32 cannot reach the cache"}, // (5)
		{l.Hole.Contains(l.Threads.Low, l.Threads.High), "the thread blocks are not in the hole"},
		{!l.Cache.Overlaps(l.Threads.Low, l.Threads.High), "cache and thread blocks overlap"},
	} {
		if !rule.holds {
			return fmt.Errorf("layout %+v: %s", l, rule.what)
		}
	}
	return nil
}

func (l Layout) jumpMapInHole() bool {
	start, end := l.JumpMapRange()
	return l.Hole.Contains(Native(start-l.Offset), Native(end-l.Offset))
}

func (l Layout) farJumpInHole() bool {
	start, end := l.FarJumpRange()
	return l.Far.Low < l.Far.High && l.FarHole.Contains(Native(start-l.Offset), Native(end-l.Offset))
}

func aligned(zones ...Zone) bool {
	for _, z := range zones {
		if (z.Low|z.High)%PageSize != 0 {
			return false
		}
	}
	return true
}
