package engine

import (
	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// The program's memory calls and lost pages: what is unmapped or emptied is no longer lost, what is moved stays lost at its
// new place, as the kernel moves the mark. A mapping that waits aside must be in its place for the kernel to change it.

// lostIn lists the lost pages whose native address lies in [start, end), in both halves.
func (e *engine) lostIn(p *process, start, end uint64) (pages []uint64) {
	for page, l := range p.lost {
		native := uint64(e.layout.NativeOf(page))
		if native < end && native+l.size > start {
			pages = append(pages, page)
		}
	}
	return pages
}

// settleLost repairs the lost pages of a range that the kernel could not treat like their neighbours, before a memory call.
func (e *engine) settleLost(t *thread, start, end uint64) error {
	for _, page := range e.lostIn(t.p, start, end) {
		if l := t.p.lost[page]; l.aside != 0 {
			if _, err := e.repair(t.p, page, "syscall"); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetLost strikes out the lost pages of a range that a memory call has unmapped, or that can be read again because it has
// emptied them: nobody will ever meet those errors.
func (e *engine) forgetLost(t *thread, start, end uint64) error {
	for _, page := range e.lostIn(t.p, start, end) {
		l := t.p.lost[page]
		_, _, _, gone := e.injectable(t.p, page)
		if _, err := t.p.mem.ReadRaw(page, make([]byte, 1)); gone == nil && (err != nil || l.mechanism == byProtection) {
			continue
		}
		delete(t.p.lost, page)
		t.p.mem.Hide(page, false)
		if !l.inherited && !l.hopeless {
			e.failure(view.EventMasked, t.p, t, page, view.Failure{ID: l.id, What: "page", Mechanism: l.mechanism, How: "syscall"})
		}
		if l.aside != 0 {
			if err := e.borrow(t, &call{nr: unix.SYS_MUNMAP, args: [6]uint64{l.aside, l.size}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// endLost strikes out what was never met: the address space is gone.
func (e *engine) endLost(p *process) {
	for page, l := range p.lost {
		if l.inherited || l.hopeless {
			continue
		}
		e.failure(view.EventMasked, p, nil, page, view.Failure{ID: l.id, What: "page", Mechanism: l.mechanism})
	}
}

// moveLost follows an mremap.
func (e *engine) moveLost(p *process, old, size, to uint64) {
	moved := map[uint64]*lostPage{}
	for _, page := range e.lostIn(p, old, old+size) {
		moved[page-old+to] = p.lost[page]
		delete(p.lost, page)
	}
	for page, l := range moved {
		p.lost[page] = l
	}
}

// forkLost is what a child inherits: the kernel copies the marks, and the mappings that wait aside.
func (p *process) forkLost() map[uint64]*lostPage {
	if len(p.lost) == 0 {
		return nil
	}
	lost := make(map[uint64]*lostPage, len(p.lost))
	for page, l := range p.lost {
		if m, ok := p.space.Find(p.space.Layout.NativeOf(page)); ok && m.Advice&(shadowmem.DontFork|shadowmem.WipeOnFork) == 0 {
			copied := *l
			copied.inherited = true
			lost[page] = &copied
		}
	}
	return lost
}
