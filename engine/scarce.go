package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// A process costs kmv two descriptors, its memory and its code cache, and some more for a moment. Where kmv may have few (ulimit
// -n), it is the program's fork or execve that fails, as if the system had no room for a process, and not the run.

// descriptorsMost is how many a new address space takes, for the moment included.
const descriptorsMost = 8

// scarce says whether kmv may not have as many descriptors more.
func (e *engine) scarce(t *thread, need int) bool {
	for _, u := range e.threads { // calls that were allowed, and for a fork what the forked children will execute
		calling := u.call != nil && (u.birth != nil || u.call.nr == unix.SYS_EXECVE || u.call.nr == unix.SYS_EXECVEAT)
		if calling || u.parent != 0 || need > descriptorsMost && u.tid == u.pid && u.p != nil && u.p.code.users > 1 {
			need++
		}
	}
	if e.enough(need) {
		return false
	}
	if e.dropSpare(); e.enough(need) {
		return false
	}
	e.gap("process", t.regs.Rcx-2, "kmv may not have descriptors for one more process (ulimit -n): the call fails with EAGAIN")
	return true
}

// enough says whether n can be had. They are counted only where that is in doubt.
func (e *engine) enough(n int) bool {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur > uint64(256+8*len(e.processes)) {
		return true
	}
	open, err := os.ReadDir("/proc/self/fd") // and the descriptor that reads it
	return err == nil && uint64(len(open)-1+n) <= limit.Cur
}
