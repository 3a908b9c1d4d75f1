package sessions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// frames makes a small file: a header, and events in frames of two lines.
func frames(t *testing.T, lines int) []byte {
	t.Helper()
	enc, err := newEncoder()
	if err != nil {
		t.Fatal(err)
	}
	var file, frame []byte
	for n := range lines {
		l := &Line{N: uint64(n + 1), Event: &view.Event{Seq: uint64(n), Kind: view.EventLog, Text: strings.Repeat(fmt.Sprint("line ", n, " "), 5)}}
		if n == 0 {
			l = &Line{N: 1, Header: &Header{Format: FormatVersion, Version: "1", Program: "/bin/true"}}
		}
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		if frame = append(append(frame, text...), '\n'); n%2 == 1 || n == lines-1 {
			file, frame = append(file, enc.EncodeAll(frame, nil)...), nil
		}
	}
	return file
}

// whole reads a file that must be readable.
func whole(t *testing.T, b []byte) *Recording {
	t.Helper()
	r, err := parse("x.kmv", b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTruncation cuts a file at every byte: the lines before are read, and it is said that the rest is missing.
func TestTruncation(t *testing.T) {
	b := frames(t, 8)
	all := whole(t, b)
	if len(all.Damage) != 0 || len(all.Lines) != 8 || all.Frames != 4 {
		t.Fatalf("%d lines in %d frames, damage %v", len(all.Lines), all.Frames, all.Damage)
	}
	most := 0
	for n := range len(b) {
		r, err := parse("x.kmv", b[:n])
		var unreadable *ReadError
		if errors.As(err, &unreadable) {
			if most > 0 || unreadable.Hint == "" || !strings.Contains(unreadable.Problem, "cut off") && n > 0 {
				t.Fatalf("cut at %d: %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if len(r.Lines) < most {
			t.Fatalf("cut at %d: %d lines, %d before", n, len(r.Lines), most)
		}
		most = len(r.Lines)
		for i, line := range r.Text {
			if !bytes.Equal(line, all.Text[i]) {
				t.Fatalf("cut at %d: line %d differs", n, i)
			}
		}
		atFrame := len(r.Damage) == 0
		if !atFrame && (len(r.Damage) != 1 || !r.Damage[0].Cut || !strings.Contains(r.Damage[0].String(), "cut off")) {
			t.Fatalf("cut at %d: %v", n, r.Damage)
		}
		if p := Play(r); len(p.film.moments) == 0 {
			t.Fatalf("cut at %d: nothing to play", n)
		} else {
			p.Close()
		}
	}
	if most != 6 {
		t.Errorf("%d lines before the last frame, want 6", most)
	}
}

// TestFlippedBits flips every bit: that is noticed, or every line is as it was; lines outside of the frame are read.
func TestFlippedBits(t *testing.T) {
	b := frames(t, 8)
	all := whole(t, b)
	noticed := 0
	for bit := range len(b) * 8 {
		broken := bytes.Clone(b)
		broken[bit/8] ^= 1 << (bit % 8)
		r, err := parse("x.kmv", broken)
		if err != nil {
			t.Fatalf("bit %d: %v", bit, err)
		}
		for _, line := range r.Text {
			n := 0
			fmt.Sscanf(string(line), `{"n":%d`, &n)
			if !bytes.Equal(line, all.Text[n-1]) {
				t.Fatalf("bit %d: a changed line was read: %s", bit, line)
			}
		}
		if len(r.Damage) == 0 && len(r.Lines) != len(all.Lines) || len(r.Lines) < len(all.Lines)-2 {
			t.Fatalf("bit %d: %d lines, damage %v", bit, len(r.Lines), r.Damage)
		}
		if len(r.Damage) > 0 {
			noticed++
		}
	}
	if noticed < len(b)*8*98/100 {
		t.Errorf("%d of %d bits noticed", noticed, len(b)*8)
	}
}

// TestMissingFrame takes frames out, and one twice.
func TestMissingFrame(t *testing.T) {
	b := frames(t, 8)
	first, err := frameLength(b)
	if err != nil {
		t.Fatal(err)
	}
	second, err := frameLength(b[first:])
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"the second": append(bytes.Clone(b[:first]), b[first+second:]...),
		"twice":      append(bytes.Clone(b[:first+second]), b[first:]...),
	} {
		if r := whole(t, file); len(r.Damage) != 1 {
			t.Errorf("%s: damage %v", name, r.Damage)
		}
	}
	r := whole(t, b[first:])
	if len(r.Lines) != 6 || !strings.Contains(r.Header.Program, "unknown") || len(r.Damage) != 1 {
		t.Errorf("without the header: %d lines of %s, damage %v", len(r.Lines), r.Header.Program, r.Damage)
	}
}

func TestForeignFiles(t *testing.T) {
	enc, err := newEncoder()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"a later version", enc.EncodeAll([]byte(`{"n":1,"header":{"format":7,"version":"9.1","argv":3}}`+"\n"), nil), "format version 7, written by kmv 9.1; this kmv reads versions up to 1"},
		{"no version", enc.EncodeAll([]byte(`{"n":1,"header":{}}`+"\n"), nil), "format version 0"},
		{"text", []byte("hello\n"), "not a recording of kmv"},
		{"other zstd", enc.EncodeAll([]byte("hello\n"), nil), "not a recording of kmv"},
		{"ELF", []byte("\x7fELF\x02\x01\x01"), "not a recording of kmv"},
		{"empty", nil, "the file is empty"},
	} {
		_, err := parse("x.kmv", c.file)
		var wrong *ReadError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Error(), c.says) || wrong.Hint == "" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestDamagedDeltas loses the frame in the middle of a real recording: nothing wrong is shown.
func TestDamagedDeltas(t *testing.T) {
	f := newFake(3)
	b, err := os.ReadFile(record(t, f, 60))
	if err != nil {
		t.Fatal(err)
	}
	lengths := []int{0}
	for at := 0; at < len(b); {
		n, err := frameLength(b[at:])
		if err != nil {
			t.Fatal(err)
		}
		at += n
		lengths = append(lengths, at)
	}
	if len(lengths) < 3 {
		t.Skipf("only %d frames", len(lengths)-1)
	}
	bySeq := map[uint64]*truth{}
	for i := range f.truth {
		bySeq[f.truth[i].seq] = &f.truth[i]
	}
	for k := 1; k < len(lengths)-1; k++ {
		p := Play(whole(t, append(bytes.Clone(b[:lengths[k-1]]), b[lengths[k]:]...)))
		for i := range p.film.moments {
			m := &p.film.moments[i]
			want := bySeq[m.pull.Seq]
			if !m.stop || want == nil {
				continue
			}
			for key := range m.memory {
				if w := p.film.page(key, m); w != nil && !bytes.Equal(w.Native, want.pages[key.addr].native) {
					t.Fatalf("without frame %d: page %#x at %d is wrong", k, key.addr, m.pull.Seq)
				}
			}
			if r := m.registers[7]; r != nil && fmt.Sprint(r.Values) != fmt.Sprint(want.now.Registers.Values) {
				t.Fatalf("without frame %d: registers at %d are wrong", k, m.pull.Seq)
			}
		}
		p.Close()
	}
}

// stubDisk fails, or waits, as it is told.
type stubDisk struct {
	bytes.Buffer
	room  int           // bytes until it is full
	gate  chan struct{} // if not nil, a write waits for it
	cut   int64
	mu    sync.Mutex
	ended bool
}

func (d *stubDisk) Write(b []byte) (int, error) {
	if d.gate != nil {
		<-d.gate
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.room > 0 && d.Len()+len(b) > d.room {
		n, _ := d.Buffer.Write(b[:d.room-d.Len()])
		return n, unix.ENOSPC
	}
	return d.Buffer.Write(b)
}

// fill leaves some room, once something was written.
func (d *stubDisk) fill(room int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = d.Len() + room
	return d.Len() > 0
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited 30 s")
		}
	}
}

func (d *stubDisk) Sync() error            { return nil }
func (d *stubDisk) Truncate(n int64) error { d.Buffer.Truncate(int(n)); d.cut = n; return nil }
func (d *stubDisk) Close() error           { d.ended = true; return nil }

// TestFullDisk: the recording ends with a message and whole frames, the run goes on.
func TestFullDisk(t *testing.T) {
	d := &stubDisk{}
	said := make(chan string, 10)
	f := newFake(1)
	r := Wrap(f, Options{Say: func(s string) { said <- s }})
	if err := r.start(t.Context(), &File{"full.kmv", d}); err != nil {
		t.Fatal(err)
	}
	do(t, r, view.Command{Op: view.Pause})
	until(t, func() bool { return d.fill(30000) })
	var message string
	for message == "" {
		do(t, r, view.Command{Op: view.StepInst})
		select {
		case message = <-said:
		default:
		}
	}
	for range 20 {
		do(t, r, view.Command{Op: view.StepInst}) // the run goes on
	}
	if !strings.Contains(message, "no space left on device") || !strings.Contains(message, "kmv sessions show full.kmv") {
		t.Errorf("said %q", message)
	}
	do(t, r, view.Command{Op: view.Kill})
	for range r.Events() {
	}
	if s := r.Status(); !errors.Is(s.Err, unix.ENOSPC) {
		t.Errorf("status %+v", s)
	}
	if len(said) > 0 {
		t.Errorf("said once more %q", <-said)
	}
	if rec := whole(t, d.Bytes()); len(rec.Damage) > 0 || rec.Ended || !d.ended || d.cut == 0 {
		t.Errorf("the file: damage %v, ended %v, closed %v, cut at %d", rec.Damage, rec.Ended, d.ended, d.cut)
	}
}

// TestSlowDisk: nothing waits for a disk that hangs, memory is bounded, and the file says what is missing.
func TestSlowDisk(t *testing.T) {
	d := &stubDisk{gate: make(chan struct{})}
	f := newFake(1)
	r := Wrap(f, Options{})
	if err := r.start(t.Context(), &File{"slow.kmv", d}); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	const blobs, blob = 400, 128 << 10
	for range blobs {
		f.emit(view.Event{Kind: view.EventOutput, Data: make([]byte, blob)})
	}
	for range 200000 {
		f.emit(view.Event{Kind: view.EventLog, Text: "x"})
	}
	f.mu.Unlock()
	do(t, r, view.Command{Op: view.Pause}) // all events came through
	tape := r.current()
	if p := tape.w.pressure(); p > 1 || p < 0.5 {
		t.Errorf("pressure %v", p)
	}
	close(d.gate)
	until(t, func() bool { return tape.w.pressure() < 0.1 })
	for range 10 {
		do(t, r, view.Command{Op: view.StepInst})
	}
	do(t, r, view.Command{Op: view.Kill})
	for range r.Events() {
	}
	rec := whole(t, d.Bytes())
	var lost Dropped
	output, events, first := 0, 0, uint64(0)
	for _, l := range rec.Lines {
		if l.Dropped != nil {
			lost.Events += l.Dropped.Events
			lost.Output += l.Dropped.Output
			lost.Pulls += l.Dropped.Pulls
		}
		if l.Event != nil {
			if events++; first == 0 {
				first = l.Event.Seq // the recording began there
			}
			output += len(l.Event.Data)
		}
	}
	if s := r.Status(); s.Dropped.Events != lost.Events || s.Dropped.Output != lost.Output {
		t.Errorf("status %+v, the file says %+v", s, lost)
	}
	if lost.Output == 0 || lost.Output+output > blobs*blob || lost.Events == 0 || uint64(lost.Events+events) != f.now.Seq-first+1 {
		t.Errorf("lost %+v; %d events of %d and %d bytes of output are there", lost, events, f.now.Seq-first+1, output)
	}
}

// TestTwoRecordings to one file: the second is refused, one to another file is not.
func TestTwoRecordings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "one.kmv")
	a, err := NewRecorder(create(t, file), newFake(1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(file); err == nil || !strings.Contains(err.Error(), "another kmv") {
		t.Errorf("a second recording to the same file: %v", err)
	}
	if _, err := a.Do(t.Context(), view.Command{Op: view.Record, On: true, Text: file + "2"}); err == nil || !strings.Contains(err.Error(), "already recording") {
		t.Errorf("a second recording of the same run: %v", err)
	}
	if reply, err := a.Do(t.Context(), view.Command{Op: view.Record}); err != nil || !strings.Contains(reply.Text, file) {
		t.Errorf("ended with %+v, %v", reply, err)
	}
	if _, err := a.Do(t.Context(), view.Command{Op: view.Record}); err == nil {
		t.Error("ended twice")
	}
	if _, err := a.Do(t.Context(), view.Command{Op: view.Record, On: true, Text: file}); err != nil {
		t.Errorf("a next recording: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if r, err := Read(file); err != nil || !r.Ended {
		t.Errorf("%+v, %v", r, err)
	}
}
