package engine

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// The scrubber walks the halves in the background, from a goroutine of its own, while the program runs. A difference that
// it sees may be a pair of stores under way: only what is there a second time, unchanged, is looked at with the program at
// rest, and decided (scrub_decide.go). Where the copies agree it remembers checksums.
//
//	pass:  which pages exist (at rest? no) --> compare 256 KiB at a time --> suspects --> once more --> at rest: decide, mend
//
// Its processor time is measured and kept within the budget.

// ScrubRate is how much the scrubber may do. The zero value switches it off.
type ScrubRate struct {
	Share  float64 // of one core's time
	PerSec uint64  // bytes, if Share is 0
}

// On says whether anything is to be scrubbed.
func (r ScrubRate) On() bool { return r.Share > 0 || r.PerSec > 0 }

// ScrubStats are what the scrubber did. Field names are an interface.
type ScrubStats struct {
	Passes    int     `json:"passes"`
	Bytes     uint64  `json:"bytes"`
	Seconds   float64 `json:"seconds"`   // of processor time
	Repaired  int     `json:"repaired"`  // differences that were mended
	Races     int     `json:"races"`     // of these, stores of threads that raced
	Undecided int     `json:"undecided"` // of these, where the policy had to choose
}

// scrubber is the state of the goroutine. What the engine's goroutine touches of it is handed over by requests.do.
type scrubber struct {
	e        *engine
	requests *requests
	rate     atomic.Pointer[ScrubRate]
	done     chan struct{}
	now      chan struct{} // asks for a pass at once
	sums     map[int]*shadowmem.Checksums
	stats    ScrubStats // of the engine's goroutine's last hand-over
	pass     ScrubStats // not handed over yet
	a, b     []byte
	cpu      time.Duration // used up to the last rest
	slept    time.Time
	suspects []suspect
}

// suspect is a page whose copies differed, and how.
type suspect struct {
	pid  int
	page uint64
	sum  uint64 // of both copies as they were read
}

// scrubNice is the scrubber's priority: on a machine that is busy, its share is taken from what nobody needs, not from the program.
const scrubNice = 10

// scrubPiece is how much is compared between two looks at the clock; scrubEvery how often a pass may begin, and scrubFirst when the
// first one does: until then no checksum is known. A program that is shorter is not scrubbed.
const (
	scrubPiece = 256 << 10
	scrubEvery = time.Second
	scrubFirst = 200 * time.Millisecond
)

// scrub starts the scrubber; stop ends it.
func (e *engine) scrub() (stop func()) {
	if !e.opts.Scrub.On() || !e.config().Mirror {
		return func() {}
	}
	s := &scrubber{e: e, requests: e.requests, done: make(chan struct{}), now: make(chan struct{}, 1),
		sums: map[int]*shadowmem.Checksums{}, a: make([]byte, scrubPiece), b: make([]byte, scrubPiece)}
	s.rate.Store(&e.opts.Scrub)
	e.scrubber = s
	go s.run()
	return func() { close(s.done) }
}

func (s *scrubber) run() {
	runtime.LockOSThread() // its time is that of its thread, which ends with it
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), scrubNice)
	start := time.Now().Add(scrubFirst - scrubEvery)
	for {
		asked := false
		var due <-chan time.Time
		if !s.e.opts.testAsk {
			due = time.After(max(0, scrubEvery-time.Since(start)))
		}
		select {
		case <-due:
			for !s.rate.Load().On() {
				select {
				case <-time.After(scrubEvery):
				case <-s.done:
					return
				}
			}
		case <-s.now:
			asked = true
		case <-s.done:
			return
		}
		start = time.Now()
		if s.once(asked) != nil {
			return
		}
	}
}

// scrubRange is a piece of a mapping to be compared.
type scrubRange struct {
	pid, tid int
	m        shadowmem.Mapping
}

// once is one pass. Asked for, it does not rest.
func (s *scrubber) once(asked bool) error {
	var ranges []scrubRange
	alive := map[int]bool{}
	err := s.requests.do(func(e *engine) {
		for pid, p := range e.processes {
			alive[pid] = true
			for _, t := range e.threads {
				if t.p != p {
					continue
				}
				for _, m := range p.space.All() {
					if m.Compared() {
						ranges = append(ranges, scrubRange{pid, t.tid, m})
					}
				}
				break
			}
		}
	})
	if err != nil {
		return err
	}
	for pid := range s.sums {
		if !alive[pid] {
			delete(s.sums, pid)
		}
	}
	s.cpu, s.slept = threadTime(), time.Now()
	for _, r := range ranges {
		if err := s.mapping(r, asked); err != nil {
			return err
		}
	}
	return s.endPass()
}

// mapping compares one mapping, where pages of it exist.
func (s *scrubber) mapping(r scrubRange, asked bool) error {
	pagemap, err := os.Open("/proc/" + strconv.Itoa(r.tid) + "/pagemap")
	if err != nil {
		return nil // gone
	}
	defer pagemap.Close()
	lay := s.e.layout
	parts, err := s.e.touched(pagemap, r.m, uint64(r.m.Start), uint64(lay.Mirror(r.m.Start)))
	if err != nil {
		return nil
	}
	for _, part := range parts {
		native, err := pagemapWords(pagemap, uint64(part.Start), part.Len())
		if err != nil {
			return nil
		}
		mirror, err := pagemapWords(pagemap, uint64(lay.Mirror(part.Start)), part.Len())
		if err != nil {
			return nil
		}
		var stop error
		shadowmem.Select(native, mirror, part, func(first, n int) {
			at, size := uint64(part.Start)+uint64(first)*shadowmem.PageSize, uint64(n)*shadowmem.PageSize
			for ; size > 0 && stop == nil; at, size = at+min(size, scrubPiece), size-min(size, scrubPiece) {
				s.piece(r.pid, r.tid, at, min(size, scrubPiece))
				stop = s.rest(asked)
			}
		})
		if stop != nil {
			return stop
		}
	}
	return nil
}

// piece compares some pages.
func (s *scrubber) piece(pid, tid int, at, size uint64) {
	got := s.read(tid, at, s.a[:size])
	if got2 := s.read(tid, at+s.e.layout.Offset, s.b[:size]); got2 < got {
		got = got2
	}
	sums := s.sums[pid]
	if sums == nil {
		sums = &shadowmem.Checksums{}
		s.sums[pid] = sums
	}
	got &^= shadowmem.PageSize - 1
	for i := uint64(0); i < got; i += shadowmem.PageSize {
		a, b := s.a[i:i+shadowmem.PageSize], s.b[i:i+shadowmem.PageSize]
		if string(a) == string(b) {
			sums.Note(nativeAddr(at+i), a)
			continue
		}
		s.suspects = append(s.suspects, suspect{pid, at + i, differ(a, b)})
	}
	if got < size { // a page cannot be read: lost, or unmapped meanwhile
		s.suspects = append(s.suspects, suspect{pid, at + got, 0})
		if rest := size - got - shadowmem.PageSize; rest > 0 {
			s.piece(pid, tid, at+got+shadowmem.PageSize, rest)
		}
	}
	s.pass.Bytes += got
	s.e.scrubAt.Store(at + size)
	s.e.scrubbed.Add(got)
}

// read is process_vm_readv: no stop, and no more rights than the program has itself.
func (s *scrubber) read(tid int, at uint64, b []byte) uint64 {
	local := []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}
	n, err := unix.ProcessVMReadv(tid, local, []unix.RemoteIovec{{Base: uintptr(at), Len: len(b)}}, 0)
	if err != nil || n < 0 {
		return 0
	}
	return uint64(n)
}

// differ tells one difference from another.
func differ(a, b []byte) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range a {
		if a[i] != b[i] {
			h = (h ^ uint64(i)<<16 ^ uint64(a[i])<<8 ^ uint64(b[i])) * 1099511628211
		}
	}
	return h
}

// rest sleeps until the time used is within the budget again.
func (s *scrubber) rest(asked bool) error {
	used, wall := threadTime()-s.cpu, time.Since(s.slept)
	var need time.Duration
	rate := s.rate.Load()
	switch {
	case rate.Share > 0:
		need = time.Duration(float64(used)/rate.Share) - wall
	case rate.PerSec > 0:
		need = time.Duration(float64(scrubPiece)/float64(rate.PerSec)*float64(time.Second)) - wall
	}
	if asked {
		need = 0
	} else if rate.Share > 0 && need < 5*time.Millisecond && used < 5*time.Millisecond {
		return nil // sleeping has a price too
	}
	s.pass.Seconds += used.Seconds()
	if need > 0 {
		select {
		case <-time.After(need):
		case <-s.done:
			return errScrubEnd
		}
	}
	s.cpu, s.slept = threadTime(), time.Now()
	return nil
}

var errScrubEnd = errors.New("the scrubber ends")

// threadTime is the processor time of this thread.
func threadTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// endPass looks at the suspects again, and hands over those that are still the same.
func (s *scrubber) endPass() error {
	s.pass.Seconds += (threadTime() - s.cpu).Seconds()
	s.pass.Passes++
	var again []suspect
	if len(s.suspects) > 0 {
		time.Sleep(time.Millisecond)
	}
	for _, x := range s.suspects {
		a, b := s.a[:shadowmem.PageSize], s.b[:shadowmem.PageSize]
		got := min(s.read(x.pid, x.page, a), s.read(x.pid, x.page+s.e.layout.Offset, b))
		if got < shadowmem.PageSize || string(a) != string(b) && differ(a, b) == x.sum {
			again = append(again, x)
		}
	}
	s.suspects = s.suspects[:0]
	done := s.pass
	s.pass = ScrubStats{}
	return s.requests.do(func(e *engine) {
		t := &e.scrubStats
		t.Passes, t.Bytes, t.Seconds = t.Passes+done.Passes, t.Bytes+done.Bytes, t.Seconds+done.Seconds
		if len(again) > 0 || e.anyStuck() {
			_ = e.atRest(func() error { return e.decide(s, again) })
		}
		e.maskHealed()
		e.emit(view.Event{Kind: view.EventScrub, Value: done.Bytes, Text: "pass " + strconv.Itoa(t.Passes)})
	})
}

// scrubNow is the command: one pass at once, or another rate.
func scrubNow(e *engine, c view.Command) (view.Reply, error) {
	bad := func(problem, hint string) (view.Reply, error) {
		return view.Reply{}, &view.CommandError{Text: "scrub " + c.Text, Start: 6, End: 6 + len(c.Text), Problem: problem, Hint: hint}
	}
	if c.Text != "" {
		rate, err := ParseScrubRate(c.Text)
		if err != nil {
			return bad(err.Error(), "2% of a core, 64M bytes a second, or off")
		}
		if e.scrubber == nil {
			e.opts.Scrub = rate
			e.scrub()
		} else {
			e.scrubber.rate.Store(&rate)
		}
		return view.Reply{Text: "scrubbing at " + c.Text}, nil
	}
	if e.scrubber == nil {
		e.opts.Scrub = ScrubRate{Share: 0.02}
		e.scrub()
		return view.Reply{Text: "the scrubber has begun"}, nil
	}
	select {
	case e.scrubber.now <- struct{}{}:
	default: // a pass is under way
	}
	return view.Reply{Text: fmt.Sprintf("pass %d has begun", e.scrubStats.Passes+1)}, nil
}

// ParseScrubRate reads off, a percentage of one core, or bytes a second with K, M or G.
func ParseScrubRate(text string) (ScrubRate, error) {
	if text == "off" || text == "0" {
		return ScrubRate{}, nil
	}
	if share, ok := strings.CutSuffix(text, "%"); ok {
		v, err := strconv.ParseFloat(share, 64)
		if err != nil || v < 0 || v > 100 {
			return ScrubRate{}, errors.New("is not a percentage of a core")
		}
		return ScrubRate{Share: v / 100}, nil
	}
	number, unit := text, uint64(1)
	if i := strings.IndexAny(text, "KMG"); i > 0 && i == len(text)-1 {
		number, unit = text[:i], map[byte]uint64{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}[text[i]]
	}
	v, err := strconv.ParseUint(number, 10, 54)
	if err != nil {
		return ScrubRate{}, errors.New("is neither off, nor a percentage such as 2%, nor bytes a second such as 64M")
	}
	return ScrubRate{PerSec: v * unit}, nil
}
