package engine

import "kmv/shadowmem"

// The memory of a process that is killed lives on as long as a child of vfork uses it, until that executes a program or ends.

// outlived says whether a thread's memory is also a process's that goes on: a child of vfork, whose parent is killed.
func (e *engine) outlived(t *thread) bool {
	if t.p == nil || t.p.threads == 1 {
		return false
	}
	for _, u := range e.threads {
		if u.p == t.p && u.pid != t.pid {
			return true
		}
	}
	return false
}

// evenOut makes the halves of memory equal that outlives the last thread of its process: it may have been killed, and others with it,
// between a store, or the kernel's, and the copy of that.
func (e *engine) evenOut(t *thread) error {
	var heir *thread
	for _, u := range e.threads {
		switch {
		case u.p != t.p:
		case u.pid == t.pid:
			return nil
		default:
			heir = u
		}
	}
	if heir == nil || t.p.mem == nil {
		return nil
	}
	return e.whileParked(func(u *thread) bool { return u.p == t.p }, func() error {
		err := e.eachRun(t.p, heir.tid, func(m shadowmem.Mapping, at shadowmem.Native, size uint64) error {
			if m.IsShared() {
				return nil // see dying
			}
			return e.evenRun(t.p, at, size)
		})
		if err != nil && !dead(heir.tid) {
			return err
		}
		return nil
	})
}

func (e *engine) evenRun(p *process, at shadowmem.Native, size uint64) error {
	a, b := make([]byte, min(size, verifyPiece)), make([]byte, min(size, verifyPiece))
	for size > 0 {
		n := min(size, verifyPiece)
		got, _ := p.mem.ReadSome(uint64(at), a[:n])
		got2, _ := p.mem.ReadSome(uint64(e.layout.Mirror(at)), b[:n])
		same := min(got, got2)
		for _, d := range shadowmem.Compare(a[:same], b[:same], at) {
			if err := p.copyToMirror(uint64(d.Start), uint64(d.End-d.Start)); err != nil {
				return err
			}
		}
		at, size = at+shadowmem.Native(n), size-n
	}
	return nil
}
