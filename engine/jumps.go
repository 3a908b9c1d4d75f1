package engine

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// The jump map has an entry for each address of the code zone and of the far zone; elsewhere a lookup faults, always a
// miss. Its part for the far zone is 4 TiB, of which the engine maps only what it writes.

// farWindow is the native range, and farJumpWindow the part of the jump map, that the engine maps at a time.
const (
	farWindow     = 4 << 20
	farJumpWindow = 4 * farWindow
)

// farJumps is the engine's view of the far zone's jump map.
type farJumps struct {
	fd      int
	windows map[uint64][]byte // by distance from the zone's begin / farWindow
}

// window maps the part with the entry of the byte at distance off from the zone's begin.
func (f *farJumps) window(off uint64) []byte {
	i := off / farWindow
	if w, ok := f.windows[i]; ok {
		return w
	}
	w, err := unix.Mmap(f.fd, farSection+int64(i*farJumpWindow), farJumpWindow, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		panic(fmt.Sprintf("kmv: map the jump map: %v", err))
	}
	if f.windows == nil {
		f.windows = map[uint64][]byte{}
	}
	f.windows[i] = w
	return w
}

func (f *farJumps) close() {
	for _, w := range f.windows {
		_ = unix.Munmap(w)
	}
	_ = unix.Close(f.fd)
}

// dropJumps gives the jump map's memory back: nothing is entered any more.
func (c *codeCache) dropJumps() {
	_ = unix.Fallocate(c.far.fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, jumpSection, sharedSize-jumpSection)
}

// jumps is the jump map from the entry of a native address on, to the end of its page of code at least; nil if it has none.
func (c *codeCache) jumps(pc uint64) []byte {
	if pc < uint64(c.layout.Code.High) {
		return c.mem[jumpSection+pc*4:]
	}
	if off := pc - uint64(c.layout.Far.Low); off < c.layout.Far.Size() {
		return c.far.window(off)[off%farWindow*4:]
	}
	return nil
}

// setJump makes indirect branches to a native address go to a cache offset; 0 makes them miss.
func (c *codeCache) setJump(pc uint64, off uint32) {
	entry := c.jumps(pc)
	if entry == nil {
		return
	}
	v := uint32(0)
	if off != 0 {
		v = uint32(c.address(off))
	}
	binary.LittleEndian.PutUint32(entry, v)
}

// jump is the entry of a native address.
func (c *codeCache) jump(pc uint64) uint32 {
	entry := c.jumps(pc)
	if entry == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(entry)
}

// copyJumps copies the entries of a page of code from another cache.
func (c *codeCache) copyJumps(from *codeCache, page uint64) {
	if to := c.jumps(page << 12); to != nil {
		copy(to[:4*4096], from.jumps(page<<12))
	}
}

// jumpMaps are the mappings of the jump map in a target: address, length and place in the memfd.
func (c *codeCache) jumpMaps() [2]struct{ at, size, off uint64 } {
	near, nearEnd := c.layout.JumpMapRange()
	far, farEnd := c.layout.FarJumpRange()
	return [2]struct{ at, size, off uint64 }{{near, nearEnd - near, jumpSection}, {far, farEnd - far, farSection}}
}

// notDumped keeps kmv's own memory out of core files: the kernel takes a memfd for anonymous memory, and writes all of the jump
// maps. Where nothing is mapped between cache and thread blocks madvise says ENOMEM, and does the rest.
func (c *codeCache) notDumped() (calls []*call) {
	advise := func(at, size uint64) {
		calls = append(calls, &call{nr: unix.SYS_MADVISE, args: [6]uint64{at, size, unix.MADV_DONTDUMP}})
	}
	low := uint64(c.layout.Cache.Low)
	advise(low, uint64(c.layout.Threads.High)-low)
	for _, m := range c.jumpMaps() {
		advise(m.at, m.size)
	}
	return calls
}
