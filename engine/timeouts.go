package engine

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// wait is a system call with a timeout that an interruption of kmv's own has ended with EINTR. It is made again with the
// whole timeout, so that its registers stay; when the time is over, the next interruption ends it as the timeout would.
type wait struct {
	nr    uint64
	calls uint64 // made by the thread before it, to know it again
	end   time.Time
}

// timeouts are the calls that the kernel never restarts after a stop (signal(7)): which argument is the timeout, in
// milliseconds or a timespec, and what they return when it is over.
var timeouts = map[uint64]struct {
	arg    int
	millis bool
	ret    int64
}{
	unix.SYS_EPOLL_WAIT:      {arg: 3, millis: true},
	unix.SYS_EPOLL_PWAIT:     {arg: 3, millis: true},
	unix.SYS_EPOLL_PWAIT2:    {arg: 3},
	unix.SYS_SEMTIMEDOP:      {arg: 3, ret: fail(unix.EAGAIN)},
	unix.SYS_RT_SIGTIMEDWAIT: {arg: 2, ret: fail(unix.EAGAIN)},
	unix.SYS_IO_GETEVENTS:    {arg: 4},
}

// timedOut says whether the interrupted call nr has had its time, and what it returns then.
func (t *thread) timedOut(nr uint64, args [6]uint64) (int64, bool) {
	row, ok := timeouts[nr]
	if !ok {
		return 0, false
	}
	calls := t.slotAt(slotCalls)
	if w := t.wait; w.nr == nr && w.calls == calls {
		return row.ret, !w.end.IsZero() && !time.Now().Before(w.end)
	}
	t.wait = wait{nr: nr, calls: calls}
	if d, finite := t.timeout(args[row.arg], row.millis); finite {
		t.wait.end = time.Now().Add(d)
	}
	return 0, false
}

// timeout reads a timeout argument; false where it is for ever.
func (t *thread) timeout(arg uint64, millis bool) (time.Duration, bool) {
	if millis {
		return time.Duration(int32(arg)) * time.Millisecond, int32(arg) >= 0
	}
	var b [16]byte
	if arg == 0 || t.p.mem.Read(arg, b[:]) != nil {
		return 0, false
	}
	return time.Duration(binary.LittleEndian.Uint64(b[:]))*time.Second + time.Duration(binary.LittleEndian.Uint64(b[8:])), true
}
