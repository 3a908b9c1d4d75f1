package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

// How often some of the blocks are executed that take the time is counted for a moment: they are translated again with a counter,
// all others stay as they are. Every other sample chooses blocks, until they are half of the time; the rest of the samples say which
// part of it they really are. Counting slows them, so that the others' part of the time shrinks: what it was is what it would be.
//
//	part    = samples before in the blocks / samples before
//	slower  = (1 - part) / part of the others while counted
//	stores in a second of processor time = stores counted / processor time used x slower / part
//
// Few samples make part uncertain, so the last windows are taken together.

const (
	windowLength = 100 * time.Millisecond // of the program's processor time
	windowWall   = 2 * time.Second        // or until then
	windowEvery  = 2 * time.Millisecond   // between samples
	windowFirst  = time.Second            // until the second one; then twice as long each time
	windowLast   = 30 * time.Second
	windowFresh  = 40  // samples before one
	windowPart   = 0.5 // of the time, as far as the samples know
)

// window is the counting under way, and when the next one is due.
type window struct {
	open                  bool
	began                 time.Time
	used                  time.Duration // processor time when it began
	blocks                map[cachedBlock]bool
	part                  float64 // of the time is spent in them
	due                   time.Time
	wait                  time.Duration
	all, inside, counters int // samples while it was open: in the blocks, and of these in their counters
}

// cachedBlock is a native address in one of the caches.
type cachedBlock struct {
	code *codeCache
	pc   uint64
}

// turnWindow opens or closes the window when it is time.
func (e *engine) turnWindow() {
	s := &e.sampler
	w := &s.window
	now := time.Now()
	switch {
	case e.debug.counting:
	case w.open && (e.processorTime()-w.used >= windowLength || now.Sub(w.began) > windowWall):
		e.closeWindow(true)
	case w.open || s.fresh < windowFresh:
	case now.After(w.due) || s.moved():
		e.openWindow()
	}
}

// moved says that the program spends its time elsewhere than in the last window.
func (s *sampler) moved() bool {
	n, in := 0, 0
	for i := range min(s.fresh, len(s.samples)) {
		x := s.samples[(s.next+len(s.samples)-1-i)%len(s.samples)]
		n++
		if s.window.blocks[cachedBlock{x.code, x.block}] {
			in++
		}
	}
	return n >= windowFresh && float64(in) < float64(n)*s.window.part/2
}

func (e *engine) openWindow() {
	s := &e.sampler
	w := &s.window
	w.wait = min(max(2*w.wait, windowFirst), windowLast)
	if s.moved() {
		s.counted, s.part, w.wait = 0, 0, windowFirst
	}
	w.due = time.Now().Add(w.wait)
	w.choose(s.samples)
	s.fresh = 0
	own := e.still(func() error {
		for _, c := range e.caches() {
			for at := range w.blocks {
				if at.code == c {
					c.countFor(at.pc)
				}
			}
		}
		return nil
	})
	w.open, w.began, w.used = own == nil, time.Now(), e.processorTime()
}

// choose picks the blocks.
func (w *window) choose(samples []sample) {
	*w = window{due: w.due, wait: w.wait, blocks: map[cachedBlock]bool{}}
	times, chosen := map[cachedBlock]int{}, 0
	for i, x := range samples {
		if i%2 == 0 && x.block != 0 {
			times[cachedBlock{x.code, x.block}]++
		}
	}
	for at, n := range times { // in no order
		if w.blocks[at] = true; float64(chosen+n) >= windowPart*float64(len(samples)/2) {
			break
		}
		chosen += n
	}
	for i, x := range samples {
		if i%2 != 0 && w.blocks[cachedBlock{x.code, x.block}] {
			w.inside++
		}
	}
	w.part, w.inside = float64(w.inside)/float64(len(samples)/2), 0
}

// note takes in where a thread was while the window was open.
func (w *window) note(x sample) {
	if w.all++; w.blocks[cachedBlock{x.code, x.block}] {
		if w.inside++; x.counter {
			w.counters++
		}
	}
}

// slower is how much longer the program takes while it is counted.
func (w *window) slower() float64 {
	const enough = 0.15
	others := float64(w.all-w.inside) / float64(w.all)
	if 1-w.part >= enough && others >= enough/2 {
		return max((1-w.part)/others, 1)
	}
	return float64(w.all) / float64(max(w.all-w.counters, 1)) // nearly all of it is in the blocks
}

// closeWindow ends the counting. good says that the program ran all the time.
func (e *engine) closeWindow(good bool) {
	s := &e.sampler
	w := &s.window
	if !w.open {
		return
	}
	w.open = false
	used := e.processorTime() - w.used
	stores := uint64(0)
	_ = e.still(func() error {
		for _, c := range e.caches() {
			stores += c.stopCounts()
		}
		return nil
	})
	if good && w.all > 0 {
		const old = 0.6 // of what was known counts still
		s.counted = old*s.counted + float64(stores)/used.Seconds()*w.slower()
		if s.part = old*s.part + w.part; s.part > 0 {
			s.perCPU = s.counted / s.part
			s.windows++
		}
	}
	s.fresh = 0
}

// countFor makes a block count its executions, when it is translated again.
func (c *codeCache) countFor(pc uint64) {
	b, ok := c.find(pc)
	if !ok || b.kind != translated || c.counting {
		return
	}
	if c.sampled == nil {
		c.sampled = map[uint64]int32{}
	}
	c.sampled[pc] = -1
	c.drop(pc)
}

// stopCounts makes all of them blocks like others, and says how many stores were counted.
func (c *codeCache) stopCounts() (stores uint64) {
	for pc, i := range c.sampled {
		if i < 0 {
			continue
		}
		stores += c.counter(int(i)) * uint64(c.blocks[i].stores)
		c.clearCounter(int(i))
		if j, ok := c.index.get(pc); ok && j == i && c.leader(pc) {
			c.drop(pc)
		}
	}
	c.sampled = nil
	return stores
}

// usage is the processor time of the program between two looks at the clock.
type usage struct {
	at   time.Time
	cpu  time.Duration
	each map[int]time.Duration
}

// measure brings the estimate up to date.
func (e *engine) measure() {
	const often = 100 * time.Millisecond
	s := &e.sampler
	now := time.Now()
	passed := now.Sub(s.usage.at)
	if passed < often {
		return
	}
	cpu, stores := e.processorTime(), uint64(0)
	if e.debug.counting {
		for _, c := range e.caches() {
			stores += c.storesCounted()
		}
	}
	switch {
	case s.usage.at.IsZero():
	case e.debug.counting:
		s.rate = float64(stores-min(s.stores, stores)) / passed.Seconds()
	default:
		s.rate = s.perCPU * (cpu - s.usage.cpu).Seconds() / passed.Seconds()
	}
	s.stores = stores
	s.usage.at, s.usage.cpu = now, cpu
}

// processorTime is what the program's processes have used since they are looked at; those that end keep theirs.
func (e *engine) processorTime() time.Duration {
	u := &e.sampler.usage
	if u.each == nil {
		u.each = map[int]time.Duration{}
	}
	for pid := range e.processes {
		if t, err := processClock(pid); err == nil {
			u.each[pid] = t
		}
	}
	sum := time.Duration(0)
	for _, t := range u.each {
		sum += t
	}
	return sum
}

// processClock reads the processor time of all threads of a process (clock_getcpuclockid(3)).
func processClock(pid int) (time.Duration, error) {
	const sched = 2
	var ts unix.Timespec
	err := unix.ClockGettime(int32(^pid)<<3|sched, &ts)
	return time.Duration(ts.Nano()), err
}
