package ptrace

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is typed at a terminal goes to the target, too, if it is in the foreground's process group with the tracer. The tracer's own
// copy tells whether it was (si_code is SI_KERNEL), but os/signal does not show that, and makes one of two that come fast. So a
// handler in front of Go's counts them.

// typedCount and sentCount are by signal number; typedNext is Go's handler.
var (
	typedCount, sentCount [64]uint32
	typedNext             uintptr
)

// typedHandler is a signal handler for the kernel to call.
func typedHandler()

// typedAddress is where typedHandler begins.
func typedAddress() uintptr

// kernelAction is struct sigaction as the kernel has it on x86-64.
type kernelAction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// CountOrigins makes Origins know of signals that os/signal has installed its handler for, until it is told to stop them.
func CountOrigins(signals ...unix.Signal) error {
	for _, sig := range signals {
		var a kernelAction
		if err := sigaction(sig, nil, &a); err != nil {
			return err
		}
		if a.handler == typedAddress() {
			continue
		}
		atomic.StoreUintptr(&typedNext, a.handler) // the same for all: the Go runtime's
		a.handler = typedAddress()
		if err := sigaction(sig, &a, nil); err != nil {
			return err
		}
	}
	return nil
}

// Origins is how many signals of a kind were typed and how many were sent by processes since it was last asked.
func Origins(sig unix.Signal) (typed, sent int) {
	return int(atomic.SwapUint32(&typedCount[sig], 0)), int(atomic.SwapUint32(&sentCount[sig], 0))
}

func sigaction(sig unix.Signal, set, old *kernelAction) error {
	const maskSize = 8
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), maskSize, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
