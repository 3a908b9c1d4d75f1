package syscalls

import (
	"os"

	"golang.org/x/sys/unix"
)

// vectors is a struct iovec array over slots 0 and 1 and a hole, in slot 9.
func vectors(r *rig, lens ...uint64) (addr, n uint64) {
	var words []uint64
	for i, n := range lens {
		words = append(words, r.buf(i), n)
	}
	return r.put(r.buf(9), words), uint64(len(lens))
}

var vectorDrives = []drive{
	{name: "readv", args: func(r *rig) args { v, n := vectors(r, 3, 4, 5); return args{r.file("hello world"), v, n} }},
	{name: "readv short", args: func(r *rig) args { v, n := vectors(r, 3, 4, 5); return args{r.file("hello"), v, n} }},
	{name: "readv over its own vectors", args: func(r *rig) args {
		return args{r.file("hello world, hello world, hello world"), r.put(r.buf(9), r.buf(9), uint64(30), r.buf(0), uint64(30)), 2}
	}},
	{name: "readv at a hole", args: func(r *rig) args {
		return args{r.file("hello world"), r.put(r.buf(9), r.buf(0), uint64(3), r.edge(1, 2), uint64(9)), 2}
	}},
	{name: "readv of a bad vector", want: unix.EFAULT, args: func(r *rig) args { return args{r.file("hello"), r.edge(9, 8), 1} }, quiet: true},
	{name: "readv of too many", want: unix.EINVAL, args: func(r *rig) args { return args{r.file("hello"), r.buf(9), 1025} }, quiet: true},
	{name: "preadv", args: func(r *rig) args { v, n := vectors(r, 3, 4); return args{r.file("hello"), v, n, 1, 0} }},
	{name: "preadv2", args: func(r *rig) args { v, n := vectors(r, 3, 4); return args{r.file("hello"), v, n, 1, 0, 0} }},
	{name: "writev", args: func(r *rig) args { v, n := vectors(r, 3, 4); return args{r.file("hello"), v, n} }, quiet: true},
	{name: "vmsplice", args: func(r *rig) args { in, _ := r.pipe("hello"); v, n := vectors(r, 3, 4); return args{in, v, n, 0} }},
	{name: "process_vm_readv", args: func(r *rig) args {
		v, n := vectors(r, 3, 4)
		from := r.put(r.buf(5), "hello world")
		return args{uint64(os.Getpid()), v, n, r.put(r.buf(8), from, uint64(6)), 1, 0}
	}},
	{name: "process_vm_writev", args: func(r *rig) args {
		v, n := vectors(r, 3, 4)
		from := r.put(r.buf(5), "hello world")
		return args{uint64(os.Getpid()), r.put(r.buf(8), from, uint64(6)), 1, v, n, 0}
	}},
}
