package saved

import (
	"encoding/binary"
	"math/bits"
)

// checksum is a sum of 64 bits over a file, in four lanes because a multiplication takes as long as four of them. A change
// within one word of 8 bytes never stays unseen: every step is one to one. It is no defence against intent: the file
// belongs to the user. (The first use of hash/crc32 takes 0.25 ms to make its tables, longer than all the sums of a
// short program.)
type checksum struct {
	lanes   [4]uint64
	pending [32]byte
	n       int
	length  uint64
}

// Write takes in more bytes; it never fails.
func (c *checksum) Write(b []byte) (int, error) {
	all := len(b)
	c.length += uint64(all)
	if c.n > 0 {
		k := copy(c.pending[c.n:], b)
		c.n, b = c.n+k, b[k:]
		if c.n < len(c.pending) {
			return all, nil
		}
		c.groups(c.pending[:])
	}
	whole := len(b) &^ 31
	c.groups(b[:whole])
	c.n = copy(c.pending[:], b[whole:])
	return all, nil
}

// groups takes in whole groups of 32 bytes.
func (c *checksum) groups(b []byte) {
	const prime = 0x9e3779b97f4a7c15
	l := c.lanes
	for ; len(b) >= 32; b = b[32:] {
		l[0] = bits.RotateLeft64((l[0]^binary.LittleEndian.Uint64(b))*prime, 29)
		l[1] = bits.RotateLeft64((l[1]^binary.LittleEndian.Uint64(b[8:]))*prime, 29)
		l[2] = bits.RotateLeft64((l[2]^binary.LittleEndian.Uint64(b[16:]))*prime, 29)
		l[3] = bits.RotateLeft64((l[3]^binary.LittleEndian.Uint64(b[24:]))*prime, 29)
	}
	c.lanes = l
}

// sum ends it.
func (c *checksum) sum() uint64 {
	clear(c.pending[c.n:])
	c.groups(c.pending[:])
	h := c.length
	for _, l := range c.lanes {
		h = (bits.RotateLeft64(h, 23) ^ l) * 0xff51afd7ed558ccd
	}
	return h ^ h>>32
}

func sumOf(b []byte) uint64 {
	var c checksum
	_, _ = c.Write(b)
	return c.sum()
}
