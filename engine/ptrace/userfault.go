package ptrace

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Userfault is a userfaultfd of a target's address space (userfaultfd(2), ioctl_userfaultfd(2)). It is used to make pages
// unreadable and to put contents in their place; no fault is ever waited for.
type Userfault struct{ fd int }

// The requests and their structures (linux/userfaultfd.h); x/sys has none of them.
const (
	uffdAPI        = 0xc018aa3f
	uffdRegister   = 0xc020aa00
	uffdUnregister = 0x8010aa01
	uffdCopy       = 0xc028aa03
	uffdContinue   = 0xc020aa07
	uffdPoison     = 0xc020aa08

	featureWP     = 1 << 0
	featurePoison = 1 << 14 // Linux 6.6
	featureAsync  = 1 << 15 // Linux 6.7: write protection never waits for us, so a registered range behaves as before
	modeWP        = 2
	copyDontWake  = 1
)

// UserfaultFlags are those to open it with in the target: without privileges, for faults of user mode only.
const UserfaultFlags = unix.O_CLOEXEC | 1

// NewUserfault takes over a userfaultfd that was just opened in a target. The error says that the kernel is too old.
func NewUserfault(fd int) (*Userfault, error) {
	arg := struct{ api, features, ioctls uint64 }{0xaa, featureWP | featurePoison | featureAsync, 0}
	if err := uffd(fd, uffdAPI, unsafe.Pointer(&arg)); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("userfaultfd with poison (Linux 6.7): %w", err)
	}
	return &Userfault{fd}, nil
}

// Close releases the descriptor. What is poisoned stays so.
func (u *Userfault) Close() error { return unix.Close(u.fd) }

// Poison makes [addr, addr+size), which must hold nothing, raise SIGBUS on every access, and EFAULT in system calls.
func (u *Userfault) Poison(addr, size uint64) error {
	return u.registered(addr, size, func() error {
		arg := struct {
			start, size, mode uint64
			updated           int64
		}{addr, size, 0, 0}
		return uffd(u.fd, uffdPoison, unsafe.Pointer(&arg))
	})
}

// Copy puts b in place of what was poisoned at addr, at once for all threads. unix.EEXIST says that a page is there.
func (u *Userfault) Copy(addr uint64, b []byte) error {
	return u.registered(addr, uint64(len(b)), func() error {
		for {
			arg := struct {
				dst        uint64
				src        unsafe.Pointer
				size, mode uint64
				done       int64
			}{addr, unsafe.Pointer(&b[0]), uint64(len(b)), copyDontWake, 0}
			if err := uffd(u.fd, uffdCopy, unsafe.Pointer(&arg)); err != unix.EAGAIN { // the map is changing
				return err
			}
		}
	})
}

// Continue maps what a shared object has at addr, at once for all threads, in place of what was poisoned.
func (u *Userfault) Continue(addr, size uint64) error {
	return u.registered(addr, size, func() error {
		arg := struct {
			start, size, mode uint64
			mapped            int64
		}{addr, size, copyDontWake, 0}
		return uffd(u.fd, uffdContinue, unsafe.Pointer(&arg))
	})
}

// registered runs f while the range is registered. It is not kept so: registering cuts mappings in pieces.
func (u *Userfault) registered(addr, size uint64, f func() error) error {
	in := struct{ start, size, mode, ioctls uint64 }{addr, size, modeWP, 0}
	if err := uffd(u.fd, uffdRegister, unsafe.Pointer(&in)); err != nil {
		return fmt.Errorf("UFFDIO_REGISTER of %#x: %w", addr, err)
	}
	err := f()
	out := struct{ start, size uint64 }{addr, size}
	if e := uffd(u.fd, uffdUnregister, unsafe.Pointer(&out)); e != nil && err == nil {
		err = fmt.Errorf("UFFDIO_UNREGISTER of %#x: %w", addr, e)
	}
	return err
}

func uffd(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
