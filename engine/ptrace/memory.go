package ptrace

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Memory reads and writes a target's address space, ignoring page protections (proc(5), /proc/PID/mem; ptrace access).
// It is safe while threads of the target run, with no promise of atomicity.
type Memory struct {
	pid  int
	file *os.File
}

// OpenMemory opens the memory of a process that this thread traces. After an execve it must be opened anew.
func OpenMemory(pid int) (*Memory, error) {
	f, err := os.OpenFile("/proc/"+strconv.Itoa(pid)+"/mem", os.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("target memory: %w", err)
	}
	return &Memory{pid, f}, nil
}

// Close releases the descriptor.
func (m *Memory) Close() error { return m.file.Close() }

// Read fills buf from addr, or fails: a partial read is an error.
func (m *Memory) Read(addr uint64, buf []byte) error {
	n, err := m.ReadSome(addr, buf)
	if n == len(buf) {
		return nil
	}
	return fmt.Errorf("read %d bytes of the target at %#x: %w", len(buf), addr, err)
}

// ReadSome reads as much as there is; n < len(buf) comes with an error.
func (m *Memory) ReadSome(addr uint64, buf []byte) (n int, err error) {
	for n < len(buf) {
		k, err := unix.Pread(int(m.file.Fd()), buf[n:], int64(addr)+int64(n))
		if k <= 0 {
			if err == nil {
				err = unix.EFAULT
			}
			return n, err
		}
		n += k
	}
	return n, nil
}

// Write stores buf at addr, whatever the page's protection; private pages are copied first, as by a debugger.
func (m *Memory) Write(addr uint64, buf []byte) error {
	for n := 0; n < len(buf); {
		k, err := unix.Pwrite(int(m.file.Fd()), buf[n:], int64(addr)+int64(n))
		if k <= 0 {
			if err == nil {
				err = unix.EFAULT
			}
			return fmt.Errorf("write %d bytes of the target at %#x: %w", len(buf), addr, err)
		}
		n += k
	}
	return nil
}

// TakeFD duplicates a target's descriptor into this process (pidfd_getfd(2)).
func TakeFD(pid, fd int) (int, error) {
	p, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(p)
	got, err := unix.PidfdGetfd(p, fd, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_getfd of the target's descriptor %d: %w", fd, err)
	}
	unix.CloseOnExec(got)
	return got, nil
}
