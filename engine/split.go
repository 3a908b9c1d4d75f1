package engine

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/syscalls"
	"kmv/translator"
)

// split gives a process a code cache of its own, when it has shared one since a fork and its native code is about to
// differ from the others'. The copy stands at the same addresses, so that no thread and no link notices.
func (e *engine) split(t *thread) error {
	p := t.p
	if p.code.users == 1 {
		return nil
	}
	e.logf("%d: its code cache is no longer shared", p.pid)
	return e.alone(t, func() error { return e.splitAlone(t) })
}

// splitAlone is split while no other thread of the process runs.
func (e *engine) splitAlone(t *thread) error {
	p := t.p
	fd, mine, err := t.newShared()
	if err != nil {
		return err
	}
	own, err := p.code.clone(mine, e.slotsOf(p))
	if err != nil {
		return err
	}
	lay := e.layout
	const flags = unix.MAP_SHARED | unix.MAP_FIXED | unix.MAP_NORESERVE
	remap := func(at, size uint64, prot int, off uint64) *call {
		return &call{nr: unix.SYS_MMAP, args: [6]uint64{at, size, uint64(prot), flags, fd, off}}
	}
	calls := []*call{remap(uint64(lay.Cache.Low), threadSection, unix.PROT_READ|unix.PROT_EXEC, cacheSection)}
	for _, m := range own.jumpMaps() {
		calls = append(calls, remap(m.at, m.size, unix.PROT_READ, m.off))
	}
	if err := t.inject(calls...); err != nil {
		return err
	}
	for _, c := range calls {
		if err := c.err(); err != nil {
			return fmt.Errorf("copy the code cache: %w", err)
		}
	}
	// The result of this one is written into the new thread block, where nothing was put: only then is it there.
	blocks := remap(uint64(lay.Threads.Low), jumpSection-threadSection, unix.PROT_READ|unix.PROT_WRITE, threadSection)
	if err := t.inject(blocks); err != nil {
		return err
	}
	p.code.users--
	p.code = own
	return t.inject(append(own.notDumped(), &call{nr: unix.SYS_CLOSE, args: [6]uint64{fd}})...)
}

// newShared makes the memory of a code cache in the target; mine is the same file here.
func (t *thread) newShared() (fd uint64, mine int, err error) {
	name := t.p.code.threadAddress(t.slot) + batchOffset - 16
	copy(t.p.code.thread(t.slot)[batchOffset-16:], "kmv\x00")
	c := &call{nr: unix.SYS_MEMFD_CREATE, args: [6]uint64{name, unix.MFD_CLOEXEC}}
	if err := t.inject(c); err != nil {
		return 0, 0, err
	}
	if err := c.err(); err != nil {
		return 0, 0, fmt.Errorf("memfd_create: %w", err)
	}
	if mine, err = ptrace.TakeFD(t.pid, int(c.ret)); err != nil {
		return 0, 0, err
	}
	return uint64(c.ret), mine, unix.Ftruncate(mine, sharedSize)
}

// slotsOf lists the thread blocks that a process uses.
func (e *engine) slotsOf(p *process) (slots []int) {
	for _, u := range e.threads {
		if u.p == p {
			slots = append(slots, u.slot)
		}
	}
	return slots
}

// clone copies a cache into another file, which is the copy's own: the code, the jump map where code was translated, and the given thread blocks.
func (c *codeCache) clone(fd int, slots []int) (*codeCache, error) {
	mem, err := unix.Mmap(fd, 0, farSection, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map 10 GiB for the code cache (is the address space limited, ulimit -v?): %w", err)
	}
	n := *c
	n.mem, n.far, n.users = mem, farJumps{fd: fd}, 1
	copy(mem, c.mem[:c.pos])
	copy(mem[answersSection:threadSection], c.mem[answersSection:tableSection+4*syscalls.Max])
	n.pages = make(map[uint64]*[64]uint64, len(c.pages))
	for page, leaders := range c.pages {
		l := *leaders
		n.pages[page] = &l
		n.copyJumps(c, page)
	}
	for _, s := range slots {
		copy(n.thread(s), c.thread(s))
	}
	n.blocks, n.stubs, n.links = slices.Clone(c.blocks), slices.Clone(c.stubs), slices.Clone(c.links)
	n.calls, n.native, n.regions, n.dormant = slices.Clone(c.calls), slices.Clone(c.native), slices.Clone(c.regions), slices.Clone(c.dormant)
	n.index, n.waiting, n.near = c.index.clone(), c.waiting.clone(), pageBits{}
	n.stale, n.hot, n.breaks = maps.Clone(c.stale), maps.Clone(c.hot), maps.Clone(c.breaks)
	n.slots.free = slices.Clone(c.slots.free)
	n.eras, n.counted, n.sampled = slices.Clone(c.eras), maps.Clone(c.counted), maps.Clone(c.sampled)
	if c.counting || c.sampled != nil {
		copy(n.mem[countersAt:countersAt+8*len(c.blocks)], c.mem[countersAt:])
	}
	n.tr = translator.New(c.cfg)
	n.frag.Code, n.frag.Exits, n.frag.Points, n.frag.Gaps = nil, nil, nil, nil
	n.again, n.single = n.frag, n.frag
	n.stats = TranslationStats{}
	return &n, nil
}
