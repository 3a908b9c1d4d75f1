package engine

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
)

// ErrEnded says that the run is over: nothing can be asked of it any more.
var ErrEnded = view.ErrEnded

// requests are what other goroutines want done on the engine's, between two stops.
type requests struct {
	mu    sync.Mutex
	bell  *ptrace.Bell // nil before the run and behind it
	group *ptrace.Bell // the same, from the start on
	list  []func(*engine)
	ended bool
}

// do runs f on the engine's goroutine and returns when it is done. The program runs meanwhile; f may park it.
func (r *requests) do(f func(*engine)) error {
	done := make(chan bool, 1)
	r.mu.Lock()
	if r.ended {
		r.mu.Unlock()
		return ErrEnded
	}
	r.list = append(r.list, func(e *engine) {
		if e != nil {
			f(e)
		}
		done <- e != nil
	})
	if r.bell != nil {
		r.bell.Ring()
	}
	r.mu.Unlock()
	if !<-done {
		return ErrEnded
	}
	return nil
}

// open makes the bell ring for what was asked already.
func (r *requests) open(b *ptrace.Bell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bell = b
	if len(r.list) > 0 {
		b.Ring()
	}
}

func (r *requests) take() []func(*engine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// sentToAll says whether a signal that kmv got went to its whole process group, as keys do: then it waits for the bell, too, which
// blocks it. A bell that has one cannot show the next.
func (e *engine) sentToAll(sig unix.Signal) bool {
	_ = unix.Setpgid(0, unix.Getpgrp()) // changes nothing, but waits for a sender that is under way: both take the kernel's tasklist_lock
	e.requests.mu.Lock()
	bell := e.requests.group
	e.requests.mu.Unlock()
	if bell == nil || !bell.Holds(sig) {
		return false
	}
	_ = e.requests.do((*engine).changeBell)
	return true
}

// changeBell makes a new bell. Who has rung for the old one is heard.
func (e *engine) changeBell() {
	b, err := ptrace.NewBell()
	if err != nil {
		e.logf("the bell stays: %v", err)
		return
	}
	r := e.requests
	r.mu.Lock()
	e.bell.Close()
	e.bell, r.bell, r.group = b, b, b
	if len(r.list) > 0 {
		b.Ring()
	}
	r.mu.Unlock()
}

// close refuses what is still asked for, and everything from now on.
func (r *requests) close() {
	r.mu.Lock()
	r.ended, r.bell, r.group = true, nil, nil
	r.mu.Unlock()
	for _, f := range r.take() {
		f(nil)
	}
}

// rung does what was asked for.
func (e *engine) rung(s ptrace.Stop) error {
	if s.End() {
		e.bell = nil
		return nil
	}
	for _, f := range e.requests.take() {
		f(e)
	}
	err := e.failed
	if err == nil {
		err = e.bell.Answer()
	}
	if errors.Is(err, unix.ESRCH) {
		err = nil
	}
	return err
}

// everyone parks all threads of all processes. A paused program is parked already.
func (e *engine) everyone() ([]*thread, error) {
	if e.paused {
		return nil, nil
	}
	return e.parkWhere(func(*thread) bool { return true })
}

// atRest runs f while no thread of the program runs: each stands between two native instructions, or in a system call
// whose results are mirrored. A failure of the engine itself ends the run; f's own error is returned.
func (e *engine) atRest(f func() error) error {
	parked, err := e.everyone()
	var own error
	if err == nil {
		own = f()
		err = e.unpark(parked)
	}
	if err != nil && !errors.Is(err, unix.ESRCH) {
		e.failed = err
	}
	return own
}
