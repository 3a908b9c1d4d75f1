package engine

import "kmv/engine/ptrace"

// sole is a system call of a thread during which no other thread of its address space may go on: their stops wait.
//
// A fork copies memory at some moment that is not known: threads were parked for it, but one that stopped by itself, or that another
// one makes, would run again. An execve that succeeds gives its caller the id of the process's leader: what is done to
// the leader at that moment would be done to the new program.
type sole struct {
	by      *thread
	waiting []ptrace.Stop
}

// endSole lets the stops come that waited for a call of t's, if there was one.
func (e *engine) endSole(t *thread) {
	if t.p == nil || t.p.sole == nil || t.p.sole.by != t {
		return
	}
	e.queue = append(e.queue, t.p.sole.waiting...)
	t.p.sole = nil
}
