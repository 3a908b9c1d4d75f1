package sessions

import (
	"cmp"
	"hash/maphash"
	"slices"
	"time"

	"kmv/engine/view"
)

// newPull begins a pull with what every snapshot has.
func newPull(why string, s *view.Snapshot) *Pull {
	return &Pull{Why: why, Seq: s.Seq, Time: s.Time, State: s.State, Reason: s.Reason, Pid: s.Pid, Thread: s.Thread, Counters: &s.Counters}
}

// begin writes a key line if one is due. Differences may be made after it. The caller holds t.mu.
func (t *tape) begin() {
	b := &t.bases
	if now := time.Now(); b.afresh || b.pulls >= keyPulls || now.Sub(b.key) >= keyEvery {
		b.registers, b.pages, b.ranges, b.gaps = registerBase{}, newPageBase(), rangeBase{}, gapBase{}
		b.afresh, b.key, b.pulls = !t.w.put(&Line{Key: true}, false), now, 0
	}
	b.pulls++
}

// write puts the pull. If it is lost, so is what later differences would refer to. The caller holds t.mu.
func (t *tape) write(p *Pull) {
	t.now = max(t.now, p.Time)
	if !t.w.put(&Line{Pull: p}, true) {
		t.bases.afresh = true
		t.lose(Dropped{Pulls: 1})
	}
}

// addThread adds a thread's registers and calls. The caller holds t.mu.
func (t *tape) addThread(p *Pull, id int, s *view.Snapshot) {
	if s.Registers != nil {
		p.Registers = append(p.Registers, t.bases.registers.differ(id, s.Registers))
	}
	if len(s.Stack) > 0 {
		p.Stacks = append(p.Stacks, Stack{id, s.Stack})
	}
}

// addRest adds what the query asked for. The caller holds t.mu.
func (t *tape) addRest(p *Pull, s *view.Snapshot, q view.Query) {
	p.Threads, p.Processes, p.Breaks, p.Blocks = s.Threads, s.Processes, s.Breaks, s.Blocks
	if q.Ranges {
		p.Ranges = t.bases.ranges.differ(s.Ranges)
		t.mapped = false
	}
	if q.Gaps {
		p.Gaps = t.bases.gaps.differ(s.Gaps)
		t.gapped = false
	}
}

// addWindows adds memory, which nobody need want any more. The caller holds t.mu.
func (t *tape) addWindows(p *Pull, windows []view.Window) {
	for _, w := range windows {
		if w.Addr%pageSize != 0 || len(w.Native) == 0 || len(w.Native) > pageSize {
			continue
		}
		p.Memory = append(p.Memory, t.bases.pages.differ(p.Pid, w))
		key := pageKey{p.Pid, w.Addr}
		t.read[key] = true
		t.wanted = slices.DeleteFunc(t.wanted, func(k pageKey) bool { return k == key })
	}
}

// ranges keeps the places where memory is, for choosing pages.
func (t *tape) ranges(s *view.Snapshot) {
	if s.Ranges != nil {
		t.places = s.Ranges
	}
}

// pages chooses what to read at a stop: where the stack is, where registers point, what the watcher reads.
func (t *tape) pages(s *view.Snapshot) []uint64 {
	var chosen []uint64
	add := func(addr uint64) {
		if p := addr &^ (pageSize - 1); len(chosen) < pagesMost && !slices.Contains(chosen, p) && t.isData(p) {
			chosen = append(chosen, p)
		}
	}
	t.mu.Lock()
	chosen = t.watched.of(s.Pid, pagesMost/2)
	t.mu.Unlock()
	if r := s.Registers; r != nil {
		if i := slices.Index(r.Names, "rsp"); i >= 0 && i < len(r.Values) {
			const redZone = 128 // bytes below rsp that belong to the program (System V ABI, 3.2.2)
			add(r.Values[i])
			add(r.Values[i] - redZone)
			add(r.Values[i] + pageSize)
		}
		for _, v := range r.Values {
			add(v)
		}
	}
	for _, f := range s.Stack {
		add(f.CFA)
	}
	slices.Sort(chosen)
	return chosen
}

// isData says whether a page is readable and no code: code is recorded as instructions.
func (t *tape) isData(p uint64) bool {
	for _, r := range t.places {
		if r.Start <= p && p < r.End && r.Kind != "variable" {
			return len(r.Prot) > 0 && r.Prot[0] == 'r' && !slices.Contains([]byte(r.Prot), 'x')
		}
	}
	return false
}

// codeBase keeps a hash of each instruction that was written.
type codeBase map[pageKey]uint64

// codeMost bounds it.
const codeMost = 1 << 18

var codeSeed = maphash.MakeSeed()

// code writes the instructions that are new, or translated anew. The caller holds t.mu.
func (t *tape) code(pid int, lines []view.CodeLine) {
	var fresh []view.CodeLine
	for _, l := range lines {
		key, sum := pageKey{pid, l.Addr}, codeHash(&l)
		t.bases.lengths[key] = len(l.Bytes)
		if t.bases.code[key] == sum {
			continue
		}
		if len(t.bases.code) >= codeMost {
			clear(t.bases.code)
			clear(t.bases.lengths)
		}
		t.bases.code[key] = sum
		l.Count, l.Break = 0, 0 // they belong to a moment
		fresh = append(fresh, l)
	}
	if fresh != nil && !t.w.put(&Line{Code: &Code{pid, fresh}}, false) {
		for _, l := range fresh {
			delete(t.bases.code, pageKey{pid, l.Addr})
		}
		t.lose(Dropped{Pulls: 1})
	}
}

// knows says whether the code at an address, and what follows it, has been written. The caller holds t.mu.
func (t *tape) knows(pid int, pc uint64) bool {
	const enough = 16 // instructions
	for range enough {
		n := t.bases.lengths[pageKey{pid, pc}]
		if n == 0 {
			return false
		}
		pc += uint64(n)
	}
	return true
}

// codeHash is never 0.
func codeHash(l *view.CodeLine) uint64 {
	var h maphash.Hash
	h.SetSeed(codeSeed)
	h.Write(l.Bytes)
	h.WriteString(l.Text)
	for _, c := range l.Code {
		h.Write(c.Bytes)
		h.WriteString(string(c.Role))
		h.WriteByte(byte(c.Addr))
		h.WriteByte(byte(c.Addr >> 8))
		h.WriteByte(byte(c.Addr >> 16))
		h.WriteByte(byte(c.Addr >> 24))
	}
	for _, a := range l.Links {
		h.WriteByte(byte(a))
	}
	if l.Uncovered {
		h.WriteByte(1)
	}
	return h.Sum64() | 1
}

// pageSet is the pages that somebody is interested in, and when that was last.
type pageSet map[pageKey]time.Time

// watchedMost bounds a pageSet.
const watchedMost = 128

func (s pageSet) add(key pageKey) {
	s[key] = time.Now()
	for len(s) > watchedMost {
		oldest, at := pageKey{}, time.Time{}
		for k, used := range s {
			if at.IsZero() || used.Before(at) {
				oldest, at = k, used
			}
		}
		delete(s, oldest)
	}
}

// of gives the last of one process, n at most, the latest first.
func (s pageSet) of(pid, n int) []uint64 {
	var keys []pageKey
	for k := range s {
		if k.pid == pid {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b pageKey) int { return cmp.Or(s[b].Compare(s[a]), cmp.Compare(a.addr, b.addr)) })
	pages := make([]uint64, 0, n)
	for _, k := range keys[:min(n, len(keys))] {
		pages = append(pages, k.addr)
	}
	return pages
}
