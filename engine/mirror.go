package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"kmv/shadowmem"
)

// copyPiece is how much is copied at a time.
const copyPiece = 64 << 10

// copyToMirror makes the mirror of [addr, addr+size) equal to native, where it has one. Parts that are not mapped, or
// cannot be read, are left out: nothing can have been written there.
func (p *process) copyToMirror(addr, size uint64) error {
	if size == 0 {
		return nil
	}
	end := nativeAddr(addr + size)
	var err error
	p.space.Each(nativeAddr(addr), end, func(m shadowmem.Mapping) bool {
		if m.Copied() {
			part := m.Clip(nativeAddr(addr), end)
			err = p.copyPart(uint64(part.Start), part.Len())
		}
		return err == nil
	})
	return err
}

func (p *process) copyPart(addr, size uint64) error {
	if most := min(size, copyPiece); uint64(len(p.buf)) < most {
		p.buf = make([]byte, most)
	}
	for size > 0 {
		n := min(size, copyPiece)
		got, err := p.mem.ReadSome(addr, p.buf[:n])
		if got > 0 {
			if err := p.writeSettled(addr, p.buf[:got]); err != nil {
				return err
			}
			p.copied += uint64(got)
		}
		if err != nil { // behind the end of a file, or a bad page: nothing to copy there
			if !errors.Is(err, unix.EFAULT) && !errors.Is(err, unix.EIO) {
				return fmt.Errorf("copy to the mirror: %w", err)
			}
			got = int(min(n, (uint64(got)&^4095)+4096-addr%4096))
		}
		addr, size = addr+uint64(got), size-uint64(got)
	}
	return nil
}

// writeSettled is writeMirror, repeated while other threads change the native bytes meanwhile: a store of theirs may have
// fallen between the reading and the writing, its mirror part included (design: "atomic operations", the same protocol).
func (p *process) writeSettled(addr uint64, b []byte) error {
	for {
		if err := p.writeMirror(addr, b); err != nil || p.threads <= 1 && !p.shares {
			return err
		}
		now := make([]byte, len(b))
		if n, _ := p.mem.ReadSome(addr, now); n < len(b) || bytes.Equal(now, b) {
			return nil
		}
		copy(b, now)
	}
}

// writeMirror writes to the mirror of native address addr. Zeros are not written over zeros, so that what the program
// never touched stays untouched in the mirror too.
func (p *process) writeMirror(addr uint64, b []byte) error {
	if allZero(b) {
		old := make([]byte, len(b))
		if n, _ := p.mem.ReadSome(uint64(p.space.Layout.Mirror(nativeAddr(addr))), old); n == len(old) && allZero(old) {
			return nil
		}
	}
	return p.mem.Write(uint64(p.space.Layout.Mirror(nativeAddr(addr))), b)
}

func allZero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// lent are the descriptors that a target has for the time of its mapping calls.
type lent struct {
	space *shadowmem.Space
	lay   shadowmem.Layout
	sink  uint64
	twins map[objectKey]uint64
}

// noFile is no descriptor: mapping it fails, and the operation is replaced.
const noFile = ^uint64(0)

// lendFor lends what ops map, in its length. A twin that cannot be made is not fatal: see Space.Instead.
func (e *engine) lendFor(t *thread, ops []shadowmem.Op) (*lent, error) {
	l := &lent{space: t.p.space, lay: e.layout, sink: noFile, twins: map[objectKey]uint64{}}
	if need := shadowmem.SinkSize(ops); need > 0 {
		err := e.growSink(need)
		if err == nil {
			l.sink, err = t.lend(e.sink)
		}
		if err != nil {
			return nil, &noTwin{shadowmem.Op{Kind: shadowmem.OpMap, Source: shadowmem.SourceSink}, err, nil}
		}
	}
	for _, op := range ops {
		if op.Kind != shadowmem.OpMap && op.Kind != shadowmem.OpRemap {
			continue
		}
		m, ok := l.space.Find(e.layout.Native(op.Addr))
		if !ok || m.Twin != shadowmem.SourceShared {
			continue
		}
		t.p.shares = true
		if t.watchEnd(); !m.HasFile() {
			continue
		}
		o, err := e.object(m)
		if err == nil {
			t.p.use(o)
			err = o.reach(m)
		}
		if _, has := l.twins[keyOf(m)]; err == nil && op.Kind == shadowmem.OpMap && !has {
			l.twins[keyOf(m)], err = t.lend(o.fd)
		}
		if err != nil {
			l.twins[keyOf(m)] = noFile
			e.logf("%d: no twin for %v: %v", t.tid, m, err)
		}
	}
	return l, nil
}

// of is the descriptor that an operation maps; own is that of the program's own mapping.
func (l *lent) of(op shadowmem.Op, own uint64) uint64 {
	switch {
	case op.Kind != shadowmem.OpMap || op.Source == shadowmem.SourceFile:
		return own
	case op.Source == shadowmem.SourceSink:
		return l.sink
	case op.Source == shadowmem.SourceShared && op.Flags&unix.MAP_ANONYMOUS == 0:
		if m, ok := l.space.Find(l.lay.Native(op.Addr)); ok {
			if fd, ok := l.twins[keyOf(m)]; ok {
				return fd
			}
		}
	}
	return noFile
}

func (l *lent) giveBack(t *thread) error {
	var fds []uint64
	for _, fd := range l.twins {
		fds = append(fds, fd)
	}
	fds = append(fds, l.sink)
	return t.giveBack(slices.DeleteFunc(fds, func(fd uint64) bool { return fd == noFile })...)
}

// growSink makes the sink, which swallows the mirror writes of what is not mirrored in any process, so long.
func (e *engine) growSink(need int64) error {
	if e.sinkSize == 0 {
		fd, err := newMemory("kmv-sink")
		if err != nil {
			return err
		}
		e.sink = fd
	}
	if need <= e.sinkSize {
		return nil
	}
	if err := unix.Ftruncate(e.sink, need); err != nil {
		return err
	}
	e.sinkSize = need
	return nil
}

func (e *engine) closeSink() {
	if e.sinkSize > 0 {
		_ = unix.Close(e.sink)
	}
}
