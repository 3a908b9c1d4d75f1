package syscalls

import "golang.org/x/sys/unix"

// listener is a listening socket, with a connection waiting, on loopback.
func listener(r *rig) (server, client uint64) {
	server = r.fd(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	if err := unix.Bind(int(server), &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		r.Skip(err)
	}
	unix.Listen(int(server), 1)
	name, _ := unix.Getsockname(int(server))
	client = r.fd(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	if err := unix.Connect(int(client), name); err != nil {
		r.Skip(err)
	}
	return server, client
}

// datagrams is a UDP socket on loopback that has received these.
func datagrams(r *rig, texts ...string) uint64 {
	to := r.fd(unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0))
	if err := unix.Bind(int(to), &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		r.Skip(err)
	}
	name, _ := unix.Getsockname(int(to))
	for _, s := range texts {
		if err := unix.Sendto(int(to), []byte(s), 0, name); err != nil {
			r.Fatal(err)
		}
	}
	return to
}

// messageAt makes a struct msghdr with a name buffer in slot 5, vectors of these lengths, and 200 bytes of control in slot 6.
func messageAt(r *rig, addr uint64, lens ...uint64) uint64 {
	v, n := vectors(r, lens...)
	return r.put(addr, r.buf(5), uint64(100), v, n, r.buf(6), uint64(200), uint64(0))
}

// passing is a socket that has received a text with two descriptors.
func passing(r *rig) uint64 {
	a, b := r.pair(unix.SOCK_STREAM)
	if err := unix.SetsockoptInt(int(b), unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		r.Fatal(err)
	}
	if err := unix.Sendmsg(int(a), []byte("hello world"), unix.UnixRights(int(a), int(b)), nil, 0); err != nil {
		r.Fatal(err)
	}
	return b
}

// mmsghdrs makes n struct mmsghdr in slot 7, each with a buffer in slot i and none else.
func mmsghdrs(r *rig, n int, size uint64) uint64 {
	for i := range n {
		v := r.put(r.buf(9)+uint64(i)*16, r.buf(i), size)
		r.put(r.buf(7)+uint64(i)*sizeMmsghdr, uint64(0), uint64(0), v, uint64(1), uint64(0), uint64(0), uint64(0))
	}
	return r.buf(7)
}

func sizeAt(r *rig, addr uint64, n uint32) uint64 { return r.put(addr, n) }

func option(level, name uint64, size uint32) func(r *rig) args {
	return func(r *rig) args {
		s, _ := listener(r)
		return args{s, level, name, r.buf(0), sizeAt(r, r.buf(1), size)}
	}
}

var socketDrives = []drive{
	{name: "accept", args: func(r *rig) args { s, _ := listener(r); return args{s, r.buf(0), sizeAt(r, r.buf(1), 100)} }},
	{name: "accept into little", args: func(r *rig) args { s, _ := listener(r); return args{s, r.buf(0), sizeAt(r, r.buf(1), 3)} }},
	{name: "accept of a bad size", want: unix.EINVAL, args: func(r *rig) args { s, _ := listener(r); return args{s, r.buf(0), sizeAt(r, r.buf(1), 1<<31)} }, quiet: true},
	{name: "accept4", args: func(r *rig) args {
		s, _ := listener(r)
		return args{s, r.buf(0), sizeAt(r, r.buf(1), 100), unix.SOCK_CLOEXEC}
	}},
	{name: "accept4 without names", args: func(r *rig) args { s, _ := listener(r); return args{s, 0, 0, 0} }, quiet: true},
	{name: "getsockname", args: func(r *rig) args { s, _ := listener(r); return args{s, r.buf(0), sizeAt(r, r.buf(1), 100)} }},
	{name: "getpeername", args: func(r *rig) args { _, c := listener(r); return args{c, r.buf(0), sizeAt(r, r.buf(1), 100)} }},
	{name: "socketpair", args: func(r *rig) args { return args{unix.AF_UNIX, unix.SOCK_STREAM, 0, r.buf(0)} }},
	{name: "socketpair of a family without", want: unix.EOPNOTSUPP, args: func(r *rig) args { return args{unix.AF_INET, unix.SOCK_STREAM, 0, r.buf(0)} }},
	{name: "recvfrom", args: func(r *rig) args {
		return args{datagrams(r, "hello"), r.buf(0), 100, 0, r.buf(1), sizeAt(r, r.buf(2), 100)}
	}},
	{name: "recvfrom truncated", args: func(r *rig) args { return args{datagrams(r, "hello"), r.buf(0), 2, unix.MSG_TRUNC, 0, 0} }},
	{name: "recvfrom of nothing yet", want: unix.EAGAIN, args: func(r *rig) args { return args{datagrams(r), r.buf(0), 2, unix.MSG_DONTWAIT, 0, 0} }, quiet: true},
	{name: "recvfrom with a bad size", want: unix.EINVAL, args: func(r *rig) args {
		return args{datagrams(r, "hello"), r.buf(0), 100, 0, r.buf(1), sizeAt(r, r.buf(2), 1<<31)}
	}},
	{name: "recvfrom at a hole", want: unix.EFAULT, args: func(r *rig) args { return args{datagrams(r, "hello"), r.edge(0, 2), 5, 0, 0, 0} }},
	{name: "recvmsg", args: func(r *rig) args { return args{datagrams(r, "hello"), messageAt(r, r.buf(8), 2, 100), 0} }},
	{name: "recvmsg truncated", args: func(r *rig) args { return args{datagrams(r, "hello"), messageAt(r, r.buf(8), 2), unix.MSG_TRUNC} }},
	{name: "recvmsg of descriptors", args: func(r *rig) args { return args{passing(r), messageAt(r, r.buf(8), 2, 100), 0} }},
	{name: "recvmsg of more control than fits", args: func(r *rig) args {
		v, n := vectors(r, 100)
		return args{passing(r), r.put(r.buf(8), uint64(0), uint64(0), v, n, r.buf(6), uint64(20), uint64(0)), 0}
	}},
	{name: "recvmsg at a hole", want: unix.EFAULT, args: func(r *rig) args {
		v := r.put(r.buf(9), r.buf(0), uint64(2), r.edge(1, 2), uint64(9))
		return args{datagrams(r, "hello"), r.put(r.buf(8), uint64(0), uint64(0), v, uint64(2), uint64(0), uint64(0), uint64(0)), 0}
	}},
	{name: "recvmmsg", args: func(r *rig) args {
		return args{datagrams(r, "hello", "you", "there"), mmsghdrs(r, 4, 50), 4, unix.MSG_DONTWAIT, 0}
	}},
	{name: "recvmmsg in time", args: func(r *rig) args {
		return args{datagrams(r, "hello", "you"), mmsghdrs(r, 2, 50), 2, 0, r.put(r.buf(5), uint64(2), uint64(5))}
	}},
	{name: "recvmmsg at a hole", args: func(r *rig) args {
		m := mmsghdrs(r, 3, 50)
		r.put(r.buf(9)+16, r.edge(1, 2), uint64(50)) // the second message fails half way
		return args{datagrams(r, "hello", "you", "there"), m, 3, unix.MSG_DONTWAIT, 0}
	}},
	{name: "sendmmsg", args: func(r *rig) args { a, _ := r.pair(unix.SOCK_DGRAM); return args{a, mmsghdrs(r, 3, 20), 3, 0} }},
	{name: "sendto", args: func(r *rig) args { a, _ := r.pair(unix.SOCK_DGRAM); return args{a, r.buf(0), 20, 0, 0, 0} }, quiet: true},
	{name: "sendmsg", args: func(r *rig) args {
		a, _ := r.pair(unix.SOCK_DGRAM)
		v, n := vectors(r, 3, 4)
		return args{a, r.put(r.buf(8), uint64(0), uint64(0), v, n, uint64(0), uint64(0), uint64(0)), 0}
	}, quiet: true},
	{name: "getsockopt SO_ERROR", args: option(unix.SOL_SOCKET, unix.SO_ERROR, 4)},
	{name: "getsockopt SO_TYPE into much", args: option(unix.SOL_SOCKET, unix.SO_TYPE, 100)},
	{name: "getsockopt SO_LINGER", args: option(unix.SOL_SOCKET, unix.SO_LINGER, 8)},
	{name: "getsockopt SO_MEMINFO", args: option(unix.SOL_SOCKET, unix.SO_MEMINFO, 100)},
	{name: "getsockopt TCP_INFO", args: option(unix.SOL_TCP, unix.TCP_INFO, 4096)},
	{name: "getsockopt TCP_CONGESTION", args: option(unix.SOL_TCP, unix.TCP_CONGESTION, 16)},
	{name: "getsockopt of nothing", want: unix.ENOPROTOOPT, args: option(unix.SOL_SOCKET, 9999, 4), quiet: true},
	{name: "getsockopt SO_PEERGROUPS too small", want: unix.ERANGE, args: func(r *rig) args {
		joinGroups(r)
		a, _ := r.pair(unix.SOCK_STREAM)
		return args{a, unix.SOL_SOCKET, unix.SO_PEERGROUPS, r.buf(0), sizeAt(r, r.buf(1), 0)}
	}},
	{name: "getsockopt SO_GET_FILTER", args: func(r *rig) args {
		s := datagrams(r)
		f := []unix.SockFilter{{Code: 6, K: 99}, {Code: 6, K: 98}}
		if err := unix.SetsockoptSockFprog(int(s), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 2, Filter: &f[0]}); err != nil {
			r.Skip(err)
		}
		return args{s, unix.SOL_SOCKET, unix.SO_GET_FILTER, r.buf(0), sizeAt(r, r.buf(1), 2)}
	}},
	{name: "setsockopt", args: func(r *rig) args {
		return args{datagrams(r), unix.SOL_SOCKET, unix.SO_BROADCAST, r.put(r.buf(0), uint32(1)), 4}
	}, quiet: true},
}
