package sessions

import (
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"kmv/engine/view"
)

// TestHostile changes bytes of the lines, below the checksums: whatever can still be parsed is played and shown without
// a panic. A recording may come from anywhere.
func TestHostile(t *testing.T) {
	f := newFake(9)
	b, err := os.ReadFile(record(t, f, 25))
	if err != nil {
		t.Fatal(err)
	}
	good := whole(t, b)
	enc, err := newEncoder()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	played := 0
	for range 150 {
		var file []byte
		for _, line := range good.Text {
			line = append([]byte(nil), line...)
			for range rng.IntN(3) {
				if i := rng.IntN(len(line)); line[i] >= '0' && line[i] <= '9' {
					line[i] = "0123456789-e"[rng.IntN(12)]
				} else if rng.IntN(40) == 0 {
					line[i] = byte(rng.IntN(256))
				}
			}
			file = append(file, enc.EncodeAll(append(line, '\n'), nil)...)
		}
		r, err := parse("x.kmv", file)
		if err != nil {
			continue
		}
		played++
		Show(io.Discard, r, true)
		Verify(io.Discard, r)
		if err := WriteHTML(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		play(t, r)
	}
	if played < 50 {
		t.Errorf("only %d of 150 were played", played)
	}
}

// play goes through all moments and looks at everything.
func play(t *testing.T, r *Recording) {
	p := Play(r)
	defer p.Close()
	p.Do(t.Context(), view.Command{Op: view.Watch, Text: "$rsp", Size: 8})
	for i := range p.film.moments {
		p.Do(t.Context(), view.Command{Op: view.Seek, Count: i + 1})
		s, err := p.Look(t.Context(), view.Query{Registers: true, Stack: true, Threads: true, Ranges: true, Gaps: true, Failures: true, Breaks: true, Blocks: true,
			Code: &view.CodeQuery{Before: 9, After: 9}, Memory: []view.MemoryQuery{{Text: "$rsp", Size: 9000}, {Addr: fakeHeap, Size: 5000}, {Size: -1}, {Addr: ^uint64(0) - 5, Size: 99}}})
		if err == nil && s == nil {
			t.Fatal("neither a snapshot nor an error")
		}
	}
	for _, op := range []view.Op{view.Restart, view.Continue, view.Finish, view.Until, view.Verify, view.Explain, view.Back} {
		p.Do(t.Context(), view.Command{Op: op, Count: 3, On: true})
	}
}
