package engine

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
)

// noteLast keeps what can be seen of the program itself while it still exists, for those who look when it has ended.
func (e *engine) noteLast(t *thread) {
	if s, err := e.look(view.Query{Thread: t.tid, Ranges: true, Blocks: e.counters().Counting}); err == nil {
		e.last = s
	}
}

// final is the run when nothing of the program is left. A program that was killed left no ranges.
func (e *engine) final() *view.Snapshot {
	s := &view.Snapshot{Program: e.opts.Path, Argv: e.opts.Argv, Offset: e.layout.Offset, Pid: e.root, Counters: e.counters()}
	if e.last != nil {
		before := e.last.Counters
		*s = *e.last
		s.Counters = e.counters()
		s.Counters.BytesMirrored, s.Counters.BytesWritable, s.Counters.BytesResident = before.BytesMirrored, before.BytesWritable, before.BytesResident
	}
	s.Breaks = e.breakViews()
	s.Seq, s.Time, s.State = e.events.sequence(), time.Since(e.start).Seconds(), view.Ended
	s.Failures, s.Gaps, s.Threads, s.Processes = slices.Clone(e.failures.Events), e.gapViews(), nil, nil
	s.Reason = fmt.Sprintf("exited with %d", e.rootEnd.Code)
	if e.rootEnd.Kind != ptrace.Exited {
		s.Reason = "killed by " + unix.SignalName(e.rootEnd.Sig)
	}
	return s
}
