package engine

import (
	"encoding/binary"
	"slices"

	"kmv/engine/syscalls"
)

// Trigger is something to do once so much has happened, while no thread of the program runs. With neither count it is due
// at once.
type Trigger struct {
	Stops    uint64 // of the engine, since the start
	Syscalls uint64 // of the program, since the start
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
	return l.requests.do(func(e *engine) { e.wait(t) })
}

// wait arms a trigger. While one counts system calls, all of them stop: those that run in the target could only be
// counted from time to time.
func (e *engine) wait(t Trigger) {
	e.triggers.waiting = append(e.triggers.waiting, &trigger{Trigger: t})
	if t.Syscalls > 0 && !e.triggers.stopCalls {
		e.triggers.stopCalls = true
		for _, c := range e.allCaches() {
			c.fillTable(nil)
		}
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
	others, err := e.parkWhere(func(u *thread) bool { return u != t })
	if err != nil {
		return err
	}
	e.triggers.pulling = true
	for _, tr := range due {
		e.pull(tr)
	}
	e.triggers.pulling = false
	return e.unpark(others)
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
		for _, c := range e.allCaches() {
			c.fillTable(&e.image.table)
		}
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

// fillTable lets system calls run in the target by the handlers of a table, or with nil makes all of them stop.
func (c *codeCache) fillTable(table *[syscalls.Max]uint32) {
	if table == nil {
		table = &[syscalls.Max]uint32{}
	}
	for nr, at := range table {
		binary.LittleEndian.PutUint32(c.mem[tableSection+4*nr:], at)
	}
}
