package sessions

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"kmv/engine/view"
)

// fake is a run that changes at random: registers, memory, ranges, gaps. What it was at each stop is kept.
type fake struct {
	mu     sync.Mutex
	rng    *rand.Rand
	now    view.Snapshot // registers of thread 7, ranges, gaps, counters
	pages  map[uint64]*pageImage
	events *queue[view.Event]
	truth  []truth
	lookup func(view.Query) // called at each Look, if set
}

// truth is what the run was at one stop.
type truth struct {
	seq    uint64
	now    view.Snapshot
	pages  map[uint64]pageImage
	reason string
}

const (
	fakeCode = 0x401000
	fakeHeap = 0x10000000
	fakeFar  = 1 << 46
)

func newFake(seed uint64) *fake {
	f := &fake{rng: rand.New(rand.NewPCG(seed, 1)), pages: map[uint64]*pageImage{}, events: newQueue[view.Event]()}
	f.now = view.Snapshot{State: view.Running, Program: "/bin/fake", Argv: []string{"fake", "<x>"}, Offset: fakeFar, Pid: 7, Thread: 7}
	f.now.Registers = &view.Registers{MXCSR: 0x1f80}
	for _, n := range []string{"rax", "rbx", "rsp", "rip"} {
		f.now.Registers.Names, f.now.Registers.Values = append(f.now.Registers.Names, n), append(f.now.Registers.Values, f.rng.Uint64())
	}
	for range 4 {
		f.now.Registers.Vectors = append(f.now.Registers.Vectors, f.random(16))
	}
	f.now.Ranges = []view.Range{
		{Start: fakeCode, End: fakeCode + 0x1000, Kind: "text", Name: "/bin/fake", Prot: "r-x", State: "read-only"},
		{Start: fakeHeap, End: fakeHeap + 8*pageSize, Kind: "heap", Prot: "rw-", State: "mirrored"},
		{Start: fakeHeap, End: fakeHeap + 16, Kind: "variable", Name: "counter", Prot: "rw-", State: "mirrored"},
	}
	for i := range uint64(8) {
		b := f.random(pageSize)
		f.pages[fakeHeap+i*pageSize] = &pageImage{native: b, mirror: slices.Clone(b)}
	}
	f.set("rsp", fakeHeap+2*pageSize+64)
	f.set("rip", fakeCode+32)
	f.emit(view.Event{Kind: view.EventStart, Pid: 7, Text: "/bin/fake"})
	return f
}

func (f *fake) random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.rng.Uint32())
	}
	return b
}

func (f *fake) set(name string, v uint64) {
	f.now.Registers.Values[slices.Index(f.now.Registers.Names, name)] = v
}

func (f *fake) emit(e view.Event) {
	f.now.Seq++
	f.now.Time += 0.001
	e.Seq, e.Time = f.now.Seq, f.now.Time
	f.events.put(e)
}

// change makes one step: a new map of registers, some bytes, now and then a range or a gap.
func (f *fake) change() {
	r := *f.now.Registers
	r.Values, r.Vectors = slices.Clone(r.Values), slices.Clone(r.Vectors)
	f.now.Registers = &r
	f.set("rax", f.rng.Uint64())
	f.set("rbx", fakeHeap+uint64(f.rng.IntN(8*pageSize)))
	f.set("rip", fakeCode+4*uint64(f.rng.IntN(64)))
	r.Vectors[f.rng.IntN(4)] = f.random(16)
	for range f.rng.IntN(5) {
		p := f.pages[fakeHeap+uint64(f.rng.IntN(8))*pageSize]
		at := f.rng.IntN(pageSize)
		p.native[at]++
		p.mirror[at] = p.native[at]
		if f.rng.IntN(8) == 0 {
			p.mirror[at] ^= 4
		}
	}
	f.now.Counters.Stores += uint64(f.rng.IntN(100))
	if f.rng.IntN(4) == 0 {
		f.now.Ranges = slices.Clone(f.now.Ranges)
		f.now.Ranges[1].State = []string{"mirrored", "off"}[f.rng.IntN(2)]
		f.emit(view.Event{Kind: view.EventMirror, Addr: fakeHeap, Size: pageSize, On: f.now.Ranges[1].State == "mirrored"})
	}
	if f.rng.IntN(6) == 0 {
		f.now.Gaps = append(slices.Clone(f.now.Gaps), view.Gap{Kind: "syscall", Where: fmt.Sprintf("%#x", f.now.Seq), Name: "vmsplice", Count: 1})
		f.emit(view.Event{Kind: view.EventGap, Text: "vmsplice"})
	}
	if f.rng.IntN(6) == 0 {
		f.emit(view.Event{Kind: view.EventInjected, Pid: 7, Addr: fakeHeap + 8, Half: view.Native, Failure: &view.Failure{ID: len(f.truth) + 1, What: "flip", Before: []byte{1}, Broken: []byte{3}}})
		f.now.Counters.Injected++
	}
}

// stop pauses, and keeps what is then so.
func (f *fake) stop(reason string) {
	f.now.State, f.now.Reason = view.Paused, reason
	f.emit(view.Event{Kind: view.EventStop, Pid: 7, Thread: 7, Text: reason})
	t := truth{seq: f.now.Seq, now: f.now, pages: map[uint64]pageImage{}, reason: reason}
	for a, p := range f.pages {
		t.pages[a] = pageImage{native: slices.Clone(p.native), mirror: slices.Clone(p.mirror)}
	}
	f.truth = append(f.truth, t)
}

func (f *fake) Do(_ context.Context, c view.Command) (view.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch c.Op {
	case view.Pause:
		f.stop("paused")
	case view.StepInst, view.Continue:
		if f.now.State == view.Paused {
			f.now.State, f.now.Reason = view.Running, ""
			f.emit(view.Event{Kind: view.EventResume})
		}
		f.change()
		f.stop(string(c.Op))
	case view.Kill:
		f.now.State, f.now.Reason = view.Ended, "killed by SIGKILL"
		f.emit(view.Event{Kind: view.EventExit, Pid: 7, Value: 9})
		f.events.finish()
	case view.Why:
		return view.Reply{Text: "nobody"}, nil
	}
	return view.Reply{}, nil
}

func (f *fake) Look(_ context.Context, q view.Query) (*view.Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lookup != nil {
		f.lookup(q)
	}
	s := f.now
	s.Registers, s.Ranges, s.Gaps = nil, nil, nil
	if q.Registers && s.State == view.Paused {
		s.Registers = f.now.Registers
	}
	if q.Ranges {
		s.Ranges = f.now.Ranges
	}
	if q.Gaps {
		s.Gaps = f.now.Gaps
	}
	if q.Threads {
		s.Threads = []view.Thread{{ID: 7, Pid: 7, Name: "fake", State: "stopped"}}
		s.Processes = []view.Process{{Pid: 7, Program: "/bin/fake", Threads: 1, State: "paused"}}
	}
	if q.Code != nil {
		pc, _ := register(f.now.Registers, "rip")
		if q.Code.Addr != 0 {
			pc = q.Code.Addr
		}
		for a := max(pc-4*uint64(q.Code.Before), fakeCode); a <= pc+4*uint64(q.Code.After) && a < fakeCode+256; a += 4 {
			s.Code = append(s.Code, fakeLine(a))
		}
	}
	for _, m := range q.Memory {
		w := view.Window{Addr: m.Addr, State: "mirrored", Range: "heap", Low: fakeHeap, High: fakeHeap + 8*pageSize}
		for a := m.Addr; a < m.Addr+uint64(m.Size); {
			p := f.pages[a&^(pageSize-1)]
			if p == nil {
				break
			}
			from := int(a & (pageSize - 1))
			n := min(pageSize-from, int(m.Addr+uint64(m.Size)-a))
			w.Native = append(w.Native, p.native[from:from+n]...)
			w.Mirror = append(w.Mirror, p.mirror[from:from+n]...)
			a += uint64(n)
		}
		s.Memory = append(s.Memory, w)
	}
	return &s, nil
}

// fakeLine is one of the fake's instructions: 4 bytes each.
func fakeLine(a uint64) view.CodeLine {
	l := view.CodeLine{Addr: a, Bytes: []byte{0x48, 0x89, byte(a), 0x90}, Text: fmt.Sprintf("mov %%rax,%#x", a), Symbol: fmt.Sprintf("main+%d", a-fakeCode), Writes: 1, Block: fakeCode}
	l.Code = []view.CacheInst{{Addr: a + fakeFar, Bytes: l.Bytes, Text: l.Text, Role: view.RoleProgram}, {Addr: a + fakeFar + 4, Bytes: l.Bytes, Text: "mov to the mirror", Role: view.RoleMirror}}
	return l
}

func (f *fake) Events() <-chan view.Event { return f.events.out }
func (f *fake) Close() error              { f.events.drop(); return nil }
