package engine

import (
	"bytes"
	"cmp"
	"slices"

	"kmv/engine/saved"
)

// spans collects the native bytes of a region: those of the blocks that were translated here, and those of the image that
// the others came from. It fails if blocks were translated from different code: somebody has written to the file.
func (w *drafter) spans(j int, old *saved.Image) (list []saved.Span, ok bool) {
	c := w.c
	var own []int32 // blocks, by their native addresses
	size := 0
	for i := range c.blocks {
		if b := &c.blocks[i]; w.owner[i] == int32(j) && w.text[i] >= 0 && b.size > 0 && c.live(int32(i)) {
			own = append(own, int32(i))
			size += int(b.size)
		}
	}
	slices.SortFunc(own, func(a, b int32) int { return cmp.Compare(c.blocks[a].native, c.blocks[b].native) })
	if old != nil {
		old.Spans(func(s saved.Span) bool {
			size += len(s.Bytes)
			return true
		})
	}
	u := union{text: make([]byte, 0, size)} // never moved: spans grow in place
	before := func(end uint64) {            // the blocks that begin before end
		for len(own) > 0 && c.blocks[own[0]].native < end {
			b, at := &c.blocks[own[0]], w.text[own[0]]
			u.add(uint32(b.native-c.regions[j].start), c.native[at:][:b.size])
			own = own[1:]
		}
	}
	if old != nil {
		old.Spans(func(s saved.Span) bool {
			before(c.regions[j].start + uint64(s.Start))
			u.add(s.Start, s.Bytes)
			return true
		})
	}
	before(^uint64(0))
	return u.spans, !u.differ
}

// union joins spans that touch or overlap, given in the order of their starts.
type union struct {
	spans  []saved.Span
	text   []byte
	differ bool // two that overlap did not have the same bytes
}

func (u *union) add(start uint32, b []byte) {
	if n := len(u.spans); n > 0 {
		last := &u.spans[n-1]
		if end := last.Start + uint32(len(last.Bytes)); start <= end {
			skip := end - start
			common := min(int(skip), len(b))
			u.differ = u.differ || !bytes.Equal(last.Bytes[start-last.Start:][:common], b[:common])
			if skip < uint32(len(b)) {
				last.Bytes = append(last.Bytes, b[skip:]...)
				u.text = u.text[:len(u.text)+len(b)-int(skip)]
			}
			return
		}
	}
	at := len(u.text)
	u.text = append(u.text, b...)
	u.spans = append(u.spans, saved.Span{Start: start, Bytes: u.text[at:]})
}

// texts finds where in codeCache.native the native bytes of each block are, -1 if they are not.
func (c *codeCache) texts() []int32 {
	text := make([]int32, len(c.blocks))
	at := int32(0)
	for i := 0; i < len(c.blocks); {
		if n := c.loadedAt(i); n > 0 {
			for range n {
				text[i] = -1
				i++
			}
			continue
		}
		text[i] = -1
		if c.blocks[i].kind == translated {
			text[i] = at
			at += int32(c.blocks[i].size)
		}
		i++
	}
	return text
}

// loadedAt is how many blocks from i on were loaded, if i is the first of them.
func (c *codeCache) loadedAt(i int) int {
	for _, list := range [][]region{c.regions, c.dormant} {
		for k := range list {
			if r := &list[k]; r.loaded > 0 && r.first == i {
				return r.loaded
			}
		}
	}
	return 0
}
