package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// countError counts the repaired errors of a page of either half; with Options.Retire of them its frame is not trusted any
// longer, and the page is moved to another one. The process is at rest.
func (e *engine) countError(p *process, page uint64) error {
	if e.opts.Retire <= 0 {
		return nil
	}
	if p.errors == nil {
		p.errors = map[uint64]int{}
	}
	if p.errors[page]++; p.errors[page] < e.opts.Retire {
		return nil
	}
	return e.retirePage(p, page)
}

// countLost counts a lost page that was replaced: it has a new frame by that, and only the report is left to do.
func (e *engine) countLost(p *process, page uint64) {
	if p.errors == nil {
		p.errors = map[uint64]int{}
	}
	if p.errors[page]++; e.opts.Retire > 0 && p.errors[page] >= e.opts.Retire {
		e.failure(view.EventRetired, p, nil, page, view.Failure{What: "page", Mechanism: "replaced", How: strconv.Itoa(p.errors[page]) + " errors"})
		delete(p.errors, page)
	}
}

// retirePage moves a page to a new frame.
func (e *engine) retirePage(p *process, at uint64) error {
	m, page, size, err := e.injectable(p, at)
	if err != nil || m.IsShared() {
		return nil // others have the frame too
	}
	t := e.hand(p)
	if t == nil {
		return nil // at the next error
	}
	b := make([]byte, size)
	if n, err := p.mem.ReadSome(page, b); n < len(b) {
		return fmt.Errorf("retire the page at %#x: %w", page, err)
	}
	old, _ := e.frame(t, page)
	how := "soft-offline"
	if !e.softOffline(t, page) {
		how = "remap"
		move := func() error { return e.moveOver(t, m, page, b) }
		if uf, err := e.userfault(t); err == nil {
			move = func() error { return e.replace(t, uf, m, page, b, nil) }
		}
		if err := move(); err != nil {
			return fmt.Errorf("retire the page at %#x: %w", page, err)
		}
	}
	if now, known := e.frame(t, page); known && now == old {
		return fmt.Errorf("retire the page at %#x: it is still in frame %#x", page, old)
	}
	keep := p.stuck[:0]
	for _, s := range p.stuck {
		if s.at < page || s.at >= page+size {
			keep = append(keep, s)
		}
	}
	p.stuck = keep
	n := p.errors[page]
	delete(p.errors, page)
	e.failure(view.EventRetired, p, t, page, view.Failure{What: "page", Mechanism: how, How: strconv.Itoa(n) + " errors"})
	return nil
}

// softOffline lets the kernel move a page and never use its old frame again, if it can (CONFIG_MEMORY_FAILURE) and may.
func (e *engine) softOffline(t *thread, page uint64) bool {
	const madvSoftOffline = 101
	if e.noHWPoison || !e.ownFrame(t, page) {
		return false
	}
	err := e.borrow(t, &call{nr: unix.SYS_MADVISE, args: [6]uint64{page, shadowmem.PageSize, madvSoftOffline}})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) {
		e.noHWPoison = true
	}
	return err == nil
}

// frame is the number of a page's frame, where the kernel shows it: to root (CAP_SYS_ADMIN).
func (e *engine) frame(t *thread, page uint64) (uint64, bool) {
	f, err := os.Open("/proc/" + strconv.Itoa(t.tid) + "/pagemap")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	w, err := pagemapWords(f, page, shadowmem.PageSize)
	if err != nil || w[0]&shadowmem.PagePresent == 0 {
		return 0, false
	}
	n := w[0] & (1<<55 - 1)
	return n, n != 0
}
