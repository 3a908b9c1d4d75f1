package engine

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// A program that starts another one for every line of a script needs a code cache for each: a third of a short program's
// time went into pages for it. So the cache of an address space that has ended is kept, emptied, for the next one. Its
// pages are there already, in the target's memory and in the engine's.

// spareMost is how much translated code an address space may have had whose cache is kept, in bytes, and spareSlots how
// many threads.
const (
	spareMost  = 4 << 20
	spareSlots = 8
)

// retire ends the use of a cache by one address space. It is kept if it is small, nobody else uses it, and there will be
// somebody to use it again.
//
// changed says that its code was saved anew: the next address space takes that.
func (e *engine) retire(p *process, changed bool) {
	c := p.code
	switch {
	case c.users > 1 || len(e.threads) == 0 || !c.untouched():
		_ = c.close()
	case !changed && c.sleep(p):
		e.keepAsleep(c)
	case e.spare != nil || c.pos > spareMost:
		_ = c.close()
	default:
		c.empty()
		e.spare = c
	}
}

// dropSpare gives the memory of a kept cache back.
func (e *engine) dropSpare() {
	for _, c := range e.asleep {
		_ = c.close()
	}
	if e.asleep = nil; e.spare != nil {
		_ = e.spare.close()
		e.spare = nil
	}
}

// empty makes the cache what newCodeCache made, but for code that nothing leads to.
func (c *codeCache) empty() {
	for i := range c.blocks {
		c.setJump(c.blocks[i].native, 0)
	}
	for slot := range c.slots.next {
		clear(c.thread(slot))
	}
	for _, leaders := range c.pages {
		*leaders = [64]uint64{}
	}
	clear(c.index.slots)
	clear(c.waiting.slots)
	*c = codeCache{
		layout: c.layout, mem: c.mem, far: c.far, users: 1, cfg: c.cfg, tr: c.tr, rt: c.rt, pos: c.rt.end,
		pages: c.pages, stale: map[uint32]uint64{}, hot: map[uint64]bool{}, breaks: map[uint64][]*breakpoint{},
		index: addressMap{slots: c.index.slots}, waiting: addressMap{slots: c.waiting.slots},
		blocks: c.blocks[:0], stubs: c.stubs[:0], links: c.links[:0], calls: c.calls[:0], native: c.native[:0],
	}
}

// takeSpare opens the file of the kept cache in the target, by its name in /proc, and says whether that worked: the
// target may be in another root, or see other processes.
func (l *loader) takeSpare(name uint64) (fd uint64, ok bool) {
	c := l.e.fits(l.p.exe)
	if c == nil {
		return 0, false
	}
	path := fmt.Sprintf("/proc/%d/fd/%d\x00", os.Getpid(), c.far.fd)
	if l.p.mem.Write(name, []byte(path)) != nil {
		return 0, false
	}
	fd, err := l.bootCall(unix.SYS_OPEN, name, unix.O_RDWR|unix.O_CLOEXEC)
	if err != nil {
		return 0, false
	}
	if !sameFile(l.t.pid, int(fd), c.far.fd) {
		_, err := l.bootCall(unix.SYS_CLOSE, fd)
		l.e.logf("%d: /proc is not that of kmv (%v)", l.t.pid, err)
		return 0, false
	}
	l.p.code = c
	l.e.taken(c)
	return fd, true
}

// sameFile says whether a target's descriptor and one of kmv's are of the same file.
func sameFile(pid, fd, own int) bool {
	there, err := ptrace.TakeFD(pid, fd)
	if err != nil {
		return false
	}
	defer unix.Close(there)
	var a, b unix.Stat_t
	return unix.Fstat(there, &a) == nil && unix.Fstat(own, &b) == nil && a.Dev == b.Dev && a.Ino == b.Ino
}
