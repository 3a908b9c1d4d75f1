package sessions

import (
	"context"
	"time"

	"kmv/engine/view"
)

// What is pulled at a stop.
const (
	codeBefore  = 24 // instructions
	codeAfter   = 72
	threadsMost = 8  // whose registers and calls are read
	pagesMost   = 48 // of memory
	pagesSecond = 16 // while the program runs
	blocksMost  = 8  // whose code is read, a second
	lookMost    = 5 * time.Second
	firstPull   = 50 * time.Millisecond // then twice that, up to a second
)

// watch pulls until the recording ends.
func (t *tape) watch() {
	defer close(t.done)
	every := firstPull // short runs shall have something in them
	tick := time.NewTimer(every)
	defer tick.Stop()
	for {
		select {
		case <-t.quit:
			t.atEnd()
			return
		case <-t.wake:
			t.atStop()
		case <-tick.C:
			t.everySecond()
			every = min(2*every, time.Second)
			tick.Reset(every)
		}
	}
}

// look reads the run, and counts what that takes.
func (t *tape) look(q view.Query) *view.Snapshot {
	ctx, cancel := context.WithTimeout(context.Background(), lookMost)
	defer cancel()
	start := time.Now()
	if t.w.pressure() < 0 {
		return nil
	}
	s, err := t.run.Look(ctx, q)
	t.mu.Lock()
	t.budget.spend(time.Since(start))
	t.mu.Unlock()
	if err != nil {
		return nil
	}
	return s
}

// atStop reads a stop, or once more what changed at it; then what the watcher sees and was not among that.
func (t *tape) atStop() {
	t.mu.Lock()
	e, again, paused := t.stopped, t.again, t.paused
	t.stopped, t.again = nil, false
	t.mu.Unlock()
	switch {
	case e != nil:
		t.pullStop(e)
	case again && paused:
		t.pullAgain()
	case again:
		t.pullFirst()
	}
	if wanted := t.wishes(); len(wanted) > 0 {
		t.pullPages(wanted)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped == nil && t.settled != nil {
		close(t.settled)
		t.settled = nil
	}
}

// wishes takes the pages that the watcher reads at the stop that lasts, if that was read.
func (t *tape) wishes() []pageKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.paused || t.stopped != nil {
		return nil
	}
	wanted := t.wanted
	t.wanted = nil
	return wanted
}

// pullFirst reads what is there when the recording begins; maybe a stop that was before it.
func (t *tape) pullFirst() {
	s := t.look(view.Query{})
	if s == nil || s.State != view.Paused {
		t.everySecond()
		return
	}
	t.mu.Lock()
	t.paused, t.stopSeq = true, min(t.seq, s.Seq)
	t.mu.Unlock()
	t.pullStop(&view.Event{Seq: s.Seq, Thread: s.Thread})
}

// fits says whether a snapshot was taken at the stop that lasts. If an event before it has not come yet, that cannot be told: then
// the caller is to try again when it has. The caller holds t.mu.
func (t *tape) fits(s *view.Snapshot) (ok, later bool) {
	if s.Seq > t.seq {
		t.late = true
		return false, true
	}
	return t.paused && s.Seq >= t.stopSeq, false
}

// pullStop reads all that a stop shows; little of it if stops come too fast.
func (t *tape) pullStop(e *view.Event) {
	q := view.Query{Thread: e.Thread, Registers: true}
	t.mu.Lock()
	if e.PC == 0 || !t.knows(e.Pid, e.PC) {
		q.Code = &view.CodeQuery{Before: codeBefore, After: codeAfter}
	}
	rich := t.allowed() == all
	t.mu.Unlock()
	if rich {
		q.Vectors, q.Stack, q.Threads, q.Breaks = true, true, true, true
		q.Ranges, q.Gaps = t.due()
	}
	s := t.look(q)
	if s == nil || s.State != view.Paused {
		t.missed()
		return
	}
	p := newPull(PullStop, s)
	others := map[int]*view.Snapshot{}
	if rich {
		others = t.otherThreads(s)
	}
	t.ranges(s)
	latest := s
	if rich {
		latest = t.windows(s, t.pages(s))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch ok, later := t.fits(latest); {
	case t.stopped != nil && t.stopped.Seq <= e.Seq: // it was told of meanwhile, and is read again
		return
	case later && t.stopped == nil:
		t.stopped = e
		return
	case !ok || t.stopped != nil || s.Seq < t.stopSeq:
		t.lose(Dropped{Pulls: 1, Why: "the program went on"})
		return
	}
	t.code(s.Pid, s.Code)
	t.begin()
	t.addThread(p, s.Thread, s)
	for id, o := range others {
		t.addThread(p, id, o)
		t.code(s.Pid, o.Code)
	}
	t.addRest(p, s, q)
	t.addWindows(p, latest.Memory)
	t.write(p)
	t.lastPull = p
	if !rich {
		t.lose(Dropped{Pulls: 1, Why: t.poor()})
	}
}

// pullPages reads what a watcher has seen at a stop, and was not read there.
func (t *tape) pullPages(wanted []pageKey) {
	var q view.Query
	for _, key := range wanted {
		q.Memory = append(q.Memory, view.MemoryQuery{Addr: key.addr, Size: pageSize})
	}
	if !t.rich() {
		t.missed()
		return
	}
	s := t.look(q)
	if s == nil || s.State != view.Paused {
		t.missed()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	ok, later := t.fits(s)
	switch {
	case later:
		t.wanted = append(t.wanted, wanted...)
	case !ok:
		t.lose(Dropped{Pulls: 1, Why: "the program went on"})
	default:
		p := newPull(PullLook, s)
		t.begin()
		t.addWindows(p, s.Memory)
		t.write(p)
	}
}

// pullAgain reads a stop's watched memory, registers and ranges once more.
func (t *tape) pullAgain() {
	if !t.rich() {
		t.missed()
		return
	}
	t.mu.Lock()
	thread := 0
	if t.lastPull != nil {
		thread = t.lastPull.Thread
	}
	t.mu.Unlock()
	q := view.Query{Thread: thread, Registers: true, Vectors: true, Breaks: true, Ranges: true, Gaps: true}
	s := t.look(q)
	if s == nil || s.State != view.Paused {
		t.missed()
		return
	}
	p := newPull(PullLook, s)
	t.ranges(s)
	latest := t.windows(s, t.pages(s))
	t.mu.Lock()
	defer t.mu.Unlock()
	ok, later := t.fits(latest)
	ok = ok && s.Seq >= t.stopSeq
	t.again = t.again || later
	if !ok {
		if !later {
			t.lose(Dropped{Pulls: 1, Why: "the program went on"})
		}
		return
	}
	t.begin()
	t.addThread(p, s.Thread, s)
	t.addRest(p, s, q)
	t.addWindows(p, latest.Memory)
	t.write(p)
}

// everySecond reads the counters, and what else may have changed while the program runs.
func (t *tape) everySecond() {
	t.mu.Lock()
	paused := t.paused
	t.mu.Unlock()
	if paused {
		return
	}
	var q view.Query
	if t.rich() {
		q = view.Query{Threads: true, Ranges: true, Gaps: true, Blocks: t.counting, Rates: true}
	}
	s := t.look(q)
	if s == nil {
		t.missed()
		return
	}
	if s.State == view.Paused {
		return // the stop is read when its event comes
	}
	t.counting = s.Counters.Counting
	t.ranges(s)
	p := newPull(PullSecond, s)
	latest := s
	if q.Ranges {
		latest = t.windows(s, t.watched.of(s.Pid, pagesSecond))
		t.hotCode(s)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paused {
		return // the stop is read instead
	}
	t.begin()
	t.addRest(p, s, q)
	t.addWindows(p, latest.Memory)
	t.write(p)
}

// atEnd reads what there is to read of a run that has ended, or is no longer recorded.
func (t *tape) atEnd() {
	q := view.Query{Threads: true, Ranges: true, Gaps: true, Blocks: true}
	s := t.look(q)
	if s == nil {
		q = view.Query{}
		if s = t.look(q); s == nil {
			return
		}
	}
	p := newPull(PullEnd, s)
	t.hotCode(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	t.addRest(p, s, q)
	t.write(p)
}

// hotCode reads the code of blocks that are executed often and were not seen before.
func (t *tape) hotCode(s *view.Snapshot) {
	left := blocksMost
	for _, b := range s.Blocks {
		t.mu.Lock()
		_, known := t.bases.code[pageKey{s.Pid, b.Addr}]
		t.mu.Unlock()
		if known {
			continue
		}
		if left--; left < 0 || !t.rich() {
			return
		}
		if c := t.look(view.Query{Thread: s.Thread, Code: &view.CodeQuery{Addr: b.Addr, After: b.Instructions}}); c != nil {
			t.mu.Lock()
			t.code(s.Pid, c.Code)
			t.mu.Unlock()
		}
	}
}

// otherThreads reads the registers and calls of some more threads.
func (t *tape) otherThreads(s *view.Snapshot) map[int]*view.Snapshot {
	found := map[int]*view.Snapshot{}
	for _, th := range s.Threads {
		if th.ID == s.Thread || len(found) >= threadsMost || !t.rich() {
			continue
		}
		if o := t.look(view.Query{Thread: th.ID, Registers: true, Stack: true, Code: &view.CodeQuery{Before: 4, After: 8}}); o != nil && o.Registers != nil {
			found[th.ID] = o
		}
	}
	return found
}

// windows reads pages: the snapshot that has them, or the one before if they cannot be read.
func (t *tape) windows(s *view.Snapshot, pages []uint64) *view.Snapshot {
	var q view.Query
	t.mu.Lock()
	for _, p := range pages {
		if !t.broken[pageKey{s.Pid, p}] {
			q.Memory = append(q.Memory, view.MemoryQuery{Addr: p, Size: pageSize})
		}
	}
	t.mu.Unlock()
	if len(q.Memory) == 0 {
		return s
	}
	w := t.look(q)
	switch {
	case w == nil:
		t.missed()
	case w.Pid != s.Pid || w.State != s.State:
		t.mu.Lock()
		t.lose(Dropped{Pulls: 1, Why: "the program went on"})
		t.mu.Unlock()
	default:
		return w
	}
	return s
}

// allowed says how much may be read now. A disk that is behind, and stops in a row, make it less. The caller holds t.mu.
func (t *tape) allowed() detail {
	d := t.budget.allows(time.Now())
	if t.w.pressure() >= 0.25 {
		d = min(d, little)
	}
	return d
}

// rich says whether more may be read than the least.
func (t *tape) rich() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.allowed() == all
}

func (t *tape) poor() string {
	if t.w.pressure() >= 0.25 {
		return "disk"
	}
	return "time: stops come too fast to read all of each"
}

func (t *tape) missed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lose(Dropped{Pulls: 1, Why: t.poor()})
}

// due says whether ranges and gaps are to be read at a stop.
func (t *tape) due() (ranges, gaps bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mapped || t.bases.ranges == nil || t.bases.afresh, t.gapped || t.bases.afresh
}
