package ptrace

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// Memory reads and writes a target's address space, ignoring page protections (proc(5), /proc/PID/mem; ptrace access).
// It is safe while threads of the target run, with no promise of atomicity.
type Memory struct {
	pid, fd int
	// Repair, if set, is asked about an address that could not be accessed: true means that it can be now.
	Repair func(addr uint64) bool
	hidden map[uint64]bool // pages whose contents are lost, although the kernel would show some
}

// OpenMemory opens the memory of a process that this thread traces. After an execve it must be opened anew.
func OpenMemory(pid int) (*Memory, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/mem", unix.O_RDWR|unix.O_CLOEXEC, 0) // an os.File would ask epoll about it
	if err != nil {
		return nil, fmt.Errorf("target memory: %w", err)
	}
	return &Memory{pid: pid, fd: fd}, nil
}

// Close releases the descriptor.
func (m *Memory) Close() error {
	fd := m.fd
	m.fd = -1 // the number is soon another file's
	return unix.Close(fd)
}

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
	return m.transfer(unix.Pread, addr, buf, true)
}

// ReadRaw is ReadSome without Repair.
func (m *Memory) ReadRaw(addr uint64, buf []byte) (n int, err error) {
	return m.transfer(unix.Pread, addr, buf, false)
}

// Write stores buf at addr, whatever the page's protection; private pages are copied first, as by a debugger.
func (m *Memory) Write(addr uint64, buf []byte) error {
	if _, err := m.transfer(unix.Pwrite, addr, buf, true); err != nil {
		return fmt.Errorf("write %d bytes of the target at %#x: %w", len(buf), addr, err)
	}
	return nil
}

func (m *Memory) transfer(io func(fd int, b []byte, off int64) (int, error), addr uint64, buf []byte, repair bool) (n int, err error) {
	for n < len(buf) {
		at := addr + uint64(n)
		k, err := io(m.fd, buf[n:m.visible(at, n, len(buf))], int64(at))
		if k <= 0 {
			if repair && m.Repair != nil && m.Repair(at) {
				continue
			}
			if err == nil {
				err = unix.EFAULT
			}
			return n, err
		}
		n += k
	}
	return n, nil
}

// Hide makes accesses to a page fail, or no longer.
func (m *Memory) Hide(page uint64, on bool) {
	if !on {
		delete(m.hidden, page)
		return
	}
	if m.hidden == nil {
		m.hidden = map[uint64]bool{}
	}
	m.hidden[page] = true
}

// visible is where in a buffer of n bytes, from i on, the first hidden page begins.
func (m *Memory) visible(addr uint64, i, n int) int {
	if len(m.hidden) == 0 {
		return n
	}
	for j := i; j < n; j += 4096 - int(addr+uint64(j-i))%4096 {
		if m.hidden[(addr+uint64(j-i))&^4095] {
			return j
		}
	}
	return n
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
