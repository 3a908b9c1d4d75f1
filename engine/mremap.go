package engine

import (
	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// mremap resizes or moves a mapping (mremap(2)). Where it must move and the program does not say where to, the engine
// says it, as for mmap.
func (e *engine) mremap(t *thread, old, oldLen, newLen uint64, flags int, to uint64) (int64, error) {
	oldSize, newSize := pageUp(oldLen), pageUp(newLen)
	const known = unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED | unix.MREMAP_DONTUNMAP
	if flags&^known != 0 || old%4096 != 0 || newSize == 0 ||
		flags&^unix.MREMAP_MAYMOVE != 0 && (flags&unix.MREMAP_MAYMOVE == 0 || to%4096 != 0) {
		return fail(unix.EINVAL), nil
	}
	m, ok := t.p.space.Find(nativeAddr(old))
	if !ok || !e.owns(old, old+max(oldSize, 4096)) {
		return fail(unix.EFAULT), nil
	}
	at := old
	use := flags
	switch {
	case flags&unix.MREMAP_FIXED != 0:
		if at = to; beyond(at, newSize) {
			return fail(unix.EINVAL), nil
		}
		if !e.owns(at, at+newSize) {
			e.gap("mapping", at, "mremap to where nothing can be mirrored")
			return fail(unix.ENOMEM), nil
		}
	case newSize <= oldSize && oldSize != 0 && flags&unix.MREMAP_DONTUNMAP == 0:
	case oldSize != 0 && flags&unix.MREMAP_DONTUNMAP == 0 && e.freeBehind(t, old+oldSize, old+newSize):
		use &^= unix.MREMAP_MAYMOVE
	case flags&unix.MREMAP_MAYMOVE == 0:
		return fail(unix.ENOMEM), nil
	default:
		place, err := e.choose(t, 0, newSize, m.Prot, m.Flags&unix.MAP_HUGETLB, m.Kind == shadowmem.Text || m.Kind == shadowmem.Data)
		if err != nil {
			return fail(unix.ENOMEM), nil
		}
		at, use = place, use|unix.MREMAP_FIXED
	}
	if err := e.settleLost(t, old, old+max(oldSize, newSize)); err != nil {
		return 0, err
	}
	c := &call{nr: unix.SYS_MREMAP, args: [6]uint64{old, oldLen, newLen, uint64(use), at}}
	if err := t.inject(c); err != nil || c.err() != nil {
		return c.ret, err
	}
	if err := e.codeChanged(t, old, old+max(oldSize, 4096)); err != nil {
		return 0, err
	}
	if err := e.codeChanged(t, at, at+newSize); err != nil {
		return 0, err
	}
	was := t.p.space.Clone()
	ops, err := t.p.space.MremapOps(nativeAddr(old), nativeAddr(old+oldSize), nativeAddr(at), nativeAddr(at+newSize), use)
	if err != nil {
		return 0, err
	}
	if err := e.apply(t, ops, 0); err != nil {
		return e.movedBack(t, was, old, oldSize, at, newSize, err)
	}
	if at != old {
		e.moveLost(t.p, old, oldSize, at)
	}
	return c.ret, e.forgetLost(t, at, at+max(oldSize, newSize))
}

// freeBehind says whether nothing is mapped in [start, end) and it may be.
func (e *engine) freeBehind(t *thread, start, end uint64) bool {
	free := e.owns(start, end)
	t.p.space.Each(nativeAddr(start), nativeAddr(end), func(shadowmem.Mapping) bool {
		free = false
		return false
	})
	return free
}
