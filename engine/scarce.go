package engine

import "golang.org/x/sys/unix"

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
	if enough(need) {
		return false
	}
	if e.dropSpare(); enough(need) {
		return false
	}
	e.gap("process", t.regs.Rcx-2, "kmv may not have descriptors for one more process (ulimit -n): the call fails with EAGAIN")
	return true
}

// enough says whether n can be had: the lowest free number tells, as few above it are in use.
func enough(n int) bool {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	more, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, fd+n)
	if err == nil {
		_ = unix.Close(more)
	}
	return err == nil
}
