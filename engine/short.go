package engine

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// noTwin says that the kernel refused a mapping in the mirror half: memory, address space or the number of mappings
// (vm.max_map_count) ran out, of which two halves take twice as much.
type noTwin struct {
	op   shadowmem.Op
	err  error
	done []shadowmem.Op // of those that it was one of
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

// overLeft repeats a call that failed because parts of the mirror could not be unmapped before: that would have divided a mapping,
// and there may be no more of them. Such a rest without native memory is nobody's; it is emptied, and what comes there next is
// mapped over it.
func (e *engine) overLeft(t *thread, op shadowmem.Op, c *call) error {
	switch {
	case op.Kind == shadowmem.OpUnmap && c.err() == unix.ENOMEM:
		t.p.leftOver = true
		*c = call{nr: unix.SYS_MADVISE, args: [6]uint64{uint64(op.Addr), op.Len, unix.MADV_DONTNEED}}
		err := t.inject(c)
		c.ret = 0
		return err
	case op.Kind == shadowmem.OpMap && c.err() == unix.EEXIST && t.p.leftOver:
		c.args[3] = c.args[3]&^unix.MAP_FIXED_NOREPLACE | unix.MAP_FIXED
		return t.inject(c)
	}
	return nil
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
	calls := []*call{unmapCall(start, end-start), unmapCall(start+e.layout.Offset, end-start)}
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
			calls = append(calls, unmapCall(uint64(e.layout.Mirror(m.Start)), m.Len()))
		}
	}
	if err := t.inject(calls...); err != nil {
		return 0, err
	}
	return fail(no), nil
}

// movedBack undoes an mremap whose twin could not follow; was is the model of before.
func (e *engine) movedBack(t *thread, was *shadowmem.Space, old, oldSize, at, newSize uint64, err error) (int64, error) {
	no, ok := short(err)
	if !ok {
		return 0, err
	}
	e.gap("mapping", old, fmt.Sprintf("not resized or moved: the mirror half got no memory (%v)", err))
	var calls []*call
	switch {
	case oldSize == 0:
		calls = append(calls, unmapCall(at, newSize))
	case at == old:
		calls = append(calls, unmapCall(old+oldSize, newSize-oldSize))
	default:
		calls = append(calls, moveCall(at, newSize, old, min(oldSize, newSize)))
	}
	var failed *noTwin
	errors.As(err, &failed)
	for _, op := range slices.Backward(failed.done) {
		switch from, to := uint64(op.From), uint64(op.Addr); {
		case op.Kind == shadowmem.OpMap, op.Kind == shadowmem.OpRemap && op.FromLen == 0:
			calls = append(calls, unmapCall(to, op.Len))
		case op.Kind == shadowmem.OpRemap && from == to:
			calls = append(calls, unmapCall(to+op.FromLen, op.Len-op.FromLen))
		case op.Kind == shadowmem.OpRemap:
			calls = append(calls, moveCall(to, op.Len, from, op.FromLen))
		}
	}
	if at != old { // what was there is gone
		was.Unmap(nativeAddr(at), nativeAddr(at+newSize))
	}
	if oldSize > newSize {
		was.Unmap(nativeAddr(old+newSize), nativeAddr(old+oldSize))
	}
	t.p.space = was
	if err := t.inject(calls...); err != nil {
		return 0, err
	}
	return fail(no), nil
}

func unmapCall(at, size uint64) *call {
	return &call{nr: unix.SYS_MUNMAP, args: [6]uint64{at, size}}
}

func moveCall(from, size, to, newSize uint64) *call {
	return &call{nr: unix.SYS_MREMAP, args: [6]uint64{from, size, newSize, unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED, to}}
}

// advisedBack undoes an advice that the mirror could not be given, on those for which it was new.
func (e *engine) advisedBack(t *thread, changed []shadowmem.Mapping, opposite int, err error) (int64, error) {
	if _, ok := short(err); !ok || opposite == 0 {
		return 0, err
	}
	var calls []*call
	for _, m := range changed {
		for _, at := range [...]uint64{uint64(m.Start), uint64(e.layout.Mirror(m.Start))} {
			calls = append(calls, &call{nr: unix.SYS_MADVISE, args: [6]uint64{at, m.Len(), uint64(opposite)}})
		}
		t.p.space.MadviseOps(m.Start, m.End, opposite)
	}
	return fail(unix.EAGAIN), t.inject(calls...)
}
