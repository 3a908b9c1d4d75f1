package syscalls

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const atFDCWD = ^uint64(99) // AT_FDCWD

// path puts the name of a fresh file into slot 9.
func pathIn(r *rig) uint64 {
	p := r.path()
	if err := os.WriteFile(p, []byte("hello"), 0o600); err != nil {
		r.Fatal(err)
	}
	return r.put(r.buf(9), p)
}

// attributed is a file with an extended attribute, its name in slot 9, and the attribute's name in slot 8.
func attributed(r *rig) uint64 {
	at := pathIn(r)
	r.put(r.buf(8), "user.kmv")
	p := make([]byte, 256)
	if err := r.Read(at, p); err != nil {
		r.Fatal(err)
	}
	if err := unix.Setxattr(unix.ByteSliceToString(p), "user.kmv", []byte("value"), 0); err != nil {
		r.Skip(err)
	}
	return at
}

func openAttributed(r *rig) uint64 {
	p := make([]byte, 256)
	if err := r.Read(attributed(r), p); err != nil {
		r.Fatal(err)
	}
	return r.fd(unix.Open(unix.ByteSliceToString(p), unix.O_RDWR, 0))
}

// epoll watches both ends of a pipe that holds text.
func epoll(r *rig) uint64 {
	in, out := r.pipe("x")
	ep := r.fd(unix.EpollCreate1(0))
	for _, fd := range []uint64{in, out} {
		ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(fd)}
		if err := unix.EpollCtl(int(ep), unix.EPOLL_CTL_ADD, int(fd), &ev); err != nil {
			r.Fatal(err)
		}
	}
	return ep
}

// interrupt signals this thread again and again until the test ends, so that a sleeping call ends with EINTR. SIGURG is the
// Go runtime's own preemption signal: it has a handler and disturbs nothing.
func interrupt(r *rig) {
	pid, tid := os.Getpid(), unix.Gettid()
	tick, done := time.NewTicker(20*time.Millisecond), make(chan struct{})
	go func() {
		for {
			select {
			case <-tick.C:
				unix.Tgkill(pid, tid, unix.SIGURG)
			case <-done:
				return
			}
		}
	}()
	r.Cleanup(func() { tick.Stop(); close(done) })
}

var fileDrives = []drive{
	{name: "read", args: func(r *rig) args { return args{r.file("hello"), r.buf(0), 100} }},
	{name: "read at end", args: func(r *rig) args { return args{r.file(""), r.buf(0), 100} }, quiet: true},
	{name: "read of nothing yet", want: unix.EAGAIN, args: func(r *rig) args { in, _ := r.pipe(""); return args{in, r.buf(0), 100} }, quiet: true},
	{name: "read short at a hole", args: func(r *rig) args { return args{r.file("hello world"), r.edge(0, 3), 11} }},
	{name: "read from a pipe at a hole", want: unix.EFAULT, args: func(r *rig) args { in, _ := r.pipe("hello world"); return args{in, r.edge(0, 3), 11} }},
	{name: "read of a bad buffer", want: unix.EFAULT, args: func(r *rig) args { return args{r.file("hello"), bad, 5} }, quiet: true},
	{name: "read of an eventfd", args: func(r *rig) args { return args{r.fd(unix.Eventfd(7, 0)), r.buf(0), 64} }},
	{name: "pread64", args: func(r *rig) args { return args{r.file("hello"), r.buf(0), 100, 2} }},
	{name: "write", args: func(r *rig) args { return args{r.file(""), r.buf(0), 100} }, quiet: true},
	{name: "lseek", args: func(r *rig) args { return args{r.file("hello"), 2, 0} }, quiet: true},
	{name: "stat", args: func(r *rig) args { return args{pathIn(r), r.buf(0)} }},
	{name: "stat of nothing", want: unix.ENOENT, args: func(r *rig) args { return args{r.put(r.buf(1), "/nowhere"), r.buf(0)} }, quiet: true},
	{name: "stat into a hole", want: unix.EFAULT, args: func(r *rig) args { return args{pathIn(r), r.edge(0, 40)} }},
	{name: "lstat", args: func(r *rig) args { return args{pathIn(r), r.buf(0)} }},
	{name: "fstat", args: func(r *rig) args { return args{r.file("hello"), r.buf(0)} }},
	{name: "newfstatat", args: func(r *rig) args { return args{atFDCWD, pathIn(r), r.buf(0), 0} }},
	{name: "statx", args: func(r *rig) args { return args{atFDCWD, pathIn(r), 0, 0xfff, r.buf(0)} }},
	{name: "statfs", args: func(r *rig) args { return args{pathIn(r), r.buf(0)} }},
	{name: "fstatfs", args: func(r *rig) args { return args{r.file(""), r.buf(0)} }},
	{name: "ustat", args: func(r *rig) args {
		var st unix.Stat_t
		unix.Stat("/tmp", &st)
		return args{st.Dev, r.buf(0)}
	}},
	{name: "statmount", args: func(r *rig) args { return args{mountRequest(r, rootMount(r), 0x3f), r.buf(1), 4096, 0} }},
	{name: "statmount too small", want: unix.EOVERFLOW, args: func(r *rig) args { return args{mountRequest(r, rootMount(r), 0x3f), r.buf(1), 16, 0} }, quiet: true},
	{name: "listmount", args: func(r *rig) args { return args{mountRequest(r, ^uint64(0), 0), r.buf(1), 20, 0} }},
	{name: "getcwd", args: func(r *rig) args { return args{r.buf(0), 4096} }},
	{name: "getcwd too small", want: unix.ERANGE, args: func(r *rig) args { return args{r.buf(0), 1} }, quiet: true},
	{name: "readlink", args: func(r *rig) args { return args{r.put(r.buf(1), "/proc/self/exe"), r.buf(0), 100} }},
	{name: "readlink of a file", want: unix.EINVAL, args: func(r *rig) args { return args{pathIn(r), r.buf(0), 100} }, quiet: true},
	{name: "readlinkat", args: func(r *rig) args { return args{atFDCWD, r.put(r.buf(1), "/proc/self/exe"), r.buf(0), 5} }},
	{name: "getdents64", args: func(r *rig) args { return args{r.fd(unix.Open("/etc", unix.O_RDONLY, 0)), r.buf(0), 4096} }},
	{name: "getdents64 at a hole", args: func(r *rig) args { return args{r.fd(unix.Open("/etc", unix.O_RDONLY, 0)), r.edge(0, 100), 4096} }},
	{name: "getdents", args: func(r *rig) args { return args{r.fd(unix.Open("/etc", unix.O_RDONLY, 0)), r.buf(0), 4096} }},
	{name: "getxattr", args: func(r *rig) args { return args{attributed(r), r.buf(8), r.buf(0), 100} }},
	{name: "getxattr of its size", args: func(r *rig) args { return args{attributed(r), r.buf(8), r.buf(0), 0} }, quiet: true},
	{name: "getxattr too small", want: unix.ERANGE, args: func(r *rig) args { return args{attributed(r), r.buf(8), r.buf(0), 2} }, quiet: true},
	{name: "lgetxattr", args: func(r *rig) args { return args{attributed(r), r.buf(8), r.buf(0), 100} }},
	{name: "fgetxattr", args: func(r *rig) args { return args{openAttributed(r), r.buf(8), r.buf(0), 100} }},
	{name: "getxattrat", args: func(r *rig) args {
		return args{atFDCWD, attributed(r), 0, r.buf(8), r.put(r.buf(1), r.buf(0), uint32(100), uint32(0)), 16}
	}},
	{name: "listxattr", args: func(r *rig) args { return args{attributed(r), r.buf(0), 100} }},
	{name: "llistxattr", args: func(r *rig) args { return args{attributed(r), r.buf(0), 100} }},
	{name: "flistxattr", args: func(r *rig) args { return args{openAttributed(r), r.buf(0), 100} }},
	{name: "listxattrat", args: func(r *rig) args { return args{atFDCWD, attributed(r), 0, r.buf(0), 100} }},
	{name: "file_getattr", args: func(r *rig) args { return args{atFDCWD, pathIn(r), r.buf(0), 200, 0} }},
	{name: "cachestat", args: func(r *rig) args { return args{r.file("hello"), r.put(r.buf(1), uint64(0), uint64(100)), r.buf(0), 0} }},
	{name: "name_to_handle_at", args: func(r *rig) args {
		return args{atFDCWD, r.put(r.buf(9), "/tmp"), r.put(r.buf(0), uint32(128)), r.buf(1), 0}
	}},
	{name: "name_to_handle_at too small", want: unix.EOVERFLOW, args: func(r *rig) args {
		return args{atFDCWD, r.put(r.buf(9), "/tmp"), r.put(r.buf(0), uint32(0)), r.buf(1), 0}
	}},
	{name: "pipe", args: func(r *rig) args { return args{r.buf(0)} }},
	{name: "pipe2", args: func(r *rig) args { return args{r.buf(0), unix.O_CLOEXEC} }},
	{name: "poll", args: func(r *rig) args {
		in, out := r.pipe("x")
		return args{r.put(r.buf(0), int32(in), uint32(unix.POLLIN), int32(out), uint32(unix.POLLOUT)), 2, 0}
	}},
	{name: "poll interrupted", want: unix.EINTR, args: func(r *rig) args {
		in, _ := r.pipe("")
		interrupt(r)
		return args{r.put(r.buf(0), int32(in), uint16(unix.POLLIN), uint16(0xffff)), 1, 1000}
	}},
	{name: "ppoll", args: func(r *rig) args {
		in, _ := r.pipe("x")
		return args{r.put(r.buf(0), int32(in), uint32(unix.POLLIN)), 1, r.put(r.buf(1), uint64(5), uint64(9)), 0}
	}},
	{name: "ppoll interrupted", want: unix.EINTR, args: func(r *rig) args {
		interrupt(r)
		return args{0, 0, r.put(r.buf(1), uint64(5), uint64(9)), 0}
	}},
	{name: "ppoll with a mask", args: func(r *rig) args {
		return args{0, 0, r.put(r.buf(1), uint64(0), uint64(9000)), r.put(r.buf(2), uint64(0)), 8}
	}},
	{name: "select", args: func(r *rig) args { return selectArgs(r, 1000) }},
	{name: "select of many", args: func(r *rig) args { return selectArgs(r, 1030) }},
	{name: "select interrupted", want: unix.EINTR, args: func(r *rig) args {
		interrupt(r)
		return args{0, 0, 0, 0, r.put(r.buf(3), uint64(5), uint64(9))}
	}},
	{name: "pselect6", args: func(r *rig) args { return selectArgs(r, 64) }},
	{name: "pselect6 with a mask", args: func(r *rig) args {
		a := selectArgs(r, 2000)
		a[5] = r.put(r.buf(4), uint64(0), uint64(8))
		return a
	}},
	{name: "epoll_wait", args: func(r *rig) args { return args{epoll(r), r.buf(0), 10, 100} }},
	{name: "epoll_wait at a hole", args: func(r *rig) args { return args{epoll(r), r.edge(0, 14), 10, 100} }},
	{name: "epoll_wait in a hole", want: unix.EFAULT, args: func(r *rig) args { return args{epoll(r), r.edge(0, 7), 10, 100} }},
	{name: "epoll_pwait", args: func(r *rig) args { return args{epoll(r), r.buf(0), 1, 100, 0, 8} }},
	{name: "epoll_pwait2", args: func(r *rig) args { return args{epoll(r), r.buf(0), 10, r.put(r.buf(1), uint64(1), uint64(0)), 0, 8} }},
	{name: "sendfile", args: func(r *rig) args {
		_, out := r.pipe("")
		return args{out, r.file("hello"), r.put(r.buf(0), uint64(1)), 3}
	}},
	{name: "splice", args: func(r *rig) args {
		_, out := r.pipe("")
		return args{r.file("hello"), r.put(r.buf(0), uint64(1)), out, 0, 3, 0}
	}},
	{name: "tee", args: func(r *rig) args { in, _ := r.pipe("hello"); _, out := r.pipe(""); return args{in, out, 3, 0} }, quiet: true},
	{name: "copy_file_range", args: func(r *rig) args {
		return args{r.file("hello"), r.put(r.buf(0), uint64(1)), r.file(""), r.put(r.buf(1), uint64(2)), 3, 0}
	}},
	{name: "fcntl F_GETLK", args: func(r *rig) args {
		return args{r.file("hello"), unix.F_GETLK, r.put(r.buf(0), uint32(0), uint32(0), uint64(0), uint64(9), uint64(7))}
	}},
	{name: "fcntl F_OFD_GETLK", args: func(r *rig) args {
		return args{r.file("hello"), unix.F_OFD_GETLK, r.put(r.buf(0), uint32(0), uint32(0), uint64(0), uint64(9), uint64(0))}
	}},
	{name: "fcntl F_GETOWN_EX", args: func(r *rig) args { return args{r.file("hello"), unix.F_GETOWN_EX, r.buf(0)} }},
	{name: "fcntl F_GETOWNER_UIDS", args: func(r *rig) args { return args{r.file("hello"), 17, r.buf(0)} }},
	{name: "fcntl F_GET_RW_HINT", args: func(r *rig) args { return args{r.file("hello"), unix.F_GET_RW_HINT, r.buf(0)} }},
	{name: "fcntl F_GETFL", args: func(r *rig) args { return args{r.file("hello"), unix.F_GETFL, r.buf(0)} }, quiet: true},
	{name: "getrandom", args: func(r *rig) args { return args{r.buf(0), 100, 0} }},
	{name: "quotactl of no disk", want: unix.ENOTBLK, args: func(r *rig) args { return args{0x800007 << 8, r.put(r.buf(1), "/dev/null"), 0, r.buf(0)} }, quiet: true},
}

// selectArgs selects over all three sets with all bits set up to the ends of a pipe.
func selectArgs(r *rig, nfds uint64) args {
	in, out := r.pipe("x")
	set := func(slot int, fd uint64) uint64 {
		bits := make([]byte, nfds/8+9)
		bits[fd/8] |= 1 << (fd % 8)
		return r.put(r.buf(slot), bits)
	}
	return args{nfds, set(0, in), set(1, out), set(2, in), r.put(r.buf(3), uint64(5), uint64(9))}
}

// mountRequest is a struct mnt_id_req.
func mountRequest(r *rig, id, param uint64) uint64 {
	return r.put(r.buf(0), uint32(24), uint32(0), id, param)
}

// rootMount is the unique id of the root mount.
func rootMount(r *rig) uint64 {
	var st unix.Statx_t
	const mntIDUnique = 0x4000
	if err := unix.Statx(unix.AT_FDCWD, "/", 0, mntIDUnique, &st); err != nil || st.Mask&mntIDUnique == 0 {
		r.Skip("no unique mount ids")
	}
	return st.Mnt_id
}
