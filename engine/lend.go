package engine

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// Memory that kmv adds to a target beside the code cache stands in files of the engine: the sink, and the twins of shared
// objects. A target gets a descriptor for the moment in which it maps one, through a socket pair that exists as long: that
// needs no /proc in the target, no common user, and leaves nothing in its descriptor table.

// lendOffset is where in a thread block the messages for that lie.
const lendOffset = 0x3800

// lend gives the target a descriptor of an engine's file. It must be taken back with giveBack. A target that has as many as it may
// have gets a few more for the moment.
func (t *thread) lend(fd int) (uint64, error) {
	lent, err := t.pass(fd)
	var was unix.Rlimit
	if err != unix.EMFILE || unix.Prlimit(t.pid, unix.RLIMIT_NOFILE, nil, &was) != nil {
		return lent, err
	}
	more := unix.Rlimit{Cur: was.Cur + lendMost, Max: max(was.Max, was.Cur+lendMost)}
	if unix.Prlimit(t.pid, unix.RLIMIT_NOFILE, &more, nil) != nil {
		return 0, err
	}
	lent, err = t.pass(fd)
	if err2 := unix.Prlimit(t.pid, unix.RLIMIT_NOFILE, &was, nil); err == nil {
		err = err2
	}
	return lent, err
}

// lendMost is more descriptors than are lent at once, with those that it takes.
const lendMost = 64

// pass does it within the target's limit.
func (t *thread) pass(fd int) (uint64, error) {
	mem, at := t.p.code.thread(t.slot)[lendOffset:], t.p.code.threadAddress(t.slot)+lendOffset
	const pairAt, headAt, iovAt, dataAt, controlAt, controlSize = 0, 16, 80, 96, 104, 24 // of a cmsghdr and an int (cmsg(3))
	clear(mem[:controlAt+controlSize])
	pair := &call{nr: unix.SYS_SOCKETPAIR, args: [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC, 0, at + pairAt}}
	if err := t.inject(pair); err != nil {
		return 0, err
	}
	if err := pair.err(); err != nil {
		return 0, err
	}
	near, far := binary.LittleEndian.Uint32(mem[pairAt:]), binary.LittleEndian.Uint32(mem[pairAt+4:])
	sent := send(t.pid, int(near), fd)
	for i, v := range [...]uint64{0, 0, at + iovAt, 1, at + controlAt, controlSize, 0} { // struct msghdr (recvmsg(2))
		binary.LittleEndian.PutUint64(mem[headAt+8*i:], v)
	}
	binary.LittleEndian.PutUint64(mem[iovAt:], at+dataAt)
	binary.LittleEndian.PutUint64(mem[iovAt+8:], 1)
	receive := &call{nr: unix.SYS_RECVMSG, args: [6]uint64{uint64(far), at + headAt, unix.MSG_CMSG_CLOEXEC | unix.MSG_DONTWAIT}}
	calls := []*call{receive, {nr: unix.SYS_CLOSE, args: [6]uint64{uint64(near)}}, {nr: unix.SYS_CLOSE, args: [6]uint64{uint64(far)}}}
	if err := t.inject(calls...); err != nil {
		return 0, err
	}
	if sent != nil {
		return 0, sent
	}
	if err := receive.err(); err != nil {
		return 0, err
	}
	if n := binary.LittleEndian.Uint64(mem[controlAt:]); n < 20 { // no room in the descriptor table
		return 0, unix.EMFILE
	}
	return uint64(binary.LittleEndian.Uint32(mem[controlAt+16:])), nil
}

// send passes fd through a socket of the target.
func send(pid, socket, fd int) error {
	mine, err := ptrace.TakeFD(pid, socket)
	if err != nil {
		return err
	}
	defer unix.Close(mine)
	return unix.Sendmsg(mine, []byte{0}, unix.UnixRights(fd), nil, unix.MSG_DONTWAIT)
}

// giveBack closes what was lent.
func (t *thread) giveBack(fds ...uint64) error {
	var calls []*call
	for _, fd := range fds {
		calls = append(calls, &call{nr: unix.SYS_CLOSE, args: [6]uint64{fd}})
	}
	return t.inject(calls...)
}

// newMemory makes a file of the engine's own.
func newMemory(name string) (int, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("memfd_create: %w", err)
	}
	return fd, nil
}
