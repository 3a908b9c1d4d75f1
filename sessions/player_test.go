package sessions

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kmv/engine/view"
)

// player plays a recorded fake run.
func player(t *testing.T, steps int) (*Player, *fake) {
	t.Helper()
	f := newFake(5)
	p, err := Open(record(t, f, steps))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, f
}

// at says at which moment a player stands.
func at(t *testing.T, p *Player) int {
	t.Helper()
	s, err := p.Look(t.Context(), view.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Stop
}

func TestTravel(t *testing.T) {
	p, f := player(t, 30)
	end := len(f.truth) + 1
	for _, c := range []struct {
		c    view.Command
		want int
	}{
		{view.Command{Op: view.StepInst}, 2},
		{view.Command{Op: view.Next, Count: 3}, 5},
		{view.Command{Op: view.Back}, 4},
		{view.Command{Op: view.Forward, Count: 2}, 6},
		{view.Command{Op: view.Continue}, 8}, // the seventh command was one
		{view.Command{Op: view.Continue}, 15},
		{view.Command{Op: view.Back, Count: 100}, 1},
		{view.Command{Op: view.Back}, 1},
		{view.Command{Op: view.Seek, Text: "end"}, end},
		{view.Command{Op: view.StepInst}, end},
		{view.Command{Op: view.Seek, Text: "start"}, 1},
		{view.Command{Op: view.Seek, Count: 9}, 9},
		{view.Command{Op: view.Seek, Count: 1000}, end},
		{view.Command{Op: view.Seek, Text: "0.0s"}, 1},
		{view.Command{Op: view.Restart}, 1},
	} {
		if _, err := p.Do(t.Context(), c.c); err != nil || at(t, p) != c.want {
			t.Errorf("%+v: moment %d, want %d; %v", c.c, at(t, p), c.want, err)
		}
	}
	for i, want := range f.truth {
		p.Do(t.Context(), view.Command{Op: view.Seek, Text: fmt.Sprintf("#%d", want.seq)})
		if at(t, p) != i+1 {
			t.Errorf("event %d: moment %d, want %d", want.seq, at(t, p), i+1)
		}
	}
}

// TestRecordedBreaks stops where the recorded program counter or watched bytes say, forwards and backwards.
func TestRecordedBreaks(t *testing.T) {
	p, f := player(t, 60)
	pc, _ := register(f.truth[40].now.Registers, "rip")
	first := 0
	for i := 40; i > 0; i-- {
		if v, _ := register(f.truth[i].now.Registers, "rip"); v == pc {
			first = i + 1
		}
	}
	r, err := p.Do(t.Context(), view.Command{Op: view.Break, Addr: pc})
	if err != nil || r.ID == 0 {
		t.Fatal(r, err)
	}
	seen := 0
	for at(t, p) < first {
		p.Do(t.Context(), view.Command{Op: view.Continue})
		if seen++; seen > 100 {
			t.Fatal("never got there")
		}
	}
	if got := at(t, p); got != first {
		t.Errorf("stopped at %d, want %d", got, first)
	}
	s, err := p.Look(t.Context(), view.Query{Breaks: true})
	if err != nil || len(s.Breaks) != 1 || s.Breaks[0].Hits != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	p.Do(t.Context(), view.Command{Op: view.Seek, Text: "end"})
	p.Do(t.Context(), view.Command{Op: view.Back, On: true})
	s, _ = p.Look(t.Context(), view.Query{Registers: true})
	if v, _ := register(s.Registers, "rip"); v != pc {
		t.Errorf("back to the breakpoint: at %#x, want %#x", v, pc)
	}
	if _, err := p.Do(t.Context(), view.Command{Op: view.Delete, ID: 99}); err == nil {
		t.Error("deleted a breakpoint that is not there")
	}
	if _, err := p.Do(t.Context(), view.Command{Op: view.Delete}); err != nil || len(p.breaks) != 0 {
		t.Error(err)
	}
}

// TestNotRecorded: what is not there is said, not made up.
func TestNotRecorded(t *testing.T) {
	p, f := player(t, 5)
	var missing *NotRecordedError
	for _, q := range []view.Query{
		{Memory: []view.MemoryQuery{{Addr: 0x7000, Size: 16}}},
		{Code: &view.CodeQuery{Addr: 0x7000, After: 3}},
		{Thread: 99, Registers: true},
		{Blocks: true},
		{Memory: []view.MemoryQuery{{Text: "$nonsense", Size: 16}}},
	} {
		if _, err := p.Look(t.Context(), q); !errors.As(err, &missing) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	s, err := p.Look(t.Context(), view.Query{Registers: true, Memory: []view.MemoryQuery{{Addr: 0x7000, Size: 16}, {Text: "$rsp", Size: 16}}})
	if err != nil || len(s.Missing) != 1 || s.Registers == nil || len(s.Memory) != 2 || len(s.Memory[1].Native) != 16 {
		t.Errorf("%+v, %v", s, err)
	}
	var wrong *view.CommandError
	for _, op := range []view.Op{view.Write, view.SetReg, view.Mirror, view.Inject, view.Kill, view.Signal, view.Input, view.Scrub} {
		if _, err := p.Do(t.Context(), view.Command{Op: op}); !errors.As(err, &wrong) || wrong.Hint == "" || wrong.Error() == "" {
			t.Errorf("%s: %v", op, err)
		}
	}
	if _, err := p.Do(t.Context(), view.Command{Op: view.Why, Addr: 1}); !errors.As(err, &missing) {
		t.Errorf("why: %v", err)
	}
	rsp := uint64(fakeHeap + 2*pageSize + 64)
	for text, want := range map[string]uint64{"$rsp": rsp, "$sp+8": rsp + 8, "0x10/2": 8, "&counter": fakeHeap, "&main": fakeCode} {
		if r, err := p.Do(t.Context(), view.Command{Op: view.Eval, Text: text}); err != nil || r.Value != want {
			t.Errorf("%s is %#x, %v; want %#x", text, r.Value, err, want)
		}
	}
	want := binary.LittleEndian.Uint32(f.truth[0].pages[rsp&^(pageSize-1)].native[rsp%pageSize:])
	if r, err := p.Do(t.Context(), view.Command{Op: view.Eval, Text: "*(unsigned int*)$rsp"}); err != nil || r.Value != uint64(want) {
		t.Errorf("*$rsp is %#x, %v; want %#x", r.Value, err, want)
	}
	if _, err := p.Do(t.Context(), view.Command{Op: view.Eval, Text: "$nope"}); !errors.As(err, &wrong) {
		t.Errorf("$nope: %v", err)
	}
}

// TestPlayedEvents: in order, without holes, each once, and a stop for each move.
func TestPlayedEvents(t *testing.T) {
	p, f := player(t, 20)
	for _, op := range []view.Op{view.StepInst, view.StepInst, view.Back, view.Back} {
		p.Do(t.Context(), view.Command{Op: op})
	}
	p.Do(t.Context(), view.Command{Op: view.Seek, Text: "end"})
	p.events.finish()
	n, kinds := uint64(0), map[view.Kind]int{}
	for e := range p.Events() {
		if n++; e.Seq != n {
			t.Fatalf("event %d follows %d", e.Seq, n-1)
		}
		kinds[e.Kind]++
	}
	if kinds[view.EventExit] != 1 || kinds[view.EventStart] != 1 || kinds[view.EventResume] != 20 {
		t.Errorf("%v", kinds)
	}
	if want := len(f.truth) + 2 + 1; kinds[view.EventStop] != want { // recorded ones, two moves back, the end
		t.Errorf("%d stops, want %d", kinds[view.EventStop], want)
	}
}

// TestAskedAgain: a question that was asked when the run was recorded has its answer.
func TestAskedAgain(t *testing.T) {
	f := newFake(1)
	f.Do(t.Context(), view.Command{Op: view.Pause})
	r, err := NewRecorder(create(t, t.TempDir()+"/a.kmv"), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	untilStop(r)
	r.Do(t.Context(), view.Command{Op: view.Why, Addr: 77})
	r.Do(t.Context(), view.Command{Op: view.Input, Data: []byte("secret")})
	do(t, r, view.Command{Op: view.StepInst})
	path := r.current().path
	r.Close()
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if a, err := p.Do(t.Context(), view.Command{Op: view.Why, Addr: 77}); err != nil || a.Text != "nobody" {
		t.Errorf("%+v, %v", a, err)
	}
	for _, line := range p.Recording.Text {
		if strings.Contains(string(line), "c2VjcmV0") {
			t.Errorf("what was typed is in the file: %s", line)
		}
	}
}

// TestWantedAtAStop: what a watcher reads before the recorder has read the stop is recorded too, and once.
func TestWantedAtAStop(t *testing.T) {
	const far, many = fakeHeap + 64*pageSize, pagesMost // more than it reads again of itself at the next stop
	f := newFake(1)
	for i := range uint64(many) {
		b := f.random(pageSize)
		f.pages[far+i*pageSize] = &pageImage{native: b, mirror: b}
	}
	f.Do(t.Context(), view.Command{Op: view.Pause})
	r, err := NewRecorder(create(t, t.TempDir()+"/a.kmv"), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	untilStop(r)
	r.current().settle(t.Context())
	inside, held, reads := make(chan bool), true, map[uint64]int{}
	f.lookup = func(q view.Query) {
		for _, m := range q.Memory {
			if m.Addr >= far && m.Size == pageSize {
				reads[m.Addr]++
			}
		}
		if held && q.Registers { // the recorder is about to read the next stop
			held = false
			f.mu.Unlock()
			inside <- true
			<-inside
			f.mu.Lock()
		}
	}
	do(t, r, view.Command{Op: view.StepInst})
	<-inside
	f.Do(t.Context(), view.Command{Op: view.StepInst}) // and another comes meanwhile
	untilStop(r)
	if _, err := r.Look(t.Context(), view.Query{Memory: []view.MemoryQuery{{Addr: far, Size: many * pageSize}}}); err != nil {
		t.Fatal(err)
	}
	settled := r.current()
	inside <- true
	settled.settle(t.Context())
	path := settled.path
	r.Close()
	for page, n := range reads {
		if n > 2 {
			t.Errorf("page %x was read %d times at two stops", page, n)
		}
	}
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Do(t.Context(), view.Command{Op: view.Seek, Count: 2}) // the stop between is lost
	for page := uint64(far); page < far+many*pageSize; page += pageSize {
		s, err := p.Look(t.Context(), view.Query{Memory: []view.MemoryQuery{{Addr: page, Size: pageSize}}})
		if err != nil || !bytes.Equal(s.Memory[0].Native, f.pages[page].native) {
			t.Errorf("page %x is not what it was: %v", page, err)
		}
	}
}
