package engine

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
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
		if m.Twin == shadowmem.SourceAnon || m.Twin == shadowmem.SourceFile {
			part := m.Clip(nativeAddr(addr), end)
			err = p.copyPart(uint64(part.Start), part.Len())
		}
		return err == nil
	})
	return err
}

func (p *process) copyPart(addr, size uint64) error {
	if p.buf == nil {
		p.buf = make([]byte, copyPiece)
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
		if err := p.writeMirror(addr, b); err != nil || p.threads <= 1 {
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

// sink is the memfd, in the target, that swallows the mirror writes of what is not mirrored. Forked children share it.
type sink struct {
	fd    uint64
	mine  int // the same file here
	size  int64
	users int
}

func (s *sink) release() {
	if s.users--; s.users == 0 && s.size > 0 {
		_ = unix.Close(s.mine)
	}
}

// growSink makes the sink large enough for ops. Its descriptor stays in the target: later mappings need it.
func (e *engine) growSink(t *thread, ops []shadowmem.Op) error {
	need := shadowmem.SinkSize(ops)
	s := t.p.sink
	if need <= s.size {
		return nil
	}
	if s.size == 0 {
		fd, err := t.makeMemfd()
		if err != nil {
			return err
		}
		if s.mine, err = ptrace.TakeFD(t.pid, int(fd)); err != nil {
			return err
		}
		s.fd = fd
	}
	if err := unix.Ftruncate(s.mine, need); err != nil {
		return fmt.Errorf("size the sink: %w", err)
	}
	s.size = need
	return nil
}

// highFD is where kmv keeps the one descriptor that it needs in the target, out of the program's way.
const highFD = 1<<20 - 1

// makeMemfd makes a memfd in the target and moves it to a high descriptor.
func (t *thread) makeMemfd() (uint64, error) {
	name := t.p.code.threadAddress(t.slot) + batchOffset - 16
	copy(t.p.code.thread(t.slot)[batchOffset-16:], "kmv-sink\x00")
	c := &call{nr: unix.SYS_MEMFD_CREATE, args: [6]uint64{name, unix.MFD_CLOEXEC}}
	if err := t.inject(c); err != nil {
		return 0, err
	}
	if err := c.err(); err != nil {
		return 0, fmt.Errorf("memfd_create: %w", err)
	}
	low := uint64(c.ret)
	for fd := uint64(highFD); fd > low; fd = (fd+1)/2 - 1 { // below RLIMIT_NOFILE, whatever it is
		dup := &call{nr: unix.SYS_DUP3, args: [6]uint64{low, fd, unix.O_CLOEXEC}}
		if err := t.inject(dup); err != nil {
			return 0, err
		}
		if dup.err() == nil {
			return fd, t.inject(&call{nr: unix.SYS_CLOSE, args: [6]uint64{low}})
		}
	}
	return low, nil
}
