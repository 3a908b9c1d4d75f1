package syscalls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// The differential test makes real system calls on memory filled with a canary and checks that every byte that changed
// lies in the ranges predicted. Each case runs twice, with opposite canaries, so that no written byte can look unwritten.

// A rig is the memory of one call: slots of slotSize bytes, each followed by an unmapped page, outside the Go heap.
//
//	base  slot 0 │ hole │ slot 1 │ hole │ ...
type rig struct {
	*testing.T
	base uint64
}

const (
	slots    = 10
	slotSize = 4 * 4096
	stride   = slotSize + 4096
	bad      = 8 // an address that is not null and not mapped
)

func newRig(t *testing.T) *rig {
	addr, _, e := unix.Syscall6(unix.SYS_MMAP, 0, slots*stride, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
	if e != 0 {
		t.Fatal("mmap:", e)
	}
	t.Cleanup(func() { unix.Syscall(unix.SYS_MUNMAP, addr, slots*stride, 0) })
	for i := range uintptr(slots) {
		if _, _, e := unix.Syscall(unix.SYS_MPROTECT, addr+i*stride, slotSize, unix.PROT_READ|unix.PROT_WRITE); e != 0 {
			t.Fatal("mprotect:", e)
		}
	}
	return &rig{t, uint64(addr)}
}

// buf is the address of slot i.
func (r *rig) buf(i int) uint64 { return r.base + uint64(i)*stride }

// edge is the address n bytes before the end of slot i: a longer write runs into the hole.
func (r *rig) edge(i int, n uint64) uint64 { return r.buf(i) + slotSize - n }

// put writes values at an address and returns it.
func (r *rig) put(addr uint64, values ...any) uint64 {
	r.Helper()
	var b bytes.Buffer
	for _, v := range values {
		if s, ok := v.(string); ok {
			v = append([]byte(s), 0)
		}
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			r.Fatal(err)
		}
	}
	r.poke(addr, b.Bytes())
	return addr
}

func (r *rig) poke(addr uint64, data []byte) {
	r.Helper()
	local := []unix.Iovec{{Base: &data[0], Len: uint64(len(data))}}
	if n, err := unix.ProcessVMWritev(os.Getpid(), local, []unix.RemoteIovec{{Base: uintptr(addr), Len: len(data)}}, 0); n != len(data) {
		r.Fatalf("poke %#x: %d %v", addr, n, err)
	}
}

// Read is Memory.
func (r *rig) Read(addr uint64, buf []byte) error {
	local := []unix.Iovec{{Base: &buf[0], Len: uint64(len(buf))}}
	n, err := unix.ProcessVMReadv(os.Getpid(), local, []unix.RemoteIovec{{Base: uintptr(addr), Len: len(buf)}}, 0)
	if err == nil && n != len(buf) {
		err = unix.EFAULT
	}
	return err
}

func (r *rig) fill(canary byte) {
	for i := range slots {
		r.poke(r.buf(i), bytes.Repeat([]byte{canary}, slotSize))
	}
}

// snapshot is all slots, without the holes.
func (r *rig) snapshot() [][]byte {
	all := make([][]byte, slots)
	for i := range all {
		all[i] = make([]byte, slotSize)
		if err := r.Read(r.buf(i), all[i]); err != nil {
			r.Fatal(err)
		}
	}
	return all
}

// unpredicted lists the bytes that changed since before and lie in none of the ranges, and counts those that changed.
func (r *rig) unpredicted(before [][]byte, ranges []Range) (missed []string, changed int) {
	after := r.snapshot()
	for i := range after {
		for j := range after[i] {
			if before[i][j] == after[i][j] {
				continue
			}
			changed++
			addr := r.buf(i) + uint64(j)
			if !slices.ContainsFunc(ranges, func(g Range) bool { return addr-g.Addr < g.Len }) {
				missed = append(missed, fmt.Sprintf("slot %d byte %d: %#x -> %#x", i, j, before[i][j], after[i][j]))
			}
		}
	}
	return missed, changed
}

// file makes a file of this content, opened for reading and writing; it is closed after the test.
func (r *rig) file(content string) uint64 {
	r.Helper()
	f, err := os.OpenFile(r.path(), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = f.WriteAt([]byte(content), 0)
	}
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { f.Close() })
	return uint64(f.Fd())
}

func (r *rig) path() string { return filepath.Join(r.TempDir(), "file") }

// fd is a descriptor that some system call gave, closed after the test.
func (r *rig) fd(fd int, err error) uint64 {
	r.Helper()
	if err != nil {
		r.Skip(err)
	}
	r.Cleanup(func() { unix.Close(fd) })
	return uint64(fd)
}

// pair is a connected pair of sockets.
func (r *rig) pair(kind int) (uint64, uint64) {
	r.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
	if err != nil {
		r.Fatal(err)
	}
	return r.fd(fds[0], nil), r.fd(fds[1], nil)
}

// pipe is the reading and the writing end of a pipe that holds this text.
func (r *rig) pipe(text string) (uint64, uint64) {
	r.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
		r.Fatal(err)
	}
	r.send(uint64(p[1]), text)
	return r.fd(p[0], nil), r.fd(p[1], nil)
}

func (r *rig) send(fd uint64, text string) {
	r.Helper()
	if text == "" {
		return
	}
	if _, err := unix.Write(int(fd), []byte(text)); err != nil {
		r.Fatal(err)
	}
}

// fixture is a resource of the kernel that make gives the number of, undone after the test.
func (r *rig) fixture(nr uintptr, a, b, c uintptr, undo func(id uintptr)) uint64 {
	r.Helper()
	id, _, e := unix.Syscall(nr, a, b, c)
	if e != 0 {
		r.Skip(Name(uint64(nr)), e)
	}
	r.Cleanup(func() { undo(id) })
	return uint64(id)
}

type args = [6]uint64

// result is how a case expects its call to end: fine, or with an errno.
type result = unix.Errno

const fine result = 0

// drive is one system call in one situation.
type drive struct {
	name  string // of the call, perhaps with a space and the situation
	want  result
	args  func(r *rig) args
	quiet bool // nothing is written: the case checks that nothing is
}

// run makes the call over one canary and checks it. A kernel that lacks the call, or a sandbox that forbids it, skips.
func (d drive) run(t *testing.T, canary byte) {
	runtime.LockOSThread() // for good: what the call changed in its thread (groups, name, locks) ends with it
	r := newRig(t)
	r.fill(canary)
	a := d.args(r)
	nr := numberOf(t, d.name)
	before := r.snapshot()
	pending := Plan(nr, a, r)
	ret, _, e := unix.Syscall6(uintptr(nr), uintptr(a[0]), uintptr(a[1]), uintptr(a[2]), uintptr(a[3]), uintptr(a[4]), uintptr(a[5]))
	result := int64(ret)
	if e != 0 {
		result = -int64(e)
	}
	ranges := pending.Writes(result, r)
	missed, changed := r.unpredicted(before, ranges)
	if len(missed) > 0 {
		t.Errorf("ret %d: %d of %d changed bytes outside %#x, such as %v", result, len(missed), changed, ranges, missed[:min(4, len(missed))])
	}
	if e != d.want {
		if e == unix.ENOSYS || e == unix.EPERM || e == unix.EOPNOTSUPP || e == unix.EACCES {
			t.Skip("not here:", e)
		}
		t.Fatalf("ended with %v, not %v", e, d.want)
	}
	if (changed == 0) != d.quiet {
		t.Errorf("ret %d: %d bytes changed", result, changed)
	}
}

// TestWritesArePredicted drives all cases and sees that they are enough of the table.
func TestWritesArePredicted(t *testing.T) {
	driven := map[string]bool{}
	for _, d := range slices.Concat(fileDrives, vectorDrives, socketDrives, timeDrives, processDrives, memoryDrives, ipcDrives, ioctlDrives) {
		t.Run(d.name, func(t *testing.T) {
			for _, canary := range []byte{0xa5, 0x5a} {
				t.Run(fmt.Sprintf("%x", canary), func(t *testing.T) {
					d.run(t, canary)
					driven[Name(numberOf(t, d.name))] = true
				})
			}
		})
	}
	t.Logf("%d system calls driven", len(driven))
	if len(driven) < 80 && !testing.Short() && !t.Failed() {
		t.Errorf("only %d system calls could be driven", len(driven))
	}
}

// numberOf finds the call that a case names.
func numberOf(t *testing.T, name string) uint64 {
	t.Helper()
	for i, c := range name {
		if c == ' ' {
			name = name[:i]
			break
		}
	}
	for nr := range table {
		if table[nr].Name == name {
			return uint64(nr)
		}
	}
	t.Fatalf("no system call %q", name)
	return 0
}
