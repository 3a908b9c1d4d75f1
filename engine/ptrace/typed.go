package ptrace

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is typed at a terminal goes to the target, too, if it is in the foreground's process group with the tracer. The tracer's own
// copy tells whether it was (si_code is SI_KERNEL), but os/signal does not show that, and makes one of two that come fast.

// typedNext handles the other signals, and all of them while hearTyped is not 0.
var (
	typedNext uintptr
	hearTyped uint32
)

// typedHandler is a signal handler for the kernel to call: it returns if the signal was typed and nobody wants to hear of that.
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

// DropTyped puts a filter in front of the handlers that os/signal has installed for these signals, until it is told to stop them.
// All of them have the same handler, the Go runtime's.
func DropTyped(signals ...unix.Signal) error {
	for _, sig := range signals {
		var a kernelAction
		if err := sigaction(sig, nil, &a); err != nil {
			return err
		}
		if a.handler == typedAddress() {
			continue
		}
		atomic.StoreUintptr(&typedNext, a.handler)
		a.handler = typedAddress()
		if err := sigaction(sig, &a, nil); err != nil {
			return err
		}
	}
	return nil
}

// HearTyped says whether typed signals are to be heard all the same.
func HearTyped(hear bool) {
	var v uint32
	if hear {
		v = 1
	}
	atomic.StoreUint32(&hearTyped, v)
}

func sigaction(sig unix.Signal, set, old *kernelAction) error {
	const maskSize = 8
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), maskSize, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
