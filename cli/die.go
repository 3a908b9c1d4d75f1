package cli

import (
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dieOf ends kmv by the signal that ended the program, so that whoever waits for kmv sees the program's status. Only
// the program may leave a core file. Go's runtime has a handler for every signal, and signal.Reset does not take it
// away: the kernel has to be asked (unsafe, for the one structure).
func dieOf(sig unix.Signal) {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // core_pattern may be a pipe, which ignores the limit
	runtime.LockOSThread()
	var action struct {
		handler, flags, restorer, mask uint64 // struct kernel_sigaction; zero is SIG_DFL
	}
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	set := uint64(1) << (sig - 1)
	unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_UNBLOCK, uintptr(unsafe.Pointer(&set)), 0, 8, 0, 0)
	unix.Tgkill(unix.Getpid(), unix.Gettid(), sig)
	time.Sleep(100 * time.Millisecond)
	os.Exit(128 + int(sig)) // what a shell would say, if the kernel does not let us die (init of a namespace)
}
