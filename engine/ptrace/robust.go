package ptrace

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// RobustList is the head of a thread's list of robust futexes, 0 if it has none (get_robust_list(2)).
func RobustList(tid int) (head uint64, err error) {
	var size uint64
	if _, _, e := unix.RawSyscall(unix.SYS_GET_ROBUST_LIST, uintptr(tid), uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size))); e != 0 {
		return 0, e
	}
	return head, nil
}
