package engine

import (
	"errors"
	"slices"
	"strings"

	"kmv/engine/view"
)

// Trigger is something to do once so much has happened, while no thread of the program runs. With neither count it is due
// at once.
type Trigger struct {
	Stops    uint64 // of the engine, since the start
	Syscalls uint64 // of the program, since the start
	Place    string // or when a thread comes to a function, or an address 0x...
	// Do says whether it could be done; if not, it is tried again a few stops later.
	Do func(*Site) bool
}

// trigger is one that waits.
type trigger struct {
	Trigger
	attempts uint64
}

// triggers are those of a run that wait, and what they count.
type triggers struct {
	waiting     []*trigger
	stops       uint64 // of all reasons
	pulling     bool
	stopCalls   bool // all system calls stop, to be counted
	lastFailure int  // number of the last injected error
}

// When adds a trigger to a run. For one that is to be exact it must be there from the start: Options.Triggers.
func (l *Live) When(t Trigger) error {
	var own error
	err := l.requests.do(func(e *engine) {
		if t.Place == "" {
			e.wait(t)
		} else {
			own = e.waitAtPlace(t)
		}
	})
	return errors.Join(err, own)
}

// waitForPlaces arms the triggers of Options that wait at a place, with the program in front of its first instruction, and lets
// it go if it was held for them only.
func (e *engine) waitForPlaces() error {
	for _, t := range e.opts.Triggers {
		if t.Place == "" {
			continue
		}
		if err := e.waitAtPlace(t); err != nil {
			return err
		}
	}
	if !e.paused || e.opts.Paused {
		return nil
	}
	return e.goOnAll()
}

// waitAtPlace arms a trigger by a breakpoint that nobody sees.
func (e *engine) waitAtPlace(tr Trigger) error {
	t, err := e.threadOf(view.Command{})
	if err != nil {
		return err
	}
	c := view.Command{Text: tr.Place}
	if strings.HasPrefix(c.Text, "0x") {
		c.Text = "*" + c.Text
	}
	_, err = e.addBreak(t, c, &breakpoint{pid: t.pid, trigger: &trigger{Trigger: tr}})
	return err
}

// pullAt pulls the triggers of the place that a thread has come to. Those that could do what they are for are gone then.
func (e *engine) pullAt(t *thread) error {
	var here []*breakpoint
	for _, b := range t.p.code.breaks[t.regs.Rip] {
		if b.trigger != nil {
			here = append(here, b)
		}
	}
	if len(here) == 0 {
		return nil
	}
	return e.whileParked(func(u *thread) bool { return u != t }, func() error {
		for _, b := range here {
			if b.trigger.Do(&Site{e}) {
				e.removeBreak(b)
			}
		}
		return nil
	})
}

// wait arms a trigger. While one counts system calls, all of them stop: those that run in the target could only be
// counted from time to time.
func (e *engine) wait(t Trigger) {
	e.triggers.waiting = append(e.triggers.waiting, &trigger{Trigger: t})
	if t.Syscalls > 0 && !e.triggers.stopCalls {
		e.triggers.stopCalls = true
		e.allowCallsEverywhere()
	}
}

// reached pulls the triggers that are due. t stands between two native instructions, and nothing has been done yet of the
// system call that it may be about to make.
func (e *engine) reached(t *thread) error {
	if len(e.triggers.waiting) == 0 || e.triggers.pulling {
		return nil
	}
	calls := e.syscallStats().Total
	var due []*trigger
	for _, tr := range e.triggers.waiting {
		if e.triggers.stops >= tr.Stops && calls >= tr.Syscalls {
			due = append(due, tr)
		}
	}
	if len(due) == 0 {
		return nil
	}
	return e.whileParked(func(u *thread) bool { return u != t }, func() error {
		e.triggers.pulling = true
		for _, tr := range due {
			e.pull(tr)
		}
		e.triggers.pulling = false
		return nil
	})
}

// pull tries a trigger. Attempts become rarer, and no longer make system calls stop: they cost a look at all pages.
func (e *engine) pull(tr *trigger) {
	const often = 100
	if !tr.Do(&Site{e}) {
		tr.attempts++
		tr.Stops = e.triggers.stops + 1
		if tr.attempts > often {
			tr.Syscalls, tr.Stops = 0, tr.Stops+tr.attempts-often
		}
	} else {
		e.triggers.waiting = slices.DeleteFunc(e.triggers.waiting, func(x *trigger) bool { return x == tr })
	}
	if e.triggers.stopCalls && !slices.ContainsFunc(e.triggers.waiting, func(x *trigger) bool { return x.Syscalls > 0 }) {
		e.triggers.stopCalls = false
		e.allowCallsEverywhere()
	}
}

// allCaches are the code caches in use.
func (e *engine) allCaches() []*codeCache {
	var list []*codeCache
	for _, p := range e.processes {
		if p.code != nil && !slices.Contains(list, p.code) {
			list = append(list, p.code)
		}
	}
	return list
}
