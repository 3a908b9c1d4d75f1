package ptrace

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// options are what the engine wants to be told about (ptrace(2), PTRACE_SETOPTIONS). EXITKILL: if kmv dies in any way,
// the kernel kills what it traces.
const options = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC |
	unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEVFORKDONE | unix.PTRACE_O_EXITKILL

// StopAtEnd makes a stopped thread, and those that it makes, stop before they end.
func StopAtEnd(tid int) error {
	return request(unix.PTRACE_SETOPTIONS, tid, 0, options|unix.PTRACE_O_TRACEEXIT)
}

// Start executes path in a new process with files as its descriptors, and the caller's directory, limits and process group, and
// returns it stopped by Seize before its first instruction. The calling goroutine must be locked to its thread.
// With terminal, the first file becomes the controlling terminal of a session that the process leads.
//
// If somebody kills it meanwhile there is no error: Wait tells of its end.
//
// The child starts under PTRACE_TRACEME, which makes the kernel stop it after execve; it is then traded for a seized
// one, because only those tell group stops from signals. It cannot run in between: SIGSTOP goes with the detach.
func Start(path string, argv, env []string, files []uintptr, terminal bool) (pid int, err error) {
	pid, err = syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env:   env,
		Files: files,
		Sys:   &syscall.SysProcAttr{Ptrace: true, Setsid: terminal, Setctty: terminal}, // Ctty 0: the first file
	})
	if err != nil {
		return 0, err
	}
	if err := seizeStarted(pid); err != nil {
		if ended(pid) {
			return pid, nil
		}
		_ = unix.Kill(pid, unix.SIGKILL)
		return 0, fmt.Errorf("take over %s: %w", path, err)
	}
	return pid, nil
}

func seizeStarted(pid int) error {
	if s, err := WaitFor(pid); err != nil || s.Kind != Signaled {
		return fmt.Errorf("first stop: %v %w", s, os.NewSyscallError("wait4", err))
	}
	if err := Detach(pid, unix.SIGSTOP); err != nil {
		return err
	}
	if err := waitStopped(pid); err != nil {
		return fmt.Errorf("wait for SIGSTOP: %w", err)
	}
	if err := Seize(pid, options); err != nil {
		return err
	}
	if s, err := WaitFor(pid); err != nil || s.Kind != GroupStop {
		return fmt.Errorf("stop after seize: %v %w", s, os.NewSyscallError("wait4", err))
	}
	// The group stop must end, and its end (a PTRACE_EVENT_STOP with SIGTRAP, or SIGCONT's delivery) must be consumed,
	// while the thread still executes nothing: resume it only to be stopped again.
	return endGroupStop(pid)
}

// waitStopped waits for a child to stop. Its end is not taken.
func waitStopped(pid int) error {
	for _, options := range [...]int{unix.WSTOPPED | unix.WEXITED | unix.WNOWAIT, unix.WSTOPPED | unix.WNOHANG} {
		if _, err := waitid(pid, options); err != nil {
			return err
		}
	}
	return nil
}

// ended says whether a child's end is there to be waited for.
func ended(pid int) bool {
	there, err := waitid(pid, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT)
	return there && err == nil || slices.ContainsFunc(backlog, func(s Stop) bool { return s.Tid == pid && s.End() })
}

func waitid(pid, options int) (there bool, err error) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, options|unix.WALL, nil)
		if err != unix.EINTR {
			return info.Signo != 0, os.NewSyscallError("waitid", err)
		}
	}
}

func endGroupStop(pid int) error {
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		return err
	}
	if err := Interrupt(pid); err != nil {
		return err
	}
	// Still in the group-stop's ptrace stop: continuing delivers SIGCONT and the pending trap before user mode.
	if err := Cont(pid, 0); err != nil {
		return err
	}
	for {
		s, err := WaitFor(pid)
		if err != nil {
			return err
		}
		switch {
		case s.Kind == Interrupted:
			return nil
		case s.Kind == Signaled && s.Sig == unix.SIGCONT:
			if err := Interrupt(pid); err != nil {
				return err
			}
			if err := Cont(pid, 0); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unexpected stop %v", s)
		}
	}
}
