package engine

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// RLIMIT_AS counts both halves and kmv's own mappings, so the kernel is not told: the engine keeps the program's limit and
// applies it to the native half alone. Forked children and executed programs inherit it (getrlimit(2)).

// liftLimit lifts kmv's own limit, which the target inherits, as far as kmv may: what it was is the program's. Nil is no limit.
func liftLimit() *unix.Rlimit {
	var was unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &was) != nil || was.Cur == unix.RLIM_INFINITY {
		return nil
	}
	for _, most := range []uint64{unix.RLIM_INFINITY, was.Max} {
		if unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: max(most, was.Max)}) == nil {
			break
		}
	}
	return &was
}

// addressLimit is the limit in force.
func (p *process) addressLimit() unix.Rlimit {
	if p.limit != nil {
		return *p.limit
	}
	lim := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	_ = unix.Prlimit(p.pid, unix.RLIMIT_AS, nil, &lim)
	return lim
}

// tooMuch says whether a mapping of size bytes more would exceed the limit.
func (p *process) tooMuch(size uint64) bool {
	if p.limit == nil {
		return false
	}
	for _, n := range p.space.Bytes() {
		size += n
	}
	return size > p.limit.Cur
}

// limitCall is getrlimit, setrlimit and prlimit: what concerns the caller's own address space is answered here.
func limitCall(e *engine, t *thread, a [6]uint64) error {
	resource, set, get, self := a[0], uint64(0), uint64(0), true
	switch t.regs.Rax {
	case unix.SYS_GETRLIMIT:
		get = a[1]
	case unix.SYS_SETRLIMIT:
		set = a[1]
	default:
		resource, set, get, self = a[1], a[2], a[3], a[0] == 0 || int(int32(a[0])) == t.pid
	}
	if uint32(resource) != unix.RLIMIT_AS || !self {
		return e.pass(t, nil)
	}
	old := t.p.addressLimit()
	if set != 0 {
		var b [16]byte
		if t.p.mem.Read(set, b[:]) != nil {
			return e.answer(t, fail(unix.EFAULT))
		}
		lim := unix.Rlimit{Cur: binary.LittleEndian.Uint64(b[:]), Max: binary.LittleEndian.Uint64(b[8:])}
		switch {
		case lim.Cur > lim.Max:
			return e.answer(t, fail(unix.EINVAL))
		case lim.Max > old.Max && os.Geteuid() != 0:
			return e.answer(t, fail(unix.EPERM))
		}
		t.p.limit = &lim
	}
	if get != 0 && !t.p.write(get, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, old.Cur), old.Max)) {
		return e.answer(t, fail(unix.EFAULT))
	}
	return e.answer(t, 0)
}

func init() {
	for _, nr := range []uint64{unix.SYS_GETRLIMIT, unix.SYS_SETRLIMIT, unix.SYS_PRLIMIT64} {
		handlers[nr] = limitCall
	}
}
