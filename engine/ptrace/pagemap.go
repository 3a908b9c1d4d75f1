package ptrace

import (
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pageRegion and scanArgs are struct page_region and struct pm_scan_arg of PAGEMAP_SCAN (Linux 6.7,
// Documentation/admin-guide/mm/pagemap.rst).
type pageRegion struct{ start, end, categories uint64 }

type scanArgs struct {
	size, flags, start, end, walkEnd, vec, vecLen, maxPages uint64
	inverted, mask, anyOf, returned                         uint64
}

const (
	pagemapScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)
	isPresent   = 1 << 3
	isSwapped   = 1 << 4
)

// Populated visits the runs of pages in [start, end) that a process has in memory or in swap; pagemap is its open
// /proc/PID/pagemap. What was only reserved costs nothing. On kernels without PAGEMAP_SCAN it is one run: all.
func Populated(pagemap *os.File, start, end uint64, visit func(start, end uint64) error) error {
	return scan(pagemap, start, end, isPresent|isSwapped, visit)
}

// Swapped is Populated for the pages that are not in memory: in swap, or marked as lost (hwpoison, UFFDIO_POISON).
func Swapped(pagemap *os.File, start, end uint64, visit func(start, end uint64) error) error {
	return scan(pagemap, start, end, isSwapped, visit)
}

// regionsPool has the kernel's answers: on the heap, which does not move. The address of what does not escape would be one of the
// stack, and that moves when it grows.
var regionsPool = sync.Pool{New: func() any { return new([256]pageRegion) }}

func scan(pagemap *os.File, start, end, categories uint64, visit func(start, end uint64) error) error {
	regions := regionsPool.Get().(*[256]pageRegion)
	defer regionsPool.Put(regions)
	for start < end {
		a := &scanArgs{start: start, end: end, vecLen: uint64(len(regions)), anyOf: categories, returned: isPresent}
		a.size = uint64(unsafe.Sizeof(*a))
		a.vec = uint64(uintptr(unsafe.Pointer(regions)))
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, pagemap.Fd(), pagemapScan, uintptr(unsafe.Pointer(a)))
		if (errno == unix.ENOTTY || errno == unix.EINVAL) && categories == isSwapped {
			return nil // not to be known
		}
		if errno == unix.ENOTTY || errno == unix.EINVAL {
			return visit(start, end)
		}
		if errno != 0 {
			return os.NewSyscallError("PAGEMAP_SCAN", errno)
		}
		for _, r := range regions[:n] {
			if err := visit(r.start, r.end); err != nil {
				return err
			}
		}
		start = a.walkEnd
	}
	return nil
}

const isFile = 1 << 2

// Private counts the bytes of [start, end) that are in memory of the process's own, not in a file's pages. Without
// PAGEMAP_SCAN it is 0.
func Private(pagemap *os.File, start, end uint64) (bytes uint64) {
	regions := regionsPool.Get().(*[256]pageRegion)
	defer regionsPool.Put(regions)
	for start < end {
		a := &scanArgs{start: start, end: end, vecLen: uint64(len(regions)), inverted: isFile, mask: isPresent | isFile, returned: isPresent}
		a.size = uint64(unsafe.Sizeof(*a))
		a.vec = uint64(uintptr(unsafe.Pointer(regions)))
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, pagemap.Fd(), pagemapScan, uintptr(unsafe.Pointer(a)))
		if errno != 0 || a.walkEnd <= start {
			return bytes
		}
		for _, r := range regions[:n] {
			bytes += r.end - r.start
		}
		start = a.walkEnd
	}
	return bytes
}
