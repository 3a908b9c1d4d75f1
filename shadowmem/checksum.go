package shadowmem

import "hash/crc32"

// Checksums remembers what pages held when their two copies agreed. When they no longer do, it says which of them is still
// as it was: the other one has changed by itself. A page is remembered in blocks, so that one that is written here can still
// be decided there. CRC-32C is an instruction of the processor (SSE4.2), and finds every error of up to 3 bits in a block.
type Checksums struct{ regions map[Native]*sums }

const (
	sumBlock  = 256
	sumBlocks = PageSize / sumBlock
	sumPages  = 512 // of a region, 2 MiB
	sumRegion = sumPages * PageSize
)

type sums struct {
	known [sumPages / 64]uint64
	of    [sumPages][sumBlocks]uint32
	same  [sumPages][sumBlocks]uint8 // how often in a row it was found unchanged
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Note remembers a page whose copies agree.
func (c *Checksums) Note(page Native, content []byte) {
	r := c.regions[page/sumRegion]
	if r == nil {
		if c.regions == nil {
			c.regions = map[Native]*sums{}
		}
		r = new(sums)
		c.regions[page/sumRegion] = r
	}
	i := page % sumRegion / PageSize
	r.known[i/64] |= 1 << (i % 64)
	for k := range r.of[i] {
		sum := crc32.Checksum(content[k*sumBlock:][:sumBlock], castagnoli)
		if r.of[i][k] != sum {
			r.of[i][k], r.same[i][k] = sum, 0
		} else if r.same[i][k] < 255 {
			r.same[i][k]++
		}
	}
}

// Forget forgets the pages of [start, end): they hold something else now.
func (c *Checksums) Forget(start, end Native) {
	for at := start; at < end; {
		r := c.regions[at/sumRegion]
		if r == nil {
			at = (at/sumRegion + 1) * sumRegion
			continue
		}
		i := at % sumRegion / PageSize
		r.known[i/64] &^= 1 << (i % 64)
		r.same[i] = [sumBlocks]uint8{}
		at += PageSize
	}
}

// Verdict says which copy of some bytes is right.
type Verdict uint8

// The verdicts.
const (
	Undecided Verdict = iota // both have changed since they agreed, or it is not known how they were
	TrustNative
	TrustMirror
)

// Decide says which copy of the bytes of d, which lie in one page, is as it was when the two agreed. native and mirror are
// the whole page. quiet is how often in a row it must have been found unchanged before: where threads race, a byte that looks
// as it was may have been stored anew.
func (c *Checksums) Decide(page Native, native, mirror []byte, d Diff, quiet uint8) Verdict {
	r, i := c.regions[page/sumRegion], page%sumRegion/PageSize
	if r == nil || r.known[i/64]>>(i%64)&1 == 0 {
		return Undecided
	}
	nativeHolds, mirrorHolds := true, true
	for k := (d.Start - page) / sumBlock; k*sumBlock < d.End-page; k++ {
		at := k * sumBlock
		if r.same[i][k] < quiet {
			return Undecided
		}
		nativeHolds = nativeHolds && crc32.Checksum(native[at:][:sumBlock], castagnoli) == r.of[i][k]
		mirrorHolds = mirrorHolds && crc32.Checksum(mirror[at:][:sumBlock], castagnoli) == r.of[i][k]
	}
	switch {
	case nativeHolds && !mirrorHolds:
		return TrustNative
	case mirrorHolds && !nativeHolds:
		return TrustMirror
	}
	return Undecided
}
