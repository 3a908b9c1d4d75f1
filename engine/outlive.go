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
		err := e.eachPiece(t.p, heir.tid, func(m shadowmem.Mapping, x piece) error {
			if m.IsShared() {
				return nil // see dying
			}
			for _, d := range x.diffs() {
				if err := t.p.copyToMirror(uint64(d.Start), uint64(d.End-d.Start)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil && !dead(heir.tid) {
			return err
		}
		return nil
	})
}
