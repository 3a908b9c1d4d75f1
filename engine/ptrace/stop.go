package ptrace

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// StopKind is what happened to a thread.
type StopKind uint8

// The kinds of stops (ptrace(2), "Stopped states").
const (
	Signaled    StopKind = iota // a signal is about to be delivered: Sig
	GroupStop                   // a stopping signal took effect: Sig
	Interrupted                 // Interrupt, or a new thread's first stop
	Cloned                      // clone: Message is the new thread's id
	Forked                      // fork or vfork-like: Message is the new process's id
	Execed                      // execve succeeded: Message is the former thread id
	Exiting                     // the thread is about to end: Message is its wait status
	VforkDone                   // a vfork child has released its parent
	SyscallStop                 // entry or exit of a system call
	Exited                      // the thread or process is gone: Code
	Killed                      // the process died of Sig
	Other
)

// Stop is one decoded wait status.
type Stop struct {
	Tid     int
	Kind    StopKind
	Sig     unix.Signal
	Code    int
	Core    bool
	Message uint64
}

// End says whether nothing of the thread is left.
func (s Stop) End() bool { return s.Kind == Exited || s.Kind == Killed }

// Status is the wait status of an end (wait(2)).
func (s Stop) Status() uint64 {
	if s.Kind == Exited {
		return uint64(s.Code) << 8
	}
	status := uint64(s.Sig)
	if s.Core {
		status |= 0x80
	}
	return status
}

func (s Stop) String() string {
	names := [...]string{"signal", "group-stop", "interrupted", "clone", "fork", "exec", "exiting", "vfork-done", "syscall", "exited", "killed", "other"}
	return fmt.Sprintf("%d %s sig=%d code=%d msg=%d", s.Tid, names[s.Kind], s.Sig, s.Code, s.Message)
}

// ErrNoTarget says that there is nothing left to wait for.
var ErrNoTarget = errors.New("no traced threads left")

// backlog are stops that came while another thread's was waited for, oldest first.
var backlog []Stop

// Wait returns the next stop of any traced thread. It blocks unless poll is set; then a zero Tid means none.
func Wait(poll bool) (Stop, error) {
	if len(backlog) > 0 {
		s := backlog[0]
		backlog = backlog[1:]
		return s, nil
	}
	return wait(-1, poll)
}

// WaitFor is the next stop of one thread. Stops of others are taken from the kernel meanwhile, and kept for Wait: the end of a
// group leader is reported only when the ends of all its threads have been (ptrace(2), "Death under ptrace"). A thread that
// ends instead of stopping, or whose id is gone because it executed a program, is unix.ESRCH, as for every other request; its
// end is kept for Wait or WaitEnd.
func WaitFor(tid int) (Stop, error) {
	for i, s := range backlog {
		if s.Tid != tid {
			continue
		}
		if s.End() {
			return Stop{}, unix.ESRCH
		}
		backlog = slices.Delete(backlog, i, i+1)
		return s, nil
	}
	for {
		s, err := wait(tid, true)
		if s.Tid == 0 && err == nil {
			s, err = wait(-1, false)
		}
		switch {
		case err == ErrNoTarget:
			return Stop{}, unix.ESRCH
		case err != nil || s.Tid == tid && !s.End():
			return s, err
		}
		if backlog = append(backlog, s); s.Tid == tid {
			return Stop{}, unix.ESRCH
		}
	}
}

// WaitEnd waits for the end of a thread, through what stops there still are.
func WaitEnd(tid int) (Stop, error) {
	for {
		if _, err := WaitFor(tid); err == unix.ESRCH {
			break
		} else if err != nil {
			return Stop{}, err
		}
		if err := Cont(tid, 0); err != nil && err != unix.ESRCH {
			return Stop{}, err
		}
	}
	for i, s := range backlog {
		if s.Tid == tid && s.End() {
			backlog = slices.Delete(backlog, i, i+1)
			return s, nil
		}
	}
	return Stop{}, unix.ESRCH
}

// Ending is told of each thread that is about to end, if StopAtEnd was asked for: its registers and memory are still there.
// It must not wait. Nobody else sees that stop.
var Ending func(tid int)

// wait is wait4 for one thread, or for any with tid -1.
func wait(tid int, poll bool) (Stop, error) {
	options := unix.WALL
	if poll {
		options |= unix.WNOHANG
	}
	for {
		var ws unix.WaitStatus
		got, err := unix.Wait4(tid, &ws, options, nil)
		switch err {
		case nil:
			s, err := decode(got, ws)
			if err == nil && s.Kind == Exiting {
				if Ending != nil {
					Ending(s.Tid)
				}
				if err = Cont(s.Tid, 0); err == nil || err == unix.ESRCH {
					continue
				}
			}
			return s, err
		case unix.EINTR:
		case unix.ECHILD:
			return Stop{}, ErrNoTarget
		default:
			return Stop{}, fmt.Errorf("wait4: %w", err)
		}
	}
}

func decode(tid int, ws unix.WaitStatus) (Stop, error) {
	s := Stop{Tid: tid}
	switch {
	case tid == 0:
	case ws.Exited():
		s.Kind, s.Code = Exited, ws.ExitStatus()
	case ws.Signaled():
		s.Kind, s.Sig, s.Core = Killed, ws.Signal(), ws.CoreDump()
	case ws.Stopped():
		return decodeStop(s, ws)
	default:
		s.Kind = Other
	}
	return s, nil
}

func decodeStop(s Stop, ws unix.WaitStatus) (Stop, error) {
	s.Sig = ws.StopSignal()
	event := int(ws>>16) & 0xff
	switch event {
	case 0:
		s.Kind = Signaled
		if s.Sig == unix.SIGTRAP|0x80 {
			s.Kind = SyscallStop
		}
		return s, nil
	case eventStop:
		s.Kind = Interrupted
		switch s.Sig {
		case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
			s.Kind = GroupStop
		}
		return s, nil
	case unix.PTRACE_EVENT_CLONE:
		s.Kind = Cloned
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK:
		s.Kind = Forked
	case unix.PTRACE_EVENT_EXEC:
		s.Kind = Execed
	case unix.PTRACE_EVENT_EXIT:
		s.Kind = Exiting
	case unix.PTRACE_EVENT_VFORK_DONE:
		s.Kind = VforkDone
	default:
		s.Kind = Other
	}
	var err error
	s.Message, err = EventMessage(s.Tid)
	if err == unix.ESRCH { // killed in between: what the event was about is not to be known
		err = nil
	}
	return s, err
}
