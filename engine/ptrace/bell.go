package ptrace

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Bell is a process that exists to be traced: a signal to it ends a Wait, without touching a target. It shares kmv's memory
// and does nothing but pause(2).
type Bell struct{ pid int }

func cloneBell() int

// NewBell makes a bell for the calling thread's Wait. All signals but SIGSTOP are blocked in it.
func NewBell() (*Bell, error) {
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^uint64(0)
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		return nil, fmt.Errorf("block signals: %w", err)
	}
	pid := cloneBell()
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
		return nil, fmt.Errorf("unblock signals: %w", err)
	}
	if pid < 0 {
		return nil, fmt.Errorf("clone: %w", unix.Errno(-pid))
	}
	b := &Bell{pid}
	if err := Seize(pid, unix.PTRACE_O_EXITKILL); err != nil {
		b.Close()
		return nil, fmt.Errorf("seize the bell: %w", err)
	}
	return b, nil
}

// Ring makes Wait return a stop of the bell. Any goroutine may call it; rings that are not answered yet are one.
func (b *Bell) Ring() { _ = unix.Kill(b.pid, unix.SIGSTOP) }

// Rang says whether a stop is the bell's.
func (b *Bell) Rang(s Stop) bool { return s.Tid == b.pid }

// Answer lets the bell ring again.
func (b *Bell) Answer() error { return Cont(b.pid, 0) }

// Holds says whether a signal waits for the bell: one that was sent to all of kmv's process group.
func (b *Bell) Holds(sig unix.Signal) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.pid))
	_, rest, found := bytes.Cut(status, []byte("\nShdPnd:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	pending, err2 := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 64)
	return err == nil && found && err2 == nil && pending>>(sig-1)&1 != 0
}

// Close ends the bell; its end is one more stop for Wait.
func (b *Bell) Close() { _ = unix.Kill(b.pid, unix.SIGKILL) }
