package engine

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/syscalls"
)

// wait is a system call with a timeout that an interruption of kmv's own has ended with EINTR. It is made again with what is left
// of the time; when nothing is, it ends as the timeout would have ended it. A socket's timeout cannot be shortened: there only
// the end is kept.
type wait struct {
	nr    uint64
	calls uint64 // made by the thread before it, to know it again
	end   time.Time
}

// timeout says how a call that the kernel never restarts after a stop (signal(7)) gets its timeout, and what it returns then.
type timeout struct {
	arg    int  // an argument: a timespec's address, or
	millis bool // milliseconds; or else
	socket int  // an option of the socket that argument 0 is
	ret    int64
}

var timeouts = map[uint64]timeout{
	unix.SYS_EPOLL_WAIT:      {arg: 3, millis: true},
	unix.SYS_EPOLL_PWAIT:     {arg: 3, millis: true},
	unix.SYS_EPOLL_PWAIT2:    {arg: 3},
	unix.SYS_SEMTIMEDOP:      {arg: 3, ret: fail(unix.EAGAIN)},
	unix.SYS_RT_SIGTIMEDWAIT: {arg: 2, ret: fail(unix.EAGAIN)},
	unix.SYS_IO_GETEVENTS:    {arg: 4},
	unix.SYS_READ:            {socket: unix.SO_RCVTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_READV:           {socket: unix.SO_RCVTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_RECVFROM:        {socket: unix.SO_RCVTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_RECVMSG:         {socket: unix.SO_RCVTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_RECVMMSG:        {socket: unix.SO_RCVTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_ACCEPT:          {socket: unix.SO_RCVTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_ACCEPT4:         {socket: unix.SO_RCVTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_WRITE:           {socket: unix.SO_SNDTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_WRITEV:          {socket: unix.SO_SNDTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_SENDTO:          {socket: unix.SO_SNDTIMEO, ret: fail(unix.EAGAIN)},
	unix.SYS_SENDMSG:         {socket: unix.SO_SNDTIMEO, ret: fail(unix.EAGAIN)},
}

// timeLeft is what is left of the interrupted call nr's time, which has just been counted from where it is first met; false if it
// may wait for ever.
func (t *thread) timeLeft(nr uint64, args [6]uint64) (time.Duration, bool) {
	row, ok := timeouts[nr]
	if !ok {
		return 0, false
	}
	if calls := t.slotAt(slotCalls); t.wait.nr != nr || t.wait.calls != calls {
		t.wait = wait{nr: nr, calls: calls}
		if d, finite := t.timeout(row, args); finite {
			t.wait.end = time.Now().Add(d)
		}
	}
	return time.Until(t.wait.end), !t.wait.end.IsZero()
}

// timeout reads a timeout; false where it is for ever.
func (t *thread) timeout(row timeout, args [6]uint64) (time.Duration, bool) {
	switch {
	case row.socket != 0:
		return t.socketTimeout(int(int32(args[0])), row.socket)
	case row.millis:
		return time.Duration(int32(args[row.arg])) * time.Millisecond, int32(args[row.arg]) >= 0
	}
	var b [16]byte
	if args[row.arg] == 0 || t.p.mem.Read(args[row.arg], b[:]) != nil {
		return 0, false
	}
	return time.Duration(binary.LittleEndian.Uint64(b[:]))*time.Second + time.Duration(binary.LittleEndian.Uint64(b[8:])), true
}

func (t *thread) socketTimeout(fd, option int) (time.Duration, bool) {
	mine, err := ptrace.TakeFD(t.pid, fd)
	if err != nil {
		return 0, false
	}
	defer unix.Close(mine)
	tv, err := unix.GetsockoptTimeval(mine, unix.SOL_SOCKET, option)
	if err != nil || *tv == (unix.Timeval{}) {
		return 0, false
	}
	return time.Duration(tv.Nano()), true
}

// intoGadget takes a call that the routine has made and that is to be made again to the gadget, which gives the program back the
// registers that it had.
func (e *engine) intoGadget(t *thread) error {
	p, _ := e.placeOf(t, t.stopped)
	nr := t.slotAt(slotNumber)
	if err := e.mirrorResult(t, p); err != nil {
		return err
	}
	t.completeCall(p)
	args := arguments(&t.regs)
	t.call = &pending{nr: nr, args: args, next: t.regs.Rcx, plan: syscalls.Plan(nr, args, nativeMemory{t.p})}
	return nil
}

// shorten makes the timeout of the call that t is to make what is left of it.
func (t *thread) shorten(row timeout, left time.Duration) {
	r := &t.regs
	arg := [6]*uint64{&r.Rdi, &r.Rsi, &r.Rdx, &r.R10, &r.R8, &r.R9}[row.arg]
	if row.millis {
		*arg = uint64((left + time.Millisecond - 1) / time.Millisecond)
		return
	}
	const at = maskOffset + 64
	put := t.p.code.thread(t.slot)[at:]
	binary.LittleEndian.PutUint64(put, uint64(left/time.Second))
	binary.LittleEndian.PutUint64(put[8:], uint64(left%time.Second))
	*arg = t.p.code.threadAddress(t.slot) + at
}
