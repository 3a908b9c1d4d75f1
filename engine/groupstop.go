package engine

import (
	"os"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
)

// A stopping signal stops a thread anywhere: perhaps between a store and its copy, and for long. So it is first taken to a point
// between two native instructions, from where it stops again before it executes anything (stopDue).

// groupStop lets a stopped thread stay so until SIGCONT. When job control stops the program itself, kmv stops too, so
// that the shell sees its job stop.
func (e *engine) groupStop(t *thread) error {
	sig := t.stopped.Sig
	if clean, err := e.cleanToStop(t); !clean || err != nil {
		return err
	}
	if err := ptrace.Listen(t.tid); err != nil {
		return err
	}
	if t.tid == e.root && sig != unix.SIGSTOP {
		return unix.Kill(os.Getpid(), unix.SIGSTOP)
	}
	return nil
}

// cleanToStop says whether a thread may stay where it stopped; else it is on its way to where it may.
func (e *engine) cleanToStop(t *thread) (bool, error) {
	if t.clean {
		t.clean = false
		return true, nil
	}
	s := t.stopped
	s.Kind = ptrace.Interrupted
	s, err := t.pendingFault(s)
	if err != nil {
		return false, err
	}
	t.stopped = s
	if c := t.call; c != nil { // for the program it is a stop of its own: a call may return short for it
		was := c.wasCut
		defer func() { c.wasCut = was }()
	}
	still, err := e.parkAt(t, s)
	if err != nil {
		return false, err
	}
	if still && (t.call != nil || e.interrupted(t)) { // nothing was executed
		t.stopped.Kind = ptrace.GroupStop
		return true, nil
	}
	t.stopDue = true
	if !still {
		return false, nil // its stop waits in the queue
	}
	t.clean = true
	return false, e.enter(t)
}
