package engine

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// A shared object (a memfd, a segment, a file mapped shared) has one twin, a memfd of the engine, which every process of
// the tree that maps the object writable maps at the mirror address, at the same offset: whoever stores, stores into both.
// Shared anonymous memory needs none of this: forked children inherit it and its twin, which is the same kind of memory.

// objectKey tells objects apart: device and inode. Of a System V segment it is sysvDevice and its id.
type objectKey struct{ dev, ino uint64 }

const sysvDevice = math.MaxUint64

// object is a shared object of which some process of the tree has a twin.
type object struct {
	key    objectKey
	fd     int // of the twin
	size   int64
	copied []part // what of the twin holds a copy
	users  int    // processes
	open   bool   // a process of the tree may have a descriptor to write to it
	others bool   // that are not followed write to it, too
}

// part is a range of bytes in an object.
type part struct{ start, end int64 }

func keyOf(m shadowmem.Mapping) objectKey { return objectKey{m.Dev, m.Ino} }

// twinned says whether a mapping's mirror shows the twin of an object.
func twinned(m shadowmem.Mapping) bool { return m.Twin == shadowmem.SourceShared && m.HasFile() }

// fresh notes that an object has no contents yet: its twin need not be filled.
func (e *engine) fresh(m shadowmem.Mapping) error {
	if m.Kind != shadowmem.Shared || !m.Writable() || !m.HasFile() || e.objects[keyOf(m)] != nil {
		return nil
	}
	o, err := e.object(m)
	if err == nil {
		o.copied = []part{{0, math.MaxInt64}}
	}
	return err
}

// object is the object behind a mapping; it is made if need be.
func (e *engine) object(m shadowmem.Mapping) (*object, error) {
	if o := e.objects[keyOf(m)]; o != nil {
		return o, nil
	}
	fd, err := newMemory("kmv-twin")
	if err != nil {
		return nil, err
	}
	o := &object{key: keyOf(m), fd: fd, open: m.Dev != sysvDevice}
	if e.objects == nil {
		e.objects = map[objectKey]*object{}
	}
	e.objects[o.key] = o
	e.watchWrites()
	return o, nil
}

// reach makes the twin as long as a mapping of it.
func (o *object) reach(m shadowmem.Mapping) error {
	end := m.FileOff + int64(m.Len())
	if end <= o.size {
		return nil
	}
	if err := unix.Ftruncate(o.fd, end); err != nil {
		return err
	}
	o.size = end
	return nil
}

// missing lists the parts of [start, end) that have not been copied yet, and notes that they are.
func (o *object) missing(start, end int64) (gaps []part) {
	at := start
	for _, c := range o.copied {
		if c.end <= at || c.start >= end {
			continue
		}
		if c.start > at {
			gaps = append(gaps, part{at, c.start})
		}
		at = c.end
	}
	if at < end {
		gaps = append(gaps, part{at, end})
	}
	o.copied = joinParts(append(o.copied, gaps...))
	return gaps
}

// joinParts puts parts in order and joins those that touch.
func joinParts(parts []part) []part {
	slices.SortFunc(parts, func(a, b part) int { return int(min(max(a.start-b.start, -1), 1)) })
	var joined []part
	for _, p := range parts {
		if n := len(joined); n > 0 && joined[n-1].end >= p.start {
			joined[n-1].end = max(joined[n-1].end, p.end)
			continue
		}
		joined = append(joined, p)
	}
	return joined
}

// fill copies a range of native memory to its new mirror; of objects with a twin only what that does not have yet: others may
// be storing into the rest.
func (p *process) fill(e *engine, start, end shadowmem.Native) error {
	var err error
	p.space.Each(start, end, func(m shadowmem.Mapping) bool {
		m = m.Clip(start, end)
		if !twinned(m) {
			err = p.copyToMirror(uint64(m.Start), m.Len())
			return err == nil
		}
		if o := e.objects[keyOf(m)]; o != nil {
			for _, g := range o.missing(m.FileOff, m.FileOff+int64(m.Len())) {
				if err = p.copyPart(uint64(m.Start)+uint64(g.start-m.FileOff), uint64(g.end-g.start)); err != nil {
					return false
				}
			}
		}
		return true
	})
	return err
}

// use counts a process among an object's users.
func (p *process) use(o *object) {
	if p.objects == nil {
		p.objects = map[*object]bool{}
	}
	if !p.objects[o] {
		p.objects[o] = true
		o.users++
	}
}

// unuse takes it out, of all objects or of those that it no longer maps; an object without users has no twin any more.
func (e *engine) unuse(p *process, all bool) {
	if len(p.objects) == 0 {
		return
	}
	mapped := map[objectKey]bool{}
	if !all {
		for _, m := range p.space.All() {
			if twinned(m) {
				mapped[keyOf(m)] = true
			}
		}
	}
	for o := range p.objects {
		if mapped[o.key] {
			continue
		}
		delete(p.objects, o)
		if o.users--; o.users == 0 {
			_ = unix.Close(o.fd)
			delete(e.objects, o.key)
			e.watchWrites()
		}
	}
}

// together says whether two processes may have stores under way to the same memory.
func together(p, q *process) bool { return p == q || p != nil && q != nil && p.shares && q.shares }

// mirrorElsewhere copies what was written to shared memory when the last thread of a process ended, by the kernel or by a store
// that was cut off: the processes that share it live on.
func (e *engine) mirrorElsewhere(p *process, addr, size uint64) error {
	m, ok := p.space.Find(nativeAddr(addr))
	if size == 0 || !ok || m.Twin != shadowmem.SourceShared {
		return nil
	}
	for _, q := range e.processes {
		if q == p || !q.shares || q.mem == nil || q.exiting {
			continue
		}
		if at, ok := q.sees(m, addr); ok {
			return q.copyToMirror(at, size)
		}
	}
	return nil
}

// sees is where a process maps the byte at addr of another process's shared mapping m. Anonymous memory has no name, but
// stays where it was inherited.
func (p *process) sees(m shadowmem.Mapping, addr uint64) (at uint64, ok bool) {
	if !m.HasFile() {
		own, ok := p.space.Find(nativeAddr(addr))
		return addr, ok && own.Twin == shadowmem.SourceShared && !own.HasFile()
	}
	place := m.FileOff + int64(addr-uint64(m.Start))
	for _, own := range p.space.All() {
		if twinned(own) && keyOf(own) == keyOf(m) && own.FileOff <= place && place < own.FileOff+int64(own.Len()) {
			return uint64(own.Start) + uint64(place-own.FileOff), true
		}
	}
	return 0, false
}
