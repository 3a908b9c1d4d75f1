package sessions

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"kmv/engine/view"
)

func TestMain(m *testing.M) {
	budgetMost, settleMost = time.Hour, time.Minute
	os.Exit(m.Run())
}

// TestBudget: pulling costs its share and no more, whatever a pull takes; who waits a little gets everything.
func TestBudget(t *testing.T) {
	defer func(most time.Duration) { budgetMost = most }(budgetMost)
	budgetMost = 500 * time.Millisecond
	var b budget
	now, spent := time.Unix(1000, 0), time.Duration(0)
	counts := map[detail]int{}
	for range 100000 { // a stop each 0.4 ms
		now = now.Add(400 * time.Microsecond)
		d := b.allows(now)
		counts[d]++
		cost := map[detail]time.Duration{all: 3 * time.Millisecond, little: 100 * time.Microsecond}[d]
		b.spend(cost)
		spent += cost
	}
	if most := budgetMost + time.Duration(budgetShare*float64(40*time.Second)) + 3*time.Millisecond; spent > most || counts[little] == 0 || counts[nothing] == 0 {
		t.Errorf("%v spent in 40 s, at most %v; %v", spent, most, counts)
	}
	for range 1000 { // ten a second, by hand
		now = now.Add(100 * time.Millisecond)
		d := b.allows(now)
		b.spend(3 * time.Millisecond)
		if d != all && now.Sub(time.Unix(1040, 0)) > 10*time.Second {
			t.Fatalf("detail %d at %v", d, now)
		}
	}
}

// record records a fake run of some steps and gives the file.
func record(t *testing.T, f *fake, steps int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "r.kmv")
	f.Do(t.Context(), view.Command{Op: view.Pause}) // the first moment is a stop
	r, err := NewRecorder(create(t, file), f, Options{Version: "test", Policy: []string{"all"}, Say: func(s string) { t.Error(s) }})
	if err != nil {
		t.Fatal(err)
	}
	untilStop(r)
	for i := range steps {
		op := view.StepInst
		if i%7 == 6 {
			op = view.Continue
		}
		do(t, r, view.Command{Op: op})
	}
	do(t, r, view.Command{Op: view.Kill})
	for range r.Events() {
	}
	if s := r.Status(); s.Err != nil || s.Bytes == 0 {
		t.Fatalf("status %+v", s)
	}
	return file
}

// do gives a command and, if it stops the run, waits until the watcher sees that: the notice of the stop before may still be
// under way.
func do(t *testing.T, r *Recorder, c view.Command) {
	t.Helper()
	before, err := r.Controller.Look(t.Context(), view.Query{})
	if err == nil {
		_, err = r.Do(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.Op == view.Kill {
		return
	}
	for e := range r.Events() {
		if e.Kind == view.EventStop && e.Seq > before.Seq {
			return
		}
	}
}

// create opens a file for a recording.
func create(t *testing.T, file string) *File {
	t.Helper()
	f, err := Create(file)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func untilStop(r *Recorder) {
	for e := range r.Events() {
		if e.Kind == view.EventStop {
			return
		}
	}
}

// TestRoundTrip holds every stop of recorded runs against what the run was.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(6) {
		f := newFake(seed)
		p, err := Open(record(t, f, 100))
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Recording.Damage) > 0 || !p.Recording.Ended {
			t.Fatalf("damage %v, ended %v", p.Recording.Damage, p.Recording.Ended)
		}
		for i, want := range f.truth {
			if _, err := p.Do(t.Context(), view.Command{Op: view.Seek, Count: i + 1}); err != nil {
				t.Fatal(err)
			}
			compare(t, p, &want)
		}
		if n := len(p.film.moments); n != len(f.truth)+1 {
			t.Errorf("%d moments of %d stops and the end", n, len(f.truth))
		}
		p.Close()
	}
}

// compare holds what the player shows against the truth.
func compare(t *testing.T, p *Player, want *truth) {
	t.Helper()
	q := view.Query{Registers: true, Ranges: true, Gaps: true, Threads: true, Code: &view.CodeQuery{Before: 3, After: 5}}
	s, err := p.Look(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s.Registers, want.now.Registers) {
		t.Errorf("stop %d: registers %+v, want %+v", want.seq, s.Registers, want.now.Registers)
	}
	if !sameSet(s.Ranges, want.now.Ranges) || !sameSet(s.Gaps, want.now.Gaps) {
		t.Errorf("stop %d: ranges %+v, gaps %+v, want %+v, %+v", want.seq, s.Ranges, s.Gaps, want.now.Ranges, want.now.Gaps)
	}
	if s.Counters != want.now.Counters || s.Reason != want.reason || s.Time != want.now.Time {
		t.Errorf("stop %d: %+v %q %v, want %+v %q %v", want.seq, s.Counters, s.Reason, s.Time, want.now.Counters, want.reason, want.now.Time)
	}
	pc, _ := register(s.Registers, "rip")
	if len(s.Code) == 0 || len(s.Missing) > 0 {
		t.Fatalf("stop %d: no code at %#x, missing %v", want.seq, pc, s.Missing)
	}
	for _, l := range s.Code {
		if !reflect.DeepEqual(l, fakeLine(l.Addr)) {
			t.Errorf("stop %d: %+v, want %+v", want.seq, l, fakeLine(l.Addr))
		}
	}
	seen := 0
	for addr, page := range want.pages {
		s, err := p.Look(t.Context(), view.Query{Memory: []view.MemoryQuery{{Addr: addr + 5, Size: pageSize - 5}}})
		if err != nil {
			if _, ok := err.(*NotRecordedError); !ok {
				t.Fatal(err)
			}
			continue
		}
		seen++
		if w := s.Memory[0]; !reflect.DeepEqual(w.Native, page.native[5:]) || !reflect.DeepEqual(w.Mirror, page.mirror[5:]) {
			t.Fatalf("stop %d: page %#x differs", want.seq, addr)
		}
	}
	if seen < 2 {
		t.Errorf("stop %d: only %d pages were recorded", want.seq, seen)
	}
}

// sameSet compares lists whose order is free.
func sameSet[T comparable](a, b []T) bool {
	count := map[T]int{}
	for _, v := range a {
		count[v]++
	}
	for _, v := range b {
		count[v]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestBrokenPages: a recorder does not read a page where an error waits, for that would find it; it does when it is repaired.
func TestBrokenPages(t *testing.T) {
	const page = fakeHeap + 2*pageSize // where rsp points
	f := newFake(1)
	read := 0
	f.lookup = func(q view.Query) {
		for _, m := range q.Memory {
			if m.Addr == page {
				read++
			}
		}
	}
	tell := func(kind view.Kind) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.emit(view.Event{Kind: kind, Pid: 7, Addr: page + 8, Size: 1, Failure: &view.Failure{ID: 99, What: "page"}})
		read = 0
	}
	reads := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return read
	}
	f.Do(t.Context(), view.Command{Op: view.Pause})
	tell(view.EventInjected)
	r, err := NewRecorder(create(t, filepath.Join(t.TempDir(), "r.kmv")), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	untilStop(r)
	for range 5 {
		do(t, r, view.Command{Op: view.StepInst})
	}
	r.current().settle(t.Context())
	tell(view.EventRecovered)
	do(t, r, view.Command{Op: view.StepInst})
	r.current().settle(t.Context())
	if reads() == 0 {
		t.Error("the repaired page was not read")
	}
	tell(view.EventInjected)
	for range 5 {
		do(t, r, view.Command{Op: view.StepInst})
	}
	r.current().settle(t.Context())
	if n := reads(); n != 0 {
		t.Errorf("the broken page was read %d times", n)
	}
	r.Close()
}
