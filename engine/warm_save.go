package engine

import (
	"runtime/debug"

	"kmv/engine/saved"
)

// save keeps what was translated in an address space that ends, and says whether there was enough. A cache that others still
// use is theirs to save; of the last one of a run only the next run could make use.
func (p *process) save(last bool) bool {
	c := p.code
	if p.saved == nil || c == nil || c.users > 1 || last && !p.saved.Persistent() {
		return false
	}
	if len(c.blocks) == c.loaded() {
		return false
	}
	w := newDrafter(c)
	worth := w.worthSaving()
	if len(worth) == 0 {
		return false
	}
	w.text = c.texts()
	used := make([]*saved.Image, len(c.regions))
	for _, i := range worth {
		r := &c.regions[i]
		old := p.saved.Get(r.key)
		used[i] = old
		if old == nil && r.loaded > 0 || old != nil && old.Sum() != r.sum { // another kmv was faster
			continue
		}
		if r.loaded == 0 {
			old = nil // it is of other native code
		}
		if spans, ok := w.spans(i, old); ok {
			w.drafts[i] = &saved.Draft{Spans: spans}
		}
	}
	w.draw()
	for _, i := range worth {
		if d := w.drafts[i]; d != nil {
			p.saved.Put(c.regions[i].key, d)
		}
		p.saved.Release(c.regions[i].key, used[i])
	}
	return true
}

// loaded is how many of the cache's blocks were not translated here.
func (c *codeCache) loaded() (n int) {
	for _, list := range [][]region{c.regions, c.dormant} {
		for i := range list {
			n += list[i].loaded
		}
	}
	return n
}

// anyHot says whether a page of a region is written so often that its blocks check themselves.
func (c *codeCache) anyHot(r *region) bool {
	for page := range c.hot {
		if page >= r.start&^4095 && page < r.end {
			return true
		}
	}
	return false
}

// drafter makes images of the regions of a cache: their live blocks, linked among themselves as they are now. Where an
// image leads out of itself it has an int3 behind its code.
type drafter struct {
	c      *codeCache
	drafts []*saved.Draft // one for each region, nil if it is not to be saved
	owner  []int32        // the region of each block, -1 if none
	text   []int32        // where the native bytes of each block are, see texts
	index  []int32        // where its draft has it, -1 if nowhere
	lookup []bool         // whether the jump map leads to it
}

func newDrafter(c *codeCache) *drafter {
	n := len(c.blocks)
	w := &drafter{c: c, drafts: make([]*saved.Draft, len(c.regions)), owner: make([]int32, n), index: make([]int32, n), lookup: make([]bool, n)}
	last := 0
	for i := range c.blocks {
		w.owner[i], w.index[i] = -1, -1
		for k := range c.regions {
			j := (last + k) % len(c.regions)
			if r, pc := &c.regions[j], c.blocks[i].native; pc >= r.start && pc < r.end {
				w.owner[i], last = int32(j), j
				break
			}
		}
	}
	return w
}

// worthSaving lists the regions of which enough was translated here to write the image again.
func (w *drafter) worthSaving() (list []int) {
	n := make([]int, len(w.c.regions))
	for i, j := range w.owner {
		if j < 0 {
			continue
		}
		if r := &w.c.regions[j]; i < r.first || i >= r.first+r.loaded {
			n[j]++
		}
	}
	for j := range n {
		if r := &w.c.regions[j]; r.kept && n[j] > 0 && n[j] >= r.loaded/64 && !w.c.anyHot(r) {
			list = append(list, j)
		}
	}
	return list
}

// draw fills the drafts. It ends the use of a cache that is too large to be a spare: what its jump map takes is wanted for them.
func (w *drafter) draw() {
	w.choose()
	if w.c.pos > spareMost {
		w.c.dropJumps()
		w.c.native = nil
		debug.FreeOSMemory()
	}
	w.reserve()
	w.copyBlocks()
	w.copyLinks()
	w.copyExits()
}

// choose marks the blocks that are kept: live, depending on nothing but their native bytes, and falling into one that is
// kept, if into any.
func (w *drafter) choose() {
	blocks := w.c.blocks
	for i := len(blocks) - 1; i >= 0; i-- {
		b, j := &blocks[i], w.owner[i]
		w.lookup[i] = w.c.jump(b.native) == uint32(w.c.address(b.start))
		if j < 0 || w.drafts[j] == nil || b.private || b.native+uint64(b.size) > w.c.regions[j].end || !w.c.live(int32(i)) {
			continue
		}
		if b.falls && (i+1 == len(blocks) || w.owner[i+1] != j || w.index[i+1] < 0 || blocks[i+1].start != b.end) {
			continue
		}
		w.index[i] = 0
	}
}

// reserve makes each draft as large as it will be, or a little larger: growing by doubling would take twice the memory.
func (w *drafter) reserve() {
	c := w.c
	type size struct {
		code                 uint32
		blocks, links, exits int
	}
	sizes := make([]size, len(w.drafts))
	for i := range c.blocks {
		if w.index[i] < 0 {
			continue
		}
		s := &sizes[w.owner[i]]
		s.blocks++
		s.code += (c.blocks[i].start-s.code)&7 + c.blocks[i].end - c.blocks[i].start
		for l := c.blocks[i].links; l >= 0; l = c.links[l].next {
			s.links++
		}
	}
	for i := range c.stubs {
		if k, ok := c.blockIndex(c.stubs[i].site); ok && w.index[k] >= 0 && c.stubs[i].kind != stubNone {
			sizes[w.owner[k]].exits++
		}
	}
	for j, d := range w.drafts {
		if d != nil {
			d.Code = make([]byte, 0, int(sizes[j].code)+2*sizes[j].exits)
			d.Blocks = make([]saved.Block, 0, sizes[j].blocks)
			d.Links = make([]saved.Link, 0, sizes[j].links)
			d.Exits = make([]saved.Exit, 0, sizes[j].exits)
		}
	}
}

// live says whether a block is still led to.
func (c *codeCache) live(i int32) bool {
	b := &c.blocks[i]
	if b.kind == thunk {
		return c.jump(b.native) == uint32(c.address(b.start))
	}
	at, ok := c.index.get(b.native)
	return ok && at == i
}

// copyBlocks copies the chosen blocks. Those that lie one behind the other stay so, and all keep their distance to a
// multiple of 8, which translations depend on.
func (w *drafter) copyBlocks() {
	c := w.c
	for i := range c.blocks {
		if w.index[i] < 0 {
			continue
		}
		b, d := &c.blocks[i], w.drafts[w.owner[i]]
		for (uint32(len(d.Code))^b.start)&7 != 0 {
			d.Code = append(d.Code, int3)
		}
		to := uint32(len(d.Code)) - b.start
		d.Code = append(d.Code, c.mem[b.start:b.end]...)
		w.index[i] = int32(len(d.Blocks))
		k := saved.Block{
			Native: uint32(b.native - c.regions[w.owner[i]].start), Base: b.base + to, Start: b.start + to, End: b.end + to,
			Size: uint16(b.size), Prefix: b.prefix, Insts: b.insts, Stores: b.stores, Mirrored: b.mirrored,
		}
		if b.kind == thunk {
			k.Flags |= savedThunk
		}
		if b.falls {
			k.Flags |= savedFalls
		}
		if w.lookup[i] {
			k.Flags |= savedLookup
		}
		d.Blocks = append(d.Blocks, k)
	}
}

// moved is where a draft, which one, has a cache offset.
func (w *drafter) moved(off uint32) (j, to uint32, ok bool) {
	i, ok := w.c.blockIndex(off)
	if !ok || w.index[i] < 0 {
		return 0, 0, false
	}
	j = uint32(w.owner[i])
	return j, w.drafts[j].Blocks[w.index[i]].Start + off - w.c.blocks[i].start, true
}

// copyLinks points the branches between the blocks of a draft to where these are there. A branch to a block of another
// draft, or of none, becomes an exit.
func (w *drafter) copyLinks() {
	c := w.c
	for i := range c.blocks {
		b := &c.blocks[i]
		for l := b.links; l >= 0; l = c.links[l].next {
			old := c.links[l].site
			j, site, ok := w.moved(old)
			if !ok || c.target(old) != b.direct() { // it leads elsewhere by now
				continue
			}
			d := w.drafts[j]
			if w.index[i] < 0 || w.owner[i] != int32(j) {
				lead(d, saved.Exit{Site: site, Target: b.native})
				continue
			}
			k := &d.Blocks[w.index[i]]
			putRel32(d.Code, site, k.Base+uint32(k.Prefix))
			d.Links = append(d.Links, saved.Link{Site: site, To: uint32(w.index[i])})
		}
	}
	for _, old := range c.calls {
		if j, site, ok := w.moved(old); ok {
			w.drafts[j].Calls = append(w.drafts[j].Calls, site)
		}
	}
}

// copyExits gives each branch that leads to an int3 one in its draft.
func (w *drafter) copyExits() {
	for i := range w.c.stubs {
		s := &w.c.stubs[i]
		if s.kind != stubLink && s.kind != stubStop {
			continue
		}
		if j, site, ok := w.moved(s.site); ok {
			lead(w.drafts[j], saved.Exit{Site: site, Stop: s.kind == stubStop, Reason: uint8(s.stop), Vector: s.vector, Target: s.target})
		}
	}
}

// lead gives a branch of a draft an int3.
func lead(d *saved.Draft, x saved.Exit) {
	x.At = uint32(len(d.Code))
	d.Code = append(d.Code, int3, int3)
	putRel32(d.Code, x.Site, x.At)
	d.Exits = append(d.Exits, x)
}
