package engine

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
)

// debugger is what watchers have asked for.
type debugger struct {
	breaks   []*breakpoint
	lastID   int
	ready    []*thread // in native state, to be stepped when their turn comes
	restart  bool      // the program is to be started again when it is gone
	writes   []debugWrite
	counting bool // executions are
	active   bool // somebody steers: a signal that would kill stops first
	pending  bool // a breakpoint waits for a library
}

// goal is what a thread shall do before everything stops again.
type goal struct {
	left    int           // how often still
	over    bool          // a signal handler that starts meanwhile is run as a whole
	tells   bool          // its reason is worth to be told beside a breakpoint's
	moved   bool          // something was executed since reached was asked
	waiting []*breakpoint // the thread runs until it comes to one of them
	// reached looks at a thread in native state behind an instruction, or at the breakpoint that it waited for. It gives
	// the reason to stop, or "" to go on.
	reached func(e *engine, t *thread) (string, error)
	// before, which may be nil, sees the state in front of each instruction.
	before func(t *thread)
}

// stepsOfTurn is how many instructions a thread is stepped before the engine looks at other stops.
const stepsOfTurn = 64

// turn steps the thread that has waited longest.
func (e *engine) turn() error {
	t := e.debug.ready[0]
	e.debug.ready = e.debug.ready[1:]
	for range stepsOfTurn {
		if len(t.deferred) > 0 {
			return e.enter(t)
		}
		if t.goal == nil || t.goal.waiting != nil { // only past a breakpoint
			t.over = 0
			here, err := e.one(t)
			if !here || err != nil {
				return err
			}
			return e.enter(t)
		}
		stopped, err := e.judge(t)
		if stopped || err != nil {
			return err
		}
		if t.goal == nil || t.goal.waiting != nil {
			return e.enter(t)
		}
		if t.goal.before != nil {
			t.goal.before(t)
		}
		t.goal.moved, t.over = true, 0
		if t.p.watches != nil {
			t.p.watches.by = writer{pc: t.regs.Rip}
		}
		here, err := e.one(t)
		if !here || err != nil {
			return err
		}
	}
	e.debug.ready = append(e.debug.ready, t)
	return nil
}

// judge says whether a thread with a goal stops here.
func (e *engine) judge(t *thread) (bool, error) {
	if !t.goal.moved {
		return false, nil
	}
	t.goal.moved = false
	if t.p.watches != nil {
		if reason := e.noteWrites(t); reason != "" {
			return true, e.pauseAt(t, reason)
		}
	}
	if reason := e.breakReason(t); reason != "" {
		return true, e.pauseAt(t, reason)
	}
	reason, err := t.goal.reached(e, t)
	if err != nil || reason == "" {
		return false, err
	}
	return true, e.pauseAt(t, reason)
}

// dropGoal ends what a thread was told to do.
func (e *engine) dropGoal(t *thread) {
	if t.goal != nil {
		e.stopWaiting(t.goal)
	}
	t.goal = nil
}

// held says whether a thread that is about to enter translated code must be stepped instead.
func (e *engine) held(t *thread) bool {
	if t.goal != nil && t.goal.waiting == nil {
		return true
	}
	return t.over != 0 && t.over == t.regs.Rip && len(t.p.code.breaks[t.over]) > 0
}

// pursue gives a paused thread a goal and lets it go: alone, or with all the others.
func (e *engine) pursue(t *thread, g *goal, alone bool) error {
	t.goal = g
	e.current = t.tid
	e.debug.active = true
	e.paused, e.reason = false, ""
	e.passHere(t)
	e.emit(view.Event{Kind: view.EventResume, Pid: t.pid, Thread: t.tid})
	if !alone || e.inCall(t) || !slices.Contains(e.parked, t) {
		return e.release()
	}
	e.parked = slices.DeleteFunc(e.parked, func(u *thread) bool { return u == t })
	return e.unpark([]*thread{t})
}

// outside is told when a thread is about to do something that may wait for others: a system call.
func (e *engine) outside() error {
	if e.paused || len(e.parked) == 0 {
		return nil
	}
	return e.release()
}

// vanished forgets a thread that is gone. Where it was to do something, everything stops.
func (e *engine) vanished(t *thread) error {
	same := func(u *thread) bool { return u == t }
	e.parked = slices.DeleteFunc(e.parked, same)
	e.debug.ready = slices.DeleteFunc(e.debug.ready, same)
	if t.goal == nil {
		return nil
	}
	e.dropGoal(t)
	if len(e.threads) == 0 {
		return nil
	}
	return e.pauseAt(nil, "thread ended")
}

// soon polls for a stop while threads are being stepped; without one it is their turn.
func (e *engine) soon() (ptrace.Stop, bool, error) {
	for len(e.debug.ready) > 0 && !e.paused {
		s, err := ptrace.Wait(true)
		if err != nil || s.Tid != 0 {
			return s, true, err
		}
		if err := e.turn(); err != nil && !errors.Is(err, unix.ESRCH) {
			return s, true, err
		}
		if len(e.queue) > 0 {
			break
		}
	}
	return ptrace.Stop{}, false, nil
}

// begun is told of a program that was just executed: breakpoints are looked for in it.
func (e *engine) begun(t *thread) {
	if t.goal != nil && len(t.goal.waiting) > 0 {
		t.goal.waiting = nil // they were in the program that is gone
		t.goal.moved = true
		t.goal.reached = func(*engine, *thread) (string, error) { return "exec", nil }
	}
	t.over, t.doom = 0, nil
	if len(e.debug.breaks) > 0 {
		e.resolvePending(t, true)
	}
}

// foretell stops everything before a signal kills the program.
func (e *engine) foretell(t *thread, info ptrace.Siginfo) error {
	t.doom = &info
	sig := unix.Signal(info.Signo)
	return e.pauseAt(t, fmt.Sprintf("%s (%v) at %s will end the program", unix.SignalName(sig), sig, e.placeName(t.p, t.regs.Rip)))
}

// doomed lets the signal come that foretell held back.
func (e *engine) doomed(t *thread) error {
	info := *t.doom
	t.doom = nil
	if t.stopped.Kind != ptrace.Signaled {
		if err := t.trapHere(); err != nil {
			return err
		}
	}
	return e.kill(t, info)
}

// intoHandler is told that a thread with a goal is about to be sent to a signal handler: a step by single instructions ends
// there, others go on when the handler has returned.
func (e *engine) intoHandler(t *thread) error {
	g := t.goal
	switch {
	case g == nil || len(g.waiting) > 0:
	case g.over:
		e.waitAt(t, g, t.regs.Rip, t.regs.Rsp).back = true
	default:
		g.moved = true
	}
	return nil
}
