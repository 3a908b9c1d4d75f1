package engine

import (
	"context"
	"slices"
	"time"

	"kmv/engine/view"
)

// Look reads a snapshot between two stops; the program runs on. When it has ended, Look shows its end.
func (l *Live) Look(ctx context.Context, q view.Query) (*view.Snapshot, error) {
	var s *view.Snapshot
	var own error
	err := l.requests.do(func(e *engine) { s, own = e.look(q) })
	if err == ErrEnded && l.final != nil {
		return l.final.Part(q), nil
	}
	if err == nil {
		err = own
	}
	return s, err
}

func (e *engine) look(q view.Query) (*view.Snapshot, error) {
	s := &view.Snapshot{
		Seq: e.events.sequence(), Time: time.Since(e.start).Seconds(), State: view.Running, Program: e.opts.Path, Argv: e.opts.Argv,
		Offset: e.layout.Offset, Pid: e.root, Counters: e.counters(),
	}
	if q.Failures {
		s.Failures = slices.Clone(e.failures.Events)
	}
	if e.paused {
		s.State, s.Reason = view.Paused, e.reason
	}
	t, err := e.threadOf(view.Command{Thread: q.Thread})
	if err != nil {
		if q.Thread != 0 {
			return nil, err
		}
		return s, nil
	}
	s.Pid, s.Thread = t.pid, t.tid
	if e.paused && !t.running {
		if q.Registers || q.Vectors {
			s.Registers = e.registers(t, q.Vectors)
			if q.Frame > 0 {
				s.Frame = e.registersOf(t, q.Frame, s.Registers)
			}
		}
		if q.Stack {
			s.Stack = e.stack(t)
		}
	}
	if q.Code != nil {
		s.Code = e.code(t, *q.Code)
	}
	for _, m := range q.Memory {
		w, err := e.window(t, q.Frame, m)
		if err != nil {
			return nil, err
		}
		s.Memory = append(s.Memory, w)
	}
	if q.Threads {
		s.Threads, s.Processes = e.threadList(), e.processList()
	}
	if q.Rates {
		e.wantRates()
	}
	if q.Ranges {
		s.Ranges = e.ranges(t)
		e.sampler.spread(t.pid, s.Ranges)
		for _, r := range s.Ranges {
			if r.Kind != "variable" {
				s.Counters.BytesResident += r.Resident
			}
		}
	}
	if q.Breaks {
		s.Breaks = e.breakViews()
	}
	if q.Gaps {
		s.Gaps = e.gapViews()
	}
	if q.Blocks {
		s.Blocks = e.blocks(t)
	}
	return s, nil
}

func (e *engine) breakViews() (list []view.BreakPoint) {
	for _, b := range e.debug.breaks {
		if b.trigger == nil {
			list = append(list, b.BreakPoint)
		}
	}
	return list
}

// counters are the totals so far.
func (e *engine) counters() view.Counters {
	calls := e.syscallStats()
	c := view.Counters{
		Syscalls: calls.Total, SyscallBytes: calls.BytesMirrored, Retired: e.failures.Retired,
		DivergentBytes: e.verify.DivergentBytes - e.differed, Gaps: len(e.unseen),
		Threads: len(e.threads), Processes: len(e.processes), Blocks: e.total.Blocks, CacheBytes: e.total.CacheBytes,
	}
	c.Scrubbed, c.ScrubPosition, c.ScrubPasses = e.scrubbed.Load(), e.scrubAt.Load(), e.scrubStats.Passes
	f := &e.failures
	c.Injected, c.Detected, c.Recovered, c.Masked, c.Unrecovered = f.Injected, f.Detected, f.Recovered, f.Masked, f.Unrecovered
	for _, n := range e.stops {
		c.Stops += uint64(n)
	}
	e.tellStores(&c)
	var seen []*codeCache
	for _, p := range e.processes {
		if p.code != nil && !slices.Contains(seen, p.code) {
			seen = append(seen, p.code)
			c.Blocks += p.code.index.len()
			c.CacheBytes += int(p.code.pos)
			c.Stores += p.code.storesCounted()
			c.Counting = c.Counting || p.code.counting
		}
		for _, m := range p.space.All() {
			if !m.Writable() {
				continue
			}
			c.BytesWritable += m.Len()
			if m.Compared() {
				c.BytesMirrored += m.Len()
			}
		}
	}
	return c
}
