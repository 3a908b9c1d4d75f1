package engine

import "golang.org/x/sys/unix"

// mlockall locks the program's own mappings, one by one: the kernel would lock all that there is, and so fill the jump maps and
// the code cache, which are terabytes of addresses, with pages. What is mapped later is locked by mmap and brk (see lockNew).
func (e *engine) mlockall(t *thread, a [6]uint64) (int64, error) {
	flags := a[0]
	if flags == 0 || flags == unix.MCL_ONFAULT || flags&^(unix.MCL_CURRENT|unix.MCL_FUTURE|unix.MCL_ONFAULT) != 0 {
		return fail(unix.EINVAL), nil
	}
	future := lockNone
	if flags&unix.MCL_FUTURE != 0 {
		future = lockFilled
		if flags&unix.MCL_ONFAULT != 0 {
			future = lockTouched
		}
	}
	if flags&unix.MCL_CURRENT != 0 {
		if no, err := e.lockAll(t, flags&unix.MCL_ONFAULT == 0); no != 0 || err != nil {
			return no, err
		}
	}
	t.p.lockNew = future
	return 0, nil
}

// lockAll locks what there is, then fills it: what cannot be filled, such as PROT_NONE, is locked all the same.
func (e *engine) lockAll(t *thread, fill bool) (int64, error) {
	var locks, fills []*call
	for _, m := range t.p.space.All() {
		locks = append(locks, lockRange(uint64(m.Start), m.Len(), unix.MLOCK_ONFAULT))
		fills = append(fills, lockRange(uint64(m.Start), m.Len(), 0))
	}
	if err := t.inject(locks...); err != nil {
		return 0, err
	}
	for _, c := range locks {
		if c.err() != nil { // RLIMIT_MEMLOCK
			return c.ret, nil
		}
	}
	if !fill {
		return 0, nil
	}
	return 0, t.inject(fills...)
}

func (e *engine) munlockall(t *thread, _ [6]uint64) (int64, error) {
	t.p.lockNew = lockNone
	c := &call{nr: unix.SYS_MUNLOCKALL}
	err := t.inject(c)
	return c.ret, err
}

// lockNew is what MCL_FUTURE has asked for.
type lockNew uint8

const (
	lockNone    lockNew = iota
	lockFilled          // new memory is locked, and in memory at once
	lockTouched         // it is locked as far as it is touched: MCL_ONFAULT
)

// lockFlag is for the mmap that makes memory of the program.
func (p *process) lockFlag() int {
	if p.lockNew == lockFilled {
		return unix.MAP_LOCKED
	}
	return 0
}

// lockMade comes behind such an mmap, where there is no flag for it.
func (t *thread) lockMade(at, size uint64) error {
	if t.p.lockNew != lockTouched {
		return nil
	}
	return t.inject(lockRange(at, size, unix.MLOCK_ONFAULT))
}

func lockRange(at, size, how uint64) *call {
	return &call{nr: unix.SYS_MLOCK2, args: [6]uint64{at, size, how}}
}
