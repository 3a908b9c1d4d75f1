package engine

import (
	"debug/elf"
	"encoding/binary"
	"hash/fnv"

	"kmv/shadowmem"
)

// Translations hold native addresses, so that those of one run can serve another only if the code is at the same place
// again. Where the kernel has put something at random is forgotten, and libraries have an address of their own, the same
// in every program, unless something else is there already.

// libraries is the part of the code zone where the preferred addresses are. Below and above it is room for what needs
// much of it in one piece.
var libraries = shadowmem.Zone{Low: 0x5000_0000, High: 0x7000_0000}

// preferred is the address that a file should have, a multiple of align.
func preferred(name string, align uint64) shadowmem.Native {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return libraries.Low + shadowmem.Native(h.Sum64()%(libraries.Size()/align)*align)
}

// imageAlign is a huge page: an image that the kernel has placed stays at the same distance from its border.
const imageAlign = 2 << 20

// libraryAlign is enough for what asks for no alignment: neighbours are then few.
const libraryAlign = 64 << 10

// skew is how far behind a multiple of imageAlign an image must begin, so that its segments are aligned as they ask to
// be: they are at the addresses that they were linked to.
func (l *loader) skew(im image) uint64 {
	head := make([]byte, 4096)
	if n, _ := l.p.mem.ReadSome(im.start(), head); n < 64 || string(head[:4]) != elf.ELFMAG {
		return 0
	}
	off, size, count := binary.LittleEndian.Uint64(head[32:]), int(binary.LittleEndian.Uint16(head[54:])), int(binary.LittleEndian.Uint16(head[56:]))
	if size < 56 || off+uint64(size*count) > uint64(len(head)) {
		return im.start() % imageAlign
	}
	for i := range count {
		ph := head[off+uint64(i*size):]
		if elf.ProgType(binary.LittleEndian.Uint32(ph)) == elf.PT_LOAD {
			return binary.LittleEndian.Uint64(ph[16:]) &^ 4095 % imageAlign
		}
	}
	return 0
}
