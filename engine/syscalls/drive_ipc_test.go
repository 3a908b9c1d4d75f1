package syscalls

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

func sharedMemory(r *rig) uint64 {
	return r.fixture(unix.SYS_SHMGET, 0, 4096, 0o600, func(id uintptr) { unix.Syscall(unix.SYS_SHMCTL, id, 0, 0) })
}

func semaphores(r *rig) uint64 {
	return r.fixture(unix.SYS_SEMGET, 0, 5, 0o600, func(id uintptr) { unix.Syscall6(unix.SYS_SEMCTL, id, 0, 0, 0, 0, 0) })
}

// messages is a System V queue with one message of 5 bytes.
func messages(r *rig) uint64 {
	id := r.fixture(unix.SYS_MSGGET, 0, 0o600, 0, func(id uintptr) { unix.Syscall(unix.SYS_MSGCTL, id, 0, 0) })
	m := r.put(r.buf(9), uint64(3), "hello")
	if _, _, e := unix.Syscall6(unix.SYS_MSGSND, uintptr(id), uintptr(m), 5, 0, 0, 0); e != 0 {
		r.Fatal(e)
	}
	return id
}

var queues atomic.Int32

// queue is a POSIX queue with one message of 5 bytes.
func queue(r *rig) uint64 {
	name := r.put(r.buf(9), fmt.Sprintf("kmv-test-%d-%d", os.Getpid(), queues.Add(1)))
	attr := r.put(r.buf(8), uint64(0), uint64(4), uint64(64), uint64(0), make([]byte, 32))
	q, _, e := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(name), unix.O_RDWR|unix.O_CREAT, 0o600, uintptr(attr), 0, 0)
	if e != 0 {
		r.Skip(e)
	}
	unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(name), 0, 0)
	text := r.put(r.buf(9), "hello")
	if _, _, e := unix.Syscall6(unix.SYS_MQ_TIMEDSEND, q, uintptr(text), 5, 7, 0, 0); e != 0 {
		r.Fatal(e)
	}
	return r.fd(int(q), nil)
}

// key is a key of 5 bytes in the thread's keyring.
func key(r *rig) uint64 {
	r.put(r.buf(9), "user")
	r.put(r.buf(8), "kmv:test")
	r.put(r.buf(7), "hello")
	id, _, e := unix.Syscall6(unix.SYS_ADD_KEY, uintptr(r.buf(9)), uintptr(r.buf(8)), uintptr(r.buf(7)), 5, ^uintptr(0), 0)
	if e != 0 {
		r.Skip(e)
	}
	return uint64(id)
}

var ipcDrives = []drive{
	{name: "shmctl IPC_STAT", args: func(r *rig) args { return args{sharedMemory(r), 2, r.buf(0)} }},
	{name: "shmctl IPC_INFO", args: func(r *rig) args { return args{0, 3, r.buf(0)} }},
	{name: "shmctl SHM_INFO", args: func(r *rig) args { return args{0, 14, r.buf(0)} }},
	{name: "semctl IPC_STAT", args: func(r *rig) args { return args{semaphores(r), 0, 2, r.buf(0)} }},
	{name: "semctl SEM_INFO", args: func(r *rig) args { return args{0, 0, 19, r.buf(0)} }},
	{name: "semctl GETALL", args: func(r *rig) args { return args{semaphores(r), 0, 13, r.buf(0)} }},
	{name: "semctl GETVAL", args: func(r *rig) args { return args{semaphores(r), 0, 12, r.buf(0)} }, quiet: true},
	{name: "msgctl IPC_STAT", args: func(r *rig) args { return args{messages(r), 2, r.buf(0)} }},
	{name: "msgctl MSG_INFO", args: func(r *rig) args { return args{0, 12, r.buf(0)} }},
	{name: "msgrcv", args: func(r *rig) args { return args{messages(r), r.buf(0), 100, 0, 0} }},
	{name: "msgrcv of nothing", want: unix.ENOMSG, args: func(r *rig) args { return args{messages(r), r.buf(0), 100, 99, 0o4000} }, quiet: true},
	{name: "msgrcv at a hole", want: unix.EFAULT, args: func(r *rig) args { return args{messages(r), r.edge(0, 10), 100, 0, 0} }},
	{name: "mq_timedreceive", args: func(r *rig) args { return args{queue(r), r.buf(0), 64, r.buf(1), 0} }},
	{name: "mq_getsetattr", args: func(r *rig) args { return args{queue(r), 0, r.buf(0)} }},
	{name: "keyctl DESCRIBE", args: func(r *rig) args { return args{6, key(r), r.buf(0), 100} }},
	{name: "keyctl READ", args: func(r *rig) args { return args{11, key(r), r.buf(0), 100} }},
	{name: "keyctl READ into little", args: func(r *rig) args { return args{11, key(r), r.buf(0), 2} }, quiet: true},
	{name: "keyctl CAPABILITIES", args: func(r *rig) args { return args{31, r.buf(0), 100} }},
}
