package engine

import (
	"fmt"

	"kmv/engine/ptrace"
)

// native makes t.regs native for a thread that stands in a runtime routine, if that is possible there.
func (r *routines) native(t *thread, off uint32) (bool, error) {
	switch off {
	case r.syscall: // rcx is the address behind the system call, which has not begun
		t.regs.Rip = t.regs.Rcx - 2
		return true, nil
	}
	return false, nil
}

// runtimeFault handles an exception in a runtime routine.
func (e *engine) runtimeFault(t *thread, off uint32, info ptrace.Siginfo) error {
	return fmt.Errorf("BUG: signal %d (code %d, address %#x) in the runtime routine at %#x\n%s", info.Signo, info.Code, info.Addr(), off, e.describe(t))
}
