package syscalls

import (
	"os"

	"golang.org/x/sys/unix"
)

// ownID is the id of the calling thread in a futex word, as its owner.
func ownID(r *rig) uint64 { return r.put(r.buf(0), uint32(unix.Gettid())) }

var memoryDrives = []drive{
	{name: "mincore", args: func(r *rig) args { return args{r.buf(0), slotSize, r.buf(1)} }},
	{name: "mincore of an odd length", args: func(r *rig) args { return args{r.buf(0), 4097, r.buf(1)} }},
	{name: "mincore over nothing", want: unix.ENOMEM, args: func(r *rig) args { return args{0x1000, 0x2000, r.buf(1)} }, quiet: true},
	{name: "get_mempolicy", args: func(r *rig) args { return args{r.buf(0), r.buf(1), 1024, 0, 0} }},
	{name: "get_mempolicy of many nodes", args: func(r *rig) args { return args{r.buf(0), r.buf(1), 4000, 0, 4} }}, // MPOL_F_MEMS_ALLOWED
	{name: "move_pages", args: func(r *rig) args { return args{0, 2, r.put(r.buf(1), r.buf(0), uint64(0x5000)), 0, r.buf(2), 0} }},
	{name: "madvise", args: func(r *rig) args { return args{r.buf(0), 4096, unix.MADV_NORMAL} }, quiet: true},
	{name: "msync", args: func(r *rig) args { return args{r.buf(0), 4096, unix.MS_SYNC} }, quiet: true},
	{name: "mlock", args: func(r *rig) args { return args{r.buf(0), 4096} }, quiet: true},
	{name: "membarrier", args: func(r *rig) args { return args{0, 0, 0} }, quiet: true},
	{name: "futex WAKE", args: func(r *rig) args { return args{r.buf(0), 1 | 128, 1} }, quiet: true},
	{name: "futex WAIT of another value", want: unix.EAGAIN, args: func(r *rig) args { return args{r.put(r.buf(0), uint32(1)), 128, 2, 0} }, quiet: true},
	{name: "futex WAKE_OP", args: func(r *rig) args {
		return args{r.put(r.buf(0), uint32(1)), 5 | 128, 1, 1, r.put(r.buf(1), uint32(1)), 1<<28 | 5<<12} // *uaddr2 += 5
	}},
	{name: "futex LOCK_PI", args: func(r *rig) args { return args{r.put(r.buf(0), uint32(0)), 6 | 128, 0, 0} }},
	{name: "futex TRYLOCK_PI", args: func(r *rig) args { return args{r.put(r.buf(0), uint32(0)), 8 | 128} }},
	{name: "futex LOCK_PI2", args: func(r *rig) args { return args{r.put(r.buf(0), uint32(0)), 13 | 128, 0, 0} }},
	{name: "futex UNLOCK_PI", args: func(r *rig) args { return args{ownID(r), 7 | 128} }},
	{name: "futex LOCK_PI of one's own", want: unix.EDEADLK, args: func(r *rig) args { return args{ownID(r), 6 | 128, 0, 0} }, quiet: true},
	{name: "futex LOCK_PI in vain", want: unix.ETIMEDOUT, args: func(r *rig) args {
		return args{r.put(r.buf(0), otherThread(r)), 6 | 128, 0, r.put(r.buf(1), uint64(1), uint64(0))}
	}},
	{name: "futex_wake", args: func(r *rig) args { return args{r.buf(0), 0xffffffff, 1, 2 | 128} }, quiet: true},
	{name: "futex_wait of another value", want: unix.EAGAIN, args: func(r *rig) args {
		return args{r.put(r.buf(0), uint32(1)), 2, 0xffffffff, 2 | 128, 0, 1}
	}, quiet: true},
}

// otherThread is the id of a thread of this process that is not the calling one.
func otherThread(r *rig) uint32 {
	tids, err := os.ReadDir("/proc/self/task")
	if err != nil {
		r.Skip(err)
	}
	for _, e := range tids {
		id := uint32(0)
		for _, c := range e.Name() {
			id = id*10 + uint32(c-'0')
		}
		if int(id) != unix.Gettid() {
			return id
		}
	}
	r.Skip("no other thread")
	return 0
}
