package syscalls

import "golang.org/x/sys/unix"

// terminal is the slave end of a pseudo-terminal, and its master.
func terminal(r *rig) (slave, master uint64) {
	master = r.fd(unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0))
	if err := unix.IoctlSetPointerInt(int(master), unix.TIOCSPTLCK, 0); err != nil {
		r.Skip(err)
	}
	return r.fd(unix.IoctlRetInt(int(master), unix.TIOCGPTPEER)), master
}

// ofTerminal asks the slave end something that writes at slot 0.
func ofTerminal(name string, code uint64) drive {
	return drive{name: "ioctl " + name, args: func(r *rig) args { s, _ := terminal(r); return args{s, code, r.buf(0)} }}
}

// ofInterface asks about the loopback interface.
func ofInterface(name string, code uint64) drive {
	return drive{name: "ioctl " + name, args: func(r *rig) args {
		return args{datagrams(r), code, r.put(r.buf(0), [16]byte{'l', 'o'})}
	}}
}

var ioctlDrives = []drive{
	ofTerminal("TCGETS", unix.TCGETS),
	ofTerminal("TCGETS2", unix.TCGETS2),
	ofTerminal("TCGETA", unix.TCGETA),
	ofTerminal("TIOCGWINSZ", unix.TIOCGWINSZ),
	ofTerminal("TIOCOUTQ", unix.TIOCOUTQ),
	ofTerminal("TIOCGETD", unix.TIOCGETD),
	ofTerminal("TIOCGSOFTCAR", unix.TIOCGSOFTCAR),
	ofTerminal("TIOCGLCKTRMIOS", unix.TIOCGLCKTRMIOS),
	ofTerminal("TIOCGEXCL", unix.TIOCGEXCL),
	ofTerminal("TIOCGDEV", unix.TIOCGDEV),
	{name: "ioctl TIOCGPTN", args: func(r *rig) args { _, m := terminal(r); return args{m, unix.TIOCGPTN, r.buf(0)} }},
	{name: "ioctl TIOCGPKT", args: func(r *rig) args { _, m := terminal(r); return args{m, unix.TIOCGPKT, r.buf(0)} }},
	{name: "ioctl TCGETS of a file", want: unix.ENOTTY, args: func(r *rig) args { return args{r.file(""), unix.TCGETS, r.buf(0)} }, quiet: true},
	{name: "ioctl TCSETS", args: func(r *rig) args {
		s, _ := terminal(r)
		unix.Syscall(unix.SYS_IOCTL, uintptr(s), unix.TCGETS, uintptr(r.buf(0)))
		return args{s, unix.TCSETS, r.buf(0)}
	}, quiet: true},
	{name: "ioctl FIONREAD of a pipe", args: func(r *rig) args { in, _ := r.pipe("hello"); return args{in, 0x541b, r.buf(0)} }},
	{name: "ioctl FIONREAD of a file", args: func(r *rig) args { return args{r.file("hello"), 0x541b, r.buf(0)} }},
	{name: "ioctl FIONBIO", args: func(r *rig) args { in, _ := r.pipe(""); return args{in, 0x5421, r.put(r.buf(0), uint32(1))} }, quiet: true},
	{name: "ioctl FIOCLEX", args: func(r *rig) args { return args{r.file(""), 0x5451, 0} }, quiet: true},
	{name: "ioctl FIOQSIZE", args: func(r *rig) args { return args{r.file("hello"), 0x5460, r.buf(0)} }},
	{name: "ioctl FIGETBSZ", args: func(r *rig) args { return args{r.file("hello"), 2, r.buf(0)} }},
	{name: "ioctl FS_IOC_GETFLAGS", args: func(r *rig) args { return args{r.file("hello"), unix.FS_IOC_GETFLAGS, r.buf(0)} }},
	{name: "ioctl FS_IOC_FSGETXATTR", args: func(r *rig) args { return args{r.file("hello"), 0x801c581f, r.buf(0)} }},
	{name: "ioctl FS_IOC_FIEMAP", args: func(r *rig) args {
		return args{r.file("hello"), 0xc020660b, r.put(r.buf(0), uint64(0), uint64(4096), uint32(1), uint32(0), uint32(3), uint32(0))}
	}},
	{name: "ioctl FS_IOC_GETFSUUID", args: func(r *rig) args { return args{r.file("hello"), 0x80111500, r.buf(0)} }},
	{name: "ioctl PAGEMAP_SCAN", args: func(r *rig) args {
		self := r.fd(unix.Open("/proc/self/pagemap", unix.O_RDONLY, 0))
		scan := []uint64{96, 0, r.buf(0), r.buf(0) + slotSize, 0, r.buf(2), 8, 0, 0, 0, 8, 8} // pages that are present
		return args{self, 0xc0606610, r.put(r.buf(1), scan)}
	}},
	{name: "ioctl PROCMAP_QUERY", args: func(r *rig) args {
		self := r.fd(unix.Open("/proc/self/maps", unix.O_RDONLY, 0))
		addr := textAddress(r)
		query := []uint64{104, 0x10, addr, 0, 0, 0, 0, 0, 0, 0, 200, r.buf(1), 0}
		return args{self, 0xc0686611, r.put(r.buf(0), query)}
	}},
	{name: "ioctl NS_GET_OWNER_UID", args: func(r *rig) args {
		return args{r.fd(unix.Open("/proc/self/ns/user", unix.O_RDONLY, 0)), 0xb704, r.buf(0)}
	}},
	{name: "ioctl PIDFD_GET_INFO", args: func(r *rig) args {
		return args{r.fd(unix.PidfdOpen(unix.Getpid(), 0)), 0xc050ff0b, r.put(r.buf(0), uint64(3), make([]byte, 72))}
	}},
	{name: "ioctl RNDGETENTCNT", args: func(r *rig) args {
		return args{r.fd(unix.Open("/dev/random", unix.O_RDONLY, 0)), unix.RNDGETENTCNT, r.buf(0)}
	}},
	{name: "ioctl EPIOCGPARAMS", args: func(r *rig) args { return args{epoll(r), 0x80088a02, r.buf(0)} }},
	{name: "ioctl SIOCATMARK", args: func(r *rig) args { _, c := listener(r); return args{c, 0x8905, r.buf(0)} }},
	{name: "ioctl SIOCGPGRP", args: func(r *rig) args { _, c := listener(r); return args{c, unix.SIOCGPGRP, r.buf(0)} }},
	{name: "ioctl SIOCGIFCONF", args: func(r *rig) args { return args{datagrams(r), 0x8912, r.put(r.buf(0), uint64(400), r.buf(1))} }},
	{name: "ioctl SIOCGIFCONF of the size", args: func(r *rig) args { return args{datagrams(r), 0x8912, r.put(r.buf(0), uint64(0), uint64(0))} }},
	{name: "ioctl SIOCGIFNAME", args: func(r *rig) args { return args{datagrams(r), 0x8910, r.put(r.buf(0), [16]byte{}, uint32(1))} }},
	{name: "ioctl SIOCETHTOOL", args: func(r *rig) args {
		return args{datagrams(r), 0x8946, r.put(r.buf(0), [16]byte{'l', 'o'}, r.put(r.buf(1), uint32(3)))} // ETHTOOL_GDRVINFO
	}},
	ofInterface("SIOCGIFFLAGS", 0x8913),
	ofInterface("SIOCGIFADDR", 0x8915),
	ofInterface("SIOCGIFNETMASK", 0x891b),
	ofInterface("SIOCGIFMTU", 0x8921),
	ofInterface("SIOCGIFHWADDR", 0x8927),
	ofInterface("SIOCGIFINDEX", 0x8933),
	ofInterface("SIOCGIFTXQLEN", 0x8942),
	ofInterface("SIOCGIFMAP", 0x8970),
	{name: "ioctl TUNSETIFF", args: func(r *rig) args {
		tun := r.fd(unix.Open("/dev/net/tun", unix.O_RDWR, 0))
		return args{tun, unix.TUNSETIFF, r.put(r.buf(0), [16]byte{}, uint16(unix.IFF_TUN))}
	}},
}

// textAddress is an address in a mapping of the test's own executable.
func textAddress(r *rig) uint64 {
	maps := r.fd(unix.Open("/proc/self/maps", unix.O_RDONLY, 0))
	buf := make([]byte, 16)
	n, err := unix.Read(int(maps), buf)
	if err != nil {
		r.Skip(err)
	}
	var addr uint64
	for _, c := range buf[:n] {
		switch {
		case c >= '0' && c <= '9':
			addr = addr<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			addr = addr<<4 | uint64(c-'a'+10)
		default:
			return addr
		}
	}
	return addr
}
