package engine

import (
	"bytes"
	"debug/elf"
	"testing"

	"golang.org/x/sys/unix"

	"kmv/engine/saved"
	"kmv/shadowmem"
	"kmv/translator"
)

// newTestCache is a code cache that no target runs from.
func newTestCache(t *testing.T) *codeCache {
	t.Helper()
	fd, err := unix.MemfdCreate("kmv-test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, sharedSize); err != nil {
		t.Fatal(err)
	}
	e := &engine{layout: shadowmem.Default()}
	c, err := newCodeCache(e.layout, fd, e.config(), e.runtime())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.close() })
	return c
}

// testText is the code of this test, as if it were mapped at start.
func testText(t *testing.T) (text []byte, start uint64) {
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(".text")
	if text, err = s.Data(); err != nil {
		t.Fatal(err)
	}
	return text[:1<<20], s.Addr
}

// A cache that got its blocks from an image is as good as one that translated them: every block is byte for byte the
// translation of its native bytes, and every branch leads where it must.
func TestSavedBlocksAreTranslations(t *testing.T) {
	text, start := testText(t)
	src := func(pc uint64) []byte {
		if pc < start || pc >= start+uint64(len(text)) {
			return nil
		}
		return text[pc-start:]
	}
	c := newTestCache(t)
	r := region{start: start, end: start + uint64(len(text)), kept: true}
	c.regions = []region{r}
	for off := uint64(0); off < 200000; off += 4001 {
		c.indirect(c.ensure(start+off, src))
	}
	for i := int32(0); int(i) < len(c.blocks); i += 37 { // some blocks become stale, some of those come again
		if c.live(i) {
			c.drop(c.blocks[i].native)
		}
	}
	c.indirect(c.ensure(start, src))

	key := saved.KeyOf("test")
	im := draw(t, c, nil, key, 0)
	n := newTestCache(t)
	n.regions = []region{r}
	n.place(&n.regions[0], im)
	checkBlocks(t, n, src)
	live := 0
	for i := range c.blocks {
		if b := &c.blocks[i]; c.live(int32(i)) && b.kind == translated && !b.private {
			live++
		}
	}
	if n.index.len() < live*99/100 {
		t.Errorf("%d of %d live blocks were kept", n.index.len(), live)
	}
	for pc := start + 300000; pc < start+310000; pc += 997 { // what was loaded and what is translated go together
		n.indirect(n.ensure(pc, src))
	}
	checkBlocks(t, n, src)
	last := newTestCache(t)
	last.regions = []region{r}
	last.place(&last.regions[0], draw(t, n, im, key, 0))
	checkBlocks(t, last, src)
	if last.index.len() < n.index.len()*99/100 {
		t.Errorf("%d of %d blocks were kept the second time", last.index.len(), n.index.len())
	}
}

// A branch from one mapping to another is linked, whichever of them is loaded first.
func TestBranchesBetweenMappings(t *testing.T) {
	text, start := testText(t)
	src := func(pc uint64) []byte {
		if pc < start || pc >= start+uint64(len(text)) {
			return nil
		}
		return text[pc-start:]
	}
	c := newTestCache(t)
	middle := start + 100000
	c.regions = []region{{start: start, end: middle, kept: true}, {start: middle, end: start + uint64(len(text)), kept: true}}
	for off := uint64(0); off < 200000; off += 997 {
		c.indirect(c.ensure(start+off, src))
	}
	key := saved.KeyOf("test")
	images := []*saved.Image{draw(t, c, nil, key, 0), draw(t, c, nil, key, 1)}
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		n := newTestCache(t)
		n.regions = []region{c.regions[0], c.regions[1]}
		for _, j := range order {
			n.place(&n.regions[j], images[j])
		}
		checkBlocks(t, n, src)
		if n.index.len() < c.index.len()*99/100 {
			t.Errorf("order %v: %d of %d blocks", order, n.index.len(), c.index.len())
		}
	}
}

// draw makes an image of region j of a cache; old is where its loaded blocks came from.
func draw(t *testing.T, c *codeCache, old *saved.Image, key saved.Key, j int) *saved.Image {
	t.Helper()
	w := newDrafter(c)
	w.text = c.texts()
	spans, ok := w.spans(j, old)
	if !ok {
		t.Fatal("spans of one text differ")
	}
	w.drafts[j] = &saved.Draft{Spans: spans}
	w.draw()
	var b bytes.Buffer
	if err := w.drafts[j].WriteTo(&b, key); err != nil {
		t.Fatal(err)
	}
	im, err := saved.Parse(b.Bytes(), key)
	if err != nil {
		t.Fatal(err)
	}
	covered := map[uint32]bool{}
	im.Spans(func(s saved.Span) bool {
		for i := range s.Bytes {
			covered[s.Start+uint32(i)] = true
		}
		return true
	})
	for i := range im.Blocks() {
		for k, off := im.Block(i), uint32(0); off < uint32(k.Size); off++ {
			if !covered[k.Native+off] {
				t.Fatalf("native byte %#x of block %+v is not compared", k.Native+off, k)
			}
		}
	}
	return im
}

// checkBlocks translates every block of a cache again, and follows its exits.
func checkBlocks(t *testing.T, c *codeCache, src source) {
	t.Helper()
	var f translator.Fragment
	for i := range c.blocks {
		b := &c.blocks[i]
		if b.kind == thunk || !c.live(int32(i)) {
			continue
		}
		end := b.native + uint64(b.size)
		if err := c.tr.Block(src(b.native), b.native, b.base&7, func(pc uint64) bool { return pc == end }, &f); err != nil {
			t.Fatal(err)
		}
		got := bytes.Clone(c.mem[b.base : b.base+uint32(len(f.Code))])
		if !b.entered() {
			copy(got, f.Code[:f.Prefix])
		}
		for k := range f.Exits {
			x := &f.Exits[k]
			if x.Kind == translator.ExitFall {
				continue
			}
			copy(got[x.Off:], f.Code[x.Off:x.Off+4])
			checkExit(t, c, b.base+x.Off, x)
		}
		if !bytes.Equal(got, f.Code) {
			t.Fatalf("the block of %#x is not its translation:\n% x\n% x", b.native, got, f.Code)
		}
		if off, ok := c.offset(uint64(c.jump(b.native))); c.jump(b.native) != 0 {
			if at, in := c.at(off); !ok || !in || at.native != b.native || off != at.start {
				t.Fatalf("the jump map leads %#x to %#x", b.native, off)
			}
		}
		if b.falls && (c.blocks[i+1].native != end || c.blocks[i+1].direct() != b.end) {
			t.Fatalf("the block of %#x does not fall into that of %#x", b.native, end)
		}
	}
}

// checkExit says whether a branch leads to the block of its target, or to an int3 that knows it.
func checkExit(t *testing.T, c *codeCache, site uint32, x *translator.Exit) {
	t.Helper()
	to := c.target(site)
	switch s, stubbed := c.stubAt(to); {
	case x.Kind == translator.ExitSyscall:
		if to != c.rt.syscall {
			t.Fatalf("a system call leads to %#x", to)
		}
	case stubbed:
		if c.mem[to] != int3 || s.site != site || s.target != x.Target || (s.kind == stubStop) != (x.Kind == translator.ExitStop) ||
			s.kind == stubStop && (s.stop != x.Stop || s.vector != x.Vector) || s.kind == stubNone {
			t.Fatalf("exit %+v at %#x leads to stub %+v", x, site, s)
		}
		if s.kind == stubLink && c.leader(s.target) {
			t.Fatalf("exit %+v at %#x waits for a block that is there", x, site)
		}
	default:
		b, ok := c.find(x.Target)
		if !ok || x.Kind != translator.ExitJump || to != b.direct() {
			t.Fatalf("exit %+v at %#x leads to %#x", x, site, to)
		}
	}
}

// Native code that differs in one byte is not the same, wherever the byte is; nor is code that ends early.
func TestOnlyTheSameCodeIsRecalled(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 3*comparePiece/16)
	d := &saved.Draft{Spans: []saved.Span{{Start: 5, Bytes: data[5:100]}, {Start: 4000, Bytes: data[4000 : 2*comparePiece+77]}}}
	key := saved.KeyOf("test")
	var b bytes.Buffer
	if err := d.WriteTo(&b, key); err != nil {
		t.Fatal(err)
	}
	im, err := saved.Parse(b.Bytes(), key)
	if err != nil {
		t.Fatal(err)
	}
	r := region{start: 0x400000, end: 0x400000 + uint64(len(data))}
	read := func(memory []byte) func(uint64, []byte) int {
		return func(addr uint64, buf []byte) int { return copy(buf, memory[min(addr-r.start, uint64(len(memory))):]) }
	}
	if !same(&r, im.Spans, read(data)) {
		t.Fatal("equal code is not the same")
	}
	for _, at := range []int{5, 99, 4000, comparePiece - 1, comparePiece, 4000 + comparePiece, 2*comparePiece + 76} {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		if same(&r, im.Spans, read(bad)) {
			t.Errorf("byte %d differs and is not seen", at)
		}
	}
	for _, at := range []int{0, 4, 100, 3999, 2*comparePiece + 77} {
		other := bytes.Clone(data)
		other[at] ^= 1
		if !same(&r, im.Spans, read(other)) {
			t.Errorf("byte %d was not translated and matters", at)
		}
	}
	if same(&r, im.Spans, read(data[:2*comparePiece])) {
		t.Error("memory ends early and is not seen")
	}
	short := region{start: r.start, end: r.start + comparePiece}
	if same(&short, im.Spans, read(data)) {
		t.Error("the mapping ends early and is not seen")
	}
}

// What touches or overlaps becomes one span, and nothing is lost.
func TestUnion(t *testing.T) {
	memory := []byte("abcdefghijklmnopqrstuvwxyz")
	u := union{text: make([]byte, 0, 100)}
	for _, s := range [][2]uint32{{0, 3}, {1, 2}, {3, 5}, {7, 9}, {8, 9}, {8, 12}, {20, 21}, {20, 20}, {21, 26}} {
		u.add(s[0], memory[s[0]:s[1]])
	}
	want := []saved.Span{{Start: 0, Bytes: memory[:5]}, {Start: 7, Bytes: memory[7:12]}, {Start: 20, Bytes: memory[20:]}}
	if len(u.spans) != len(want) || u.differ {
		t.Fatalf("%d spans: %v", len(u.spans), u.spans)
	}
	for i, s := range u.spans {
		if s.Start != want[i].Start || !bytes.Equal(s.Bytes, want[i].Bytes) {
			t.Errorf("span at %d: %q, want %q at %d", s.Start, s.Bytes, want[i].Bytes, want[i].Start)
		}
	}
	for _, other := range []string{"X", "xX", "xyX"} {
		v := u
		v.add(23, []byte(other)) // over x, y and z, where one letter is another
		if !v.differ {
			t.Errorf("%q over %q is not seen", other, memory[23:])
		}
	}
}
