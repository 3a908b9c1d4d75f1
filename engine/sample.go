package engine

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/translator/x86"
)

// What the program stores is estimated while a watcher asks for it (view.Query.Rates). Threads that compute are interrupted 50
// times a second, for some 20 us: where they are says which blocks take the time, and where their next store goes. How often
// those blocks are executed is counted for a moment now and then (sample_window.go).
//
//	samples --> the blocks they fell into --counted for 50 ms--> stores in a second of the program's processor time
//	        --> the ranges of their stores                        x the processor time that it takes now = stores a second

const (
	sampleEvery = 20 * time.Millisecond
	sampleMost  = 4               // threads at a time
	sampleKeep  = 128             // samples
	sampleAfter = 2 * time.Second // nobody has asked: nothing is sampled any more
)

// sample is where a thread was.
type sample struct {
	code    *codeCache
	block   uint64 // native address; 0 is in a routine of kmv's
	pid     int
	store   uint64 // where its next store goes
	known   bool   // if that could be seen
	counter bool   // in the block's counter
}

// sampler is what is known of the program's stores.
type sampler struct {
	on      bool
	until   time.Time
	samples []sample // a ring
	next    int
	fresh   int // taken since the last window
	window  window
	counted float64 // stores in a second of processor time in the counted blocks, of the last windows,
	part    float64 // and the part of the time that these are
	perCPU  float64 // stores in a second of processor time, 0 before that is known
	windows int     // that it was learned from since the translations last changed
	rate    float64 // stores a second, now
	usage   usage
	stores  uint64 // counted ones, at the last look at the clock
}

// wantRates keeps the sampling up for a while.
func (e *engine) wantRates() {
	s := &e.sampler
	s.until = time.Now().Add(sampleAfter)
	if s.on {
		return
	}
	s.on = true
	go func(r *requests) {
		pause := sampleEvery
		for again := true; again; {
			time.Sleep(pause)
			err := r.do(func(e *engine) {
				again = e.sampleAll()
				if pause = sampleEvery; e.sampler.window.open {
					pause = windowEvery
				}
			})
			if err != nil {
				return
			}
		}
	}(e.requests)
}

// sampleAll looks where the threads are that compute; false ends it.
func (e *engine) sampleAll() bool {
	s := &e.sampler
	if s.on = time.Now().Before(s.until); !s.on {
		e.closeWindow(false)
		*s = sampler{perCPU: s.perCPU, windows: s.windows}
		return false
	}
	if e.paused || len(e.debug.ready) > 0 {
		e.closeWindow(false)
		s.usage.at = time.Time{} // what it made last is still shown
		return true
	}
	e.measure()
	left := sampleMost
	for _, t := range e.threads {
		if !t.running || t.p == nil || t.exiting || t.vforking || t.p.exiting || t.goal != nil || !computes(t) {
			continue
		}
		if err := e.interruptFor(t); err != nil && !errors.Is(err, unix.ESRCH) {
			e.failed = err
			return false
		}
		if left--; left == 0 {
			break
		}
	}
	e.turnWindow()
	return true
}

// computes says whether a thread is not in a system call. One that is must not be interrupted for this: it may be of those that end then.
func computes(t *thread) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(t.pid) + "/task/" + strconv.Itoa(t.tid) + "/syscall")
	return err == nil && strings.HasPrefix(string(b), "running")
}

// interruptFor takes a sample of one thread.
func (e *engine) interruptFor(t *thread) error {
	if err := ptrace.Interrupt(t.tid); err != nil {
		return err
	}
	stop, err := t.next()
	if err != nil {
		return err
	}
	if stop, err = t.pendingFault(stop); err != nil {
		return err
	}
	t.running = false
	if stop.Kind != ptrace.Interrupted { // it stopped for a reason of its own
		e.queue = append(e.queue, stop)
		return nil
	}
	t.stopped = stop
	if err := ptrace.GetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	if x := e.sampleOf(t); e.sampler.window.open {
		e.sampler.window.note(x)
	} else {
		e.sampler.add(x)
	}
	return e.goOn(t)
}

func (s *sampler) add(x sample) {
	if s.fresh++; len(s.samples) < sampleKeep {
		s.samples = append(s.samples, x)
		return
	}
	s.samples[s.next] = x
	s.next = (s.next + 1) % sampleKeep
}

// sampleOf looks at a stopped thread and changes nothing of it.
func (e *engine) sampleOf(t *thread) sample {
	x := sample{code: t.p.code, pid: t.pid}
	off, ok := x.code.offset(t.regs.Rip)
	b, inside := x.code.at(off)
	if !ok || !inside || off < x.code.rt.end || b.kind != translated {
		return x
	}
	x.block, x.counter = b.native, b.counted && off < b.base+uint32(b.prefix)
	was := t.regs
	if pt, ok := t.p.point(off); ok {
		t.restore(pt)
		x.store, x.known = t.nextStore()
	}
	t.regs = was
	return x
}

// nextStore is where the next store from here on goes, if that is known before it is executed: the way there is straight, and
// changes no register of its address.
func (t *thread) nextStore() (addr uint64, ok bool) {
	const far = 24
	var changed x86.RegSet
	for range far {
		in, ok := t.instructionAt(t.regs.Rip)
		if !ok {
			return 0, false
		}
		if addr, size := t.storeOf(&in); size > 0 {
			return addr, changed&addressOf(&in) == 0
		}
		if in.Flow != x86.FlowNext {
			return 0, false
		}
		changed |= in.Writes &^ (1 << x86.RSP) // a push or two more does not lead out of the stack
		t.regs.Rip += uint64(in.Len)
	}
	return 0, false
}

// addressOf are the registers that say where an instruction stores.
func addressOf(in *x86.Inst) (set x86.RegSet) {
	switch in.Form {
	case x86.StringStore, x86.MaskStore:
		return 1 << x86.RDI
	case x86.Push, x86.Enter:
		return 0
	case x86.DirectStore:
		return 1 << (in.ModRM >> 3 & 7)
	}
	if in.Mem.Base != x86.NoReg {
		set |= 1 << in.Mem.Base
	}
	if in.Mem.Index != x86.NoReg && !in.Mem.VSIB {
		set |= 1 << in.Mem.Index
	}
	return set
}

// spread gives each of a process's ranges its part of the stores.
func (s *sampler) spread(pid int, ranges []view.Range) {
	known := 0.0
	for _, x := range s.samples {
		if x.known {
			known++
		}
	}
	for i := range ranges {
		r := &ranges[i]
		n := 0.0
		for _, x := range s.samples {
			if x.known && x.pid == pid && x.store >= r.Start && x.store < r.End {
				n++
			}
		}
		if n > 0 {
			r.StoreRate = s.rate * n / known
		}
	}
}

// sampleAnew forgets how fast translations were that are no more; the estimate stays until there is a better one.
func (e *engine) sampleAnew() {
	s := &e.sampler
	e.closeWindow(false)
	s.fresh, s.windows = 0, 0
	s.counted, s.part, s.window = 0, 0, window{}
}

// tellStores puts what is known into a snapshot's counters.
func (e *engine) tellStores(c *view.Counters) {
	s := &e.sampler
	if c.StoresPerCPU, c.StoreWindows = s.perCPU, s.windows; !e.paused {
		c.StoreRate = s.rate
	}
	for _, x := range s.samples {
		p := e.processes[x.pid]
		if !x.known || p == nil {
			continue
		}
		c.StoresSampled++
		if m, ok := p.space.Find(nativeAddr(x.store)); ok && m.Compared() {
			c.StoresCopied++
		}
	}
}
