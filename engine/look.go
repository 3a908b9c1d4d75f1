package engine

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// Look reads a snapshot between two stops; the program runs on.
func (l *Live) Look(ctx context.Context, q view.Query) (*view.Snapshot, error) {
	var s *view.Snapshot
	err := l.requests.do(func(e *engine) { s = e.look(q) })
	return s, err
}

func (e *engine) look(q view.Query) *view.Snapshot {
	s := &view.Snapshot{
		Seq: e.events.sequence(), Time: time.Since(e.start).Seconds(), State: view.Running, Program: e.opts.Path, Argv: e.opts.Argv,
		Offset: e.layout.Offset, Pid: e.root, Thread: e.current, Counters: e.counters(),
	}
	if q.Failures {
		s.Failures = slices.Clone(e.failures.Events)
	}
	if e.paused {
		s.State, s.Reason = view.Paused, e.reason
	}
	return s
}

// counters are the totals so far.
func (e *engine) counters() view.Counters {
	c := view.Counters{
		Syscalls: e.syscallStats().Total, DivergentBytes: e.verify.DivergentBytes, Gaps: len(e.gaps),
		Threads: len(e.threads), Processes: len(e.processes), Blocks: e.total.Blocks, CacheBytes: e.total.CacheBytes,
	}
	f := &e.failures
	c.Injected, c.Detected, c.Recovered, c.Masked, c.Unrecovered = f.Injected, f.Detected, f.Recovered, f.Masked, f.Unrecovered
	for _, n := range e.stops {
		c.Stops += uint64(n)
	}
	var seen []*codeCache
	for _, p := range e.processes {
		if p.code != nil && !slices.Contains(seen, p.code) {
			seen = append(seen, p.code)
			c.Blocks += p.code.index.len()
			c.CacheBytes += int(p.code.pos)
		}
		for _, m := range p.space.All() {
			if m.Writable() {
				c.BytesWritable += m.Len()
			}
			if m.Compared() {
				c.BytesMirrored += m.Len()
			}
		}
	}
	return c
}

// Do carries out a command.
func (l *Live) Do(ctx context.Context, c view.Command) (view.Reply, error) {
	if done, err := l.doTerminal(c); done {
		return view.Reply{}, err
	}
	var reply view.Reply
	var own error
	err := l.requests.do(func(e *engine) { reply, own = e.do(c) })
	if err != nil {
		return view.Reply{}, err
	}
	return reply, own
}

// commands are what a run can be told.
var commands = map[view.Op]func(*engine, view.Command) (view.Reply, error){
	view.Pause:    func(e *engine, _ view.Command) (view.Reply, error) { return view.Reply{}, e.pause("paused") },
	view.Continue: func(e *engine, _ view.Command) (view.Reply, error) { return view.Reply{}, e.goOnAll() },
	view.Kill:     kill,
	view.Verify:   verifyNow,
}

func (e *engine) do(c view.Command) (view.Reply, error) {
	f := commands[c.Op]
	if f == nil {
		return view.Reply{}, &view.CommandError{Text: string(c.Op), End: len(c.Op), Problem: "is not a command of a live run"}
	}
	return f(e, c)
}

// kill ends the tree; its last stops then come as they come.
func kill(e *engine, _ view.Command) (view.Reply, error) {
	for _, t := range e.threads {
		_ = unix.Kill(t.pid, unix.SIGKILL)
	}
	e.paused = false
	return view.Reply{}, nil
}

// verifyNow compares the halves of all processes.
func verifyNow(e *engine, _ view.Command) (view.Reply, error) {
	before, bytes := len(e.verify.Divergent), e.verify.BytesCompared
	err := e.verifyAll()
	r := view.Reply{Compared: e.verify.BytesCompared - bytes}
	for _, d := range e.verify.Divergent[before:] {
		r.Divergent = append(r.Divergent, view.Divergent(d))
	}
	return r, err
}
