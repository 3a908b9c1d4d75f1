package syscalls

import "golang.org/x/sys/unix"

func timerfd(r *rig) uint64 {
	fd := r.fd(unix.TimerfdCreate(unix.CLOCK_MONOTONIC, 0))
	unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.Timespec{Sec: 99}, Interval: unix.Timespec{Sec: 7}}, nil)
	return fd
}

// timer is a POSIX timer that sends nothing, armed for far away.
func timer(r *rig) uint64 {
	event := r.put(r.buf(8), uint64(0), uint32(0), uint32(1), make([]byte, 48)) // SIGEV_NONE
	id := r.buf(7)
	r.fixture(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(event), uintptr(id), func(uintptr) {})
	n := make(record, 4)
	r.Read(id, n)
	r.Cleanup(func() { unix.Syscall(unix.SYS_TIMER_DELETE, uintptr(n.u32(0)), 0, 0) })
	r.fixture(unix.SYS_TIMER_SETTIME, uintptr(n.u32(0)), 0, uintptr(interval(r)), func(uintptr) {})
	return uint64(n.u32(0))
}

// interval is a struct itimerspec or itimerval in slot 9.
func interval(r *rig) uint64 { return r.put(r.buf(9), uint64(7), uint64(0), uint64(99), uint64(0)) }

var timeDrives = []drive{
	{name: "clock_gettime", args: func(r *rig) args { return args{unix.CLOCK_MONOTONIC_RAW, r.buf(0)} }},
	{name: "clock_gettime of no clock", want: unix.EINVAL, args: func(r *rig) args { return args{99, r.buf(0)} }, quiet: true},
	{name: "clock_getres", args: func(r *rig) args { return args{unix.CLOCK_MONOTONIC, r.buf(0)} }},
	{name: "gettimeofday", args: func(r *rig) args { return args{r.buf(0), r.buf(1)} }},
	{name: "time", args: func(r *rig) args { return args{r.buf(0)} }},
	{name: "times", args: func(r *rig) args { return args{r.buf(0)} }},
	{name: "nanosleep", args: func(r *rig) args { return args{r.put(r.buf(1), uint64(0), uint64(9)), r.buf(0)} }, quiet: true},
	{name: "nanosleep interrupted", want: unix.EINTR, args: func(r *rig) args { interrupt(r); return args{r.put(r.buf(1), uint64(60), uint64(9)), r.buf(0)} }},
	{name: "nanosleep over its own time", want: unix.EINTR, args: func(r *rig) args { interrupt(r); return args{r.put(r.buf(1), uint64(60), uint64(9)), r.buf(1)} }},
	{name: "clock_nanosleep interrupted", want: unix.EINTR, args: func(r *rig) args {
		interrupt(r)
		return args{unix.CLOCK_MONOTONIC, 0, r.put(r.buf(1), uint64(60), uint64(9)), r.buf(0)}
	}},
	{name: "getitimer", args: func(r *rig) args { return args{unix.ITIMER_VIRTUAL, r.buf(0)} }},
	{name: "setitimer", args: func(r *rig) args { return args{unix.ITIMER_VIRTUAL, r.put(r.buf(1), make([]byte, 32)), r.buf(0)} }},
	{name: "timer_create", args: func(r *rig) args {
		return args{unix.CLOCK_MONOTONIC, r.put(r.buf(1), uint64(0), uint32(0), uint32(1), make([]byte, 48)), r.buf(0)}
	}},
	{name: "timer_create of no clock", want: unix.EINVAL, args: func(r *rig) args { return args{99, 0, r.buf(0)} }, quiet: true},
	{name: "timer_gettime", args: func(r *rig) args { return args{timer(r), r.buf(0)} }},
	{name: "timer_settime", args: func(r *rig) args { return args{timer(r), 0, interval(r), r.buf(0)} }},
	{name: "timerfd_gettime", args: func(r *rig) args { return args{timerfd(r), r.buf(0)} }},
	{name: "timerfd_settime", args: func(r *rig) args { return args{timerfd(r), 0, interval(r), r.buf(0)} }},
	{name: "adjtimex", args: func(r *rig) args { return args{r.put(r.buf(0), uint32(0))} }},
	{name: "clock_adjtime", args: func(r *rig) args { return args{0, r.put(r.buf(0), uint32(0))} }},
	{name: "adjtimex of nonsense", want: unix.EINVAL, args: func(r *rig) args {
		return args{r.put(r.buf(0), uint32(0x4000), uint32(0), uint64(0), make([]byte, 56), uint64(1))}
	}, quiet: true},
}
