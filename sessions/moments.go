package sessions

import (
	"fmt"

	"kmv/engine/view"
)

// moment is a place where a player can stand: what was pulled there, complete. Its parts are shared with its neighbours
// and never change.
type moment struct {
	first, last int  // lines of the recording that belong to it
	stop        bool // the program was paused
	pull        *Pull
	registers   map[int]*view.Registers // by thread
	stacks      map[int][]view.Frame
	threads     []view.Thread
	processes   []view.Process
	breaks      []view.BreakPoint
	ranges      []view.Range
	gaps        []view.Gap
	blocks      []view.BlockInfo
	memory      map[pageKey]*MemoryRead // the last read of each page at this moment
}

// film is a recording unrolled: its moments, the history of pages and code, and all events.
type film struct {
	moments []moment
	pages   map[pageKey][]pageVersion
	code    map[pageKey][]codeVersion // by instruction
	events  []placed
	header  *Header
}

// placed is an event and the line where it stands.
type placed struct {
	line  int
	event *view.Event
}

// pageVersion is one read of a page that brought something new.
type pageVersion struct {
	line int
	read *MemoryRead
}

// codeVersion is an instruction as it was translated.
type codeVersion struct {
	line int
	code *view.CodeLine
}

// unroller is what differences refer to while a film is made.
type unroller struct {
	film      *film
	known     bool // a key line came, and no damage since
	registers registerBase
	ranges    rangeBase
	gaps      gapBase
	pages     map[pageKey]bool // that were read in full
	m         *moment          // under way
}

// unroll makes a film. A moment's lines reach from its pull to the line where the program goes on or the next is pulled; events
// before a stop's pull belong to the stop.
func unroll(r *Recording) *film {
	f := &film{pages: map[pageKey][]pageVersion{}, code: map[pageKey][]codeVersion{}, header: r.Header}
	u := &unroller{film: f}
	u.key()
	u.known = false
	number := uint64(0)
	for i, l := range r.Lines {
		if l.N != number+1 {
			u.known = false
		}
		number = l.N
		switch {
		case l.Key:
			u.key()
		case l.Event != nil:
			u.event(i, l.Event)
		case l.Code != nil:
			for j := range l.Code.Lines {
				c := &l.Code.Lines[j]
				key := pageKey{l.Code.Pid, c.Addr}
				f.code[key] = append(f.code[key], codeVersion{i, c})
			}
		case l.Pull != nil:
			u.pull(i, l.Pull)
		}
		if u.m != nil {
			u.m.last = i
		}
	}
	u.finish(r)
	return f
}

// key forgets what differences refer to.
func (u *unroller) key() {
	u.registers, u.ranges, u.gaps, u.pages, u.known = registerBase{}, rangeBase{}, gapBase{}, map[pageKey]bool{}, true
}

// event notes an event. When the program goes on, what was read of it no longer holds.
func (u *unroller) event(i int, e *view.Event) {
	u.film.events = append(u.film.events, placed{i, e})
	if e.Kind == view.EventResume && u.m != nil {
		u.close(i - 1)
	}
}

// close ends the moment under way at a line.
func (u *unroller) close(last int) {
	u.m.last = max(last, u.m.first)
	u.film.moments = append(u.film.moments, *u.m)
	u.m = nil
}

// pull begins a moment, or adds to the one under way.
func (u *unroller) pull(i int, p *Pull) {
	if p.Why != PullLook || u.m == nil {
		var last moment
		if u.m != nil {
			u.close(i - 1)
		}
		if n := len(u.film.moments); n > 0 {
			last = u.film.moments[n-1]
		}
		u.m = &moment{
			first: i, pull: p, stop: p.State == view.Paused, registers: map[int]*view.Registers{}, stacks: map[int][]view.Frame{},
			ranges: last.ranges, gaps: last.gaps, processes: last.processes, threads: last.threads, breaks: last.breaks, memory: map[pageKey]*MemoryRead{},
		}
	}
	u.add(i, p)
}

// add takes over what a pull says.
func (u *unroller) add(i int, p *Pull) {
	m := u.m
	for _, d := range p.Registers {
		if u.known || d.Full {
			if r := u.registers.apply(d); r != nil {
				m.registers[d.Thread] = r
			}
		}
	}
	for _, s := range p.Stacks {
		m.stacks[s.Thread] = s.Frames
	}
	if p.Ranges != nil && u.known {
		m.ranges = u.ranges.apply(p.Ranges)
	}
	if p.Gaps != nil {
		m.gaps = u.gaps.apply(p.Gaps)
	}
	if p.Threads != nil {
		m.threads, m.processes = p.Threads, p.Processes
	}
	if p.Why == PullStop || p.Why == PullLook {
		m.breaks = p.Breaks
	}
	if p.Blocks != nil {
		m.blocks = p.Blocks
	}
	for j := range p.Memory {
		u.memory(i, &p.Memory[j])
	}
}

// memory notes a read, if what it refers to is known.
func (u *unroller) memory(i int, r *MemoryRead) {
	key := pageKey{r.Pid, r.Addr}
	if !r.Full && (!u.known || !u.pages[key]) || r.Size < 0 || r.Size > pageSize {
		return
	}
	u.pages[key] = true
	if r.Full || len(r.Pieces) > 0 {
		u.film.pages[key] = append(u.film.pages[key], pageVersion{i, r})
	}
	u.m.memory[key] = r
}

// finish ends the last moment. A recording that was cut off gets one more, where its last events are.
func (u *unroller) finish(r *Recording) {
	end := len(r.Lines) - 1
	var p *Pull
	if u.m != nil {
		p = u.m.pull
		u.close(end)
	}
	f := u.film
	if n := len(f.moments); n > 0 {
		p = f.moments[n-1].pull
		if f.moments[n-1].last == end && r.Ended {
			return
		}
	}
	last := Pull{Why: PullEnd, Time: r.Header.At, Counters: &view.Counters{}, State: view.Ended}
	if p != nil {
		last.Time, last.Seq, last.Pid, last.Thread, last.Counters = p.Time, p.Seq, p.Pid, p.Thread, p.Counters
	}
	for _, e := range f.events {
		last.Seq, last.Time = e.event.Seq, max(last.Time, e.event.Time)
	}
	last.Reason = "the recording ends here"
	if !r.Ended {
		last.Reason = "the recording was cut off here"
	}
	u.m = nil
	from := 0
	if n := len(f.moments); n > 0 {
		from = min(f.moments[n-1].last+1, end)
	}
	u.pull(from, &last)
	u.close(end)
}

// at is the moment of an event: the first that ends at or behind it.
func (f *film) at(line int) int {
	for i := range f.moments {
		if f.moments[i].last >= line {
			return i
		}
	}
	return len(f.moments) - 1
}

// page is what is known of a page at a moment, nil if it was not read there.
func (f *film) page(key pageKey, m *moment) *view.Window {
	r := m.memory[key]
	if r == nil {
		return nil
	}
	versions := f.pages[key]
	end := len(versions)
	for end > 0 && versions[end-1].line > m.last {
		end--
	}
	from := end - 1
	for from >= 0 && !versions[from].read.Full {
		from--
	}
	if from < 0 {
		return nil
	}
	w := &view.Window{Addr: r.Addr, Native: make([]byte, r.Size), State: r.State, Range: r.Range, Low: r.Low, High: r.High, Last: r.Last, LastN: r.LastN}
	if r.Mirror {
		w.Mirror = make([]byte, r.Size)
	}
	for _, v := range versions[from:end] {
		for _, p := range v.read.Pieces {
			if p.Addr < r.Addr || p.Addr-r.Addr > uint64(r.Size) {
				continue
			}
			at := int(p.Addr - r.Addr)
			copy(w.Native[at:], p.Native)
			if w.Mirror == nil {
				continue
			}
			copy(w.Mirror[at:], p.Native)
			copy(w.Mirror[at:], p.Mirror)
		}
	}
	return w
}

// codeAt is the instruction at an address as it was at a moment; before that was seen, as it was seen first.
func (f *film) codeAt(pid int, addr uint64, m *moment) *view.CodeLine {
	versions := f.code[pageKey{pid, addr}]
	if len(versions) == 0 {
		return nil
	}
	found := versions[0].code
	for _, v := range versions {
		if v.line > m.last {
			break
		}
		found = v.code
	}
	return found
}

// NotRecordedError says that a recording does not hold what was asked for.
type NotRecordedError struct {
	What string
	Time float64 // seconds since the start of the run
}

func (e *NotRecordedError) Error() string {
	return fmt.Sprintf("%s: not recorded at %.3f s", e.What, e.Time)
}
