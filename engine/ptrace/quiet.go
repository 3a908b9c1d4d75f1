package ptrace

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Quiet keeps the kernel from interrupting kmv with SIGCHLD at every stop of a target: Go has a handler for each signal, and this one's
// frame, with all vector state in it, takes as long as three ptrace requests. Nothing waits for SIGCHLD: wait4 is woken without it.
func Quiet() {
	var action struct {
		handler, flags, restorer, mask uint64 // struct kernel_sigaction; zero is SIG_DFL, which is to do nothing
	}
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
}
