package sessions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kmv/engine/view"
)

// Look answers from what was recorded. What was not is named in Missing; if that is all that was asked for, it is the error.
func (p *Player) Look(_ context.Context, q view.Query) (*view.Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &p.film.moments[p.at]
	s := &view.Snapshot{
		Seq: p.seq, Time: m.pull.Time, State: view.Paused, Reason: m.reason(), Program: p.film.header.Program, Argv: p.film.header.Argv,
		Offset: p.film.header.Offset, Pid: m.pull.Pid, Thread: m.pull.Thread, Stop: p.at + 1, Stops: len(p.film.moments),
	}
	if m.pull.Counters != nil {
		s.Counters = *m.pull.Counters
	}
	if m.pull.State == view.Ended || m.pull.Why == PullEnd {
		s.State = view.Ended
	}
	if q.Thread != 0 {
		s.Thread = q.Thread
	}
	asked := p.fill(s, m, q)
	if asked > 0 && asked == len(s.Missing) {
		return nil, &NotRecordedError{strings.Join(s.Missing, ", "), m.pull.Time}
	}
	return s, nil
}

// fill adds what the query names, and counts what that was.
func (p *Player) fill(s *view.Snapshot, m *moment, q view.Query) (asked int) {
	want := func(on, there bool, what string) {
		if on {
			if asked++; !there {
				s.Missing = append(s.Missing, what)
			}
		}
	}
	r := m.registers[s.Thread]
	if q.Registers || q.Vectors {
		s.Registers = r
		want(true, r != nil, fmt.Sprintf("registers of thread %d", s.Thread))
	}
	if q.Code != nil {
		s.Code = p.code(s.Pid, s.Thread, m, q.Code)
		want(true, len(s.Code) > 0, "code")
	}
	for _, mq := range q.Memory {
		w, err := p.window(s.Pid, s.Thread, m, mq)
		s.Memory = append(s.Memory, w)
		want(true, len(w.Native) > 0, err)
	}
	if q.Stack {
		s.Stack = m.stacks[s.Thread]
		want(true, len(s.Stack) > 0, fmt.Sprintf("calls of thread %d", s.Thread))
	}
	if q.Threads {
		s.Threads, s.Processes = m.threads, m.processes
		want(true, len(s.Threads) > 0, "threads")
	}
	if q.Ranges {
		s.Ranges = m.ranges
		want(true, len(s.Ranges) > 0, "ranges")
	}
	if q.Blocks {
		s.Blocks = m.blocks
		want(true, len(s.Blocks) > 0, "counts of blocks")
	}
	if q.Gaps {
		s.Gaps = m.gaps
		asked++
	}
	if q.Breaks {
		s.Breaks = append(slices.Clone(m.breaks), p.breaks...)
		asked++
	}
	if q.Failures {
		s.Failures = p.failures(m)
		asked++
	}
	return asked
}

// failures are the events about memory errors up to a moment.
func (p *Player) failures(m *moment) (found []view.Event) {
	for _, e := range p.film.events {
		if e.line > m.last {
			break
		}
		if e.event.Failure != nil {
			found = append(found, *e.event)
		}
	}
	return found
}

// code gives instructions around an address, as far as they were recorded without a hole.
func (p *Player) code(pid, thread int, m *moment, q *view.CodeQuery) []view.CodeLine {
	addr := q.Addr
	if addr == 0 {
		var known bool
		if addr, known = register(m.registers[thread], "rip"); !known {
			return nil
		}
	}
	var lines []view.CodeLine
	for at := addr; len(lines) <= q.After; {
		c := p.film.codeAt(pid, at, m)
		if c == nil || len(c.Bytes) == 0 {
			break
		}
		lines = append(lines, p.shown(c, m))
		at += uint64(len(c.Bytes))
	}
	if len(lines) == 0 {
		return nil
	}
	at := addr
	for range q.Before {
		c := p.before(pid, at, m)
		if c == nil {
			break
		}
		lines = slices.Insert(lines, 0, p.shown(c, m))
		at = c.Addr
	}
	return lines
}

// before is the instruction that ends at an address. Of those that do, the longest: it was decoded from further back.
func (p *Player) before(pid int, end uint64, m *moment) (found *view.CodeLine) {
	const longest = 15 // bytes (SDM volume 2, 2.3.11)
	for n := uint64(1); n <= longest && n <= end; n++ {
		if c := p.film.codeAt(pid, end-n, m); c != nil && uint64(len(c.Bytes)) == n {
			found = c
		}
	}
	return found
}

// shown is an instruction with what belongs to the moment: executions of its block and breakpoints.
func (p *Player) shown(c *view.CodeLine, m *moment) view.CodeLine {
	l := *c
	for _, b := range m.blocks {
		if b.Addr == l.Block && l.Block != 0 {
			l.Count = b.Count
		}
	}
	for _, b := range p.breaks {
		if b.Kind == "break" && b.Addr == l.Addr {
			l.Break = b.ID
		}
	}
	return l
}

// window gives memory from its first byte as far as it was recorded; else why there is none.
func (p *Player) window(pid, thread int, m *moment, q view.MemoryQuery) (view.Window, string) {
	addr := q.Addr
	if q.Text != "" {
		var err error
		if addr, err = p.evalAt(q.Text, thread, m); err != nil {
			return view.Window{}, "memory at " + q.Text + " (" + err.Error() + ")"
		}
	}
	w := view.Window{Addr: addr}
	for size := max(0, q.Size); len(w.Native) < size; {
		at := addr + uint64(len(w.Native))
		page := p.film.page(pageKey{pid, at &^ (pageSize - 1)}, m)
		if page == nil || at-page.Addr >= uint64(len(page.Native)) {
			break
		}
		from, left := int(at-page.Addr), size-len(w.Native)
		if len(w.Native) == 0 {
			w.State, w.Range, w.Low, w.High, w.Last, w.LastN = page.State, page.Range, page.Low, page.High, page.Last, page.LastN
		} else if (w.Mirror == nil) != (page.Mirror == nil) {
			break
		}
		w.Native = append(w.Native, part(page.Native, from, from+left)...)
		w.Mirror = append(w.Mirror, part(page.Mirror, from, from+left)...)
	}
	if len(w.Native) == 0 {
		return p.unread(w, m), fmt.Sprintf("memory at %#x", addr)
	}
	return w, ""
}

// unread says at least which range an address lies in.
func (p *Player) unread(w view.Window, m *moment) view.Window {
	for _, r := range m.ranges {
		if r.Start <= w.Addr && w.Addr < r.End && r.Kind != "variable" {
			w.State, w.Range, w.Low, w.High = r.State, strings.TrimSpace(r.Kind+" "+r.Name), r.Start, r.End
		}
	}
	return w
}

// bytes are the native bytes at an address at a moment, nil if they were not all recorded.
func (p *Player) bytes(i int, addr, size uint64) []byte {
	m := &p.film.moments[i]
	w, _ := p.window(m.pull.Pid, m.pull.Thread, m, view.MemoryQuery{Addr: addr, Size: int(min(size, pageSize))})
	if uint64(len(w.Native)) < min(size, pageSize) {
		return nil
	}
	return w.Native
}

// explain says what the recorded translation of an instruction is made of.
func (p *Player) explain(addr uint64, m *moment) string {
	c := p.film.codeAt(m.pull.Pid, addr, m)
	if c == nil || len(c.Code) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s writes %d operands in memory; its translation:", c.Text, c.Writes)
	for _, i := range c.Code {
		fmt.Fprintf(&b, "\n  %-8s %s", i.Role, i.Text)
	}
	return b.String()
}

// register gives a register by name.
func register(r *view.Registers, name string) (uint64, bool) {
	if r == nil {
		return 0, false
	}
	if i := slices.Index(r.Names, name); i >= 0 && i < len(r.Values) {
		return r.Values[i], true
	}
	return 0, false
}
