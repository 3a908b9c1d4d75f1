package engine

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// noTwin says that the kernel refused a mapping in the mirror half: memory, address space or the number of mappings
// (vm.max_map_count) ran out, of which two halves take twice as much.
type noTwin struct {
	op  shadowmem.Op
	err error
}

func (n *noTwin) Error() string { return fmt.Sprintf("mirror: %v: %v", n.op, n.err) }
func (n *noTwin) Unwrap() error { return n.err }

// short says whether err means that something ran out for the mirror, which the program then sees as its own call failing.
func short(err error) (unix.Errno, bool) {
	var n *noTwin
	var no unix.Errno
	if errors.As(err, &n) && errors.As(n.err, &no) && (no == unix.ENOMEM || no == unix.EAGAIN || no == unix.EMFILE || no == unix.ENFILE) {
		return unix.ENOMEM, true
	}
	return 0, false
}

// unmapped undoes a mapping whose mirror could not be made: nothing is at [start, end) then, in either half, as after a
// failure of the kernel's own behind the unmapping of what was there. The result is the program's errno, or err.
func (e *engine) unmapped(t *thread, start, end uint64, err error) (int64, error) {
	no, ok := short(err)
	if !ok {
		return 0, err
	}
	e.gap("mapping", start, fmt.Sprintf("%d bytes refused to the program: the mirror half got none (%v)", end-start, err))
	t.p.space.Unmap(nativeAddr(start), nativeAddr(end))
	calls := []*call{{nr: unix.SYS_MUNMAP, args: [6]uint64{start, end - start}}, {nr: unix.SYS_MUNMAP, args: [6]uint64{start + e.layout.Offset, end - start}}}
	if err := t.inject(calls...); err != nil {
		return 0, err
	}
	return fail(no), nil
}

// protectedAgain undoes an mprotect that would have made writable what cannot have a mirror; before is what was there.
func (e *engine) protectedAgain(t *thread, before []shadowmem.Mapping, err error) (int64, error) {
	no, ok := short(err)
	if !ok {
		return 0, err
	}
	e.gap("mapping", uint64(before[0].Start), fmt.Sprintf("not made writable: the mirror half got no memory (%v)", err))
	var calls []*call
	for _, m := range before {
		t.p.space.Map(m)
		calls = append(calls, &call{nr: unix.SYS_MPROTECT, args: [6]uint64{uint64(m.Start), m.Len(), uint64(hostProt(m.Prot))}})
		if m.Twin == shadowmem.SourceNone {
			calls = append(calls, &call{nr: unix.SYS_MUNMAP, args: [6]uint64{uint64(e.layout.Mirror(m.Start)), m.Len()}})
		}
	}
	if err := t.inject(calls...); err != nil {
		return 0, err
	}
	return fail(no), nil
}
