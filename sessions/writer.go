package sessions

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	frameEvery  = 700 * time.Millisecond // with what writing takes, at most a second is lost
	frameUrgent = 50 * time.Millisecond  // after a rare event or a pull
	frameCut    = 1 << 20                // bytes of lines
	queueMost   = 16 << 20               // bytes that wait for the disk, by lineCost
)

// disk is what a recording is written to: a file, or a stand-in for tests.
type disk interface {
	Write([]byte) (int, error)
	Sync() error
	Truncate(int64) error
	Close() error
}

// writer encodes lines and writes them, in a goroutine of its own. Giving it a line never waits.
type writer struct {
	disk disk
	fail func(error) // told once that nothing more will be written; on the writer's goroutine

	mu     sync.Mutex
	lines  []queued
	bytes  int // of lines, and of what is being written
	closed bool
	broken error
	lost   Dropped

	wake chan struct{}
	done chan struct{}
	enc  *zstd.Encoder
	n    uint64
	size int64 // of the file, whole frames
}

// queued is a line on its way. An urgent one ends its frame soon.
type queued struct {
	line   *Line
	cost   int
	urgent bool
}

func newWriter(d disk, fail func(error)) (*writer, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	w := &writer{disk: d, fail: fail, wake: make(chan struct{}, 1), done: make(chan struct{}), enc: enc}
	go w.run()
	return w, nil
}

// put gives the writer a line. It is false if there is no room for it; the caller counts what is lost with lose.
func (w *writer) put(l *Line, urgent bool) bool {
	cost := lineCost(l)
	w.mu.Lock()
	if w.closed || w.broken != nil || w.bytes+cost > queueMost {
		w.mu.Unlock()
		return false
	}
	if w.lost != (Dropped{}) {
		lost := w.lost
		w.lost = Dropped{}
		w.lines = append(w.lines, queued{line: &Line{Dropped: &lost}})
	}
	w.lines = append(w.lines, queued{l, cost, urgent})
	w.bytes += cost
	w.mu.Unlock()
	w.nudge()
	return true
}

// lose counts what is left out; the file says so before the next line.
func (w *writer) lose(d Dropped) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost.Time, w.lost.Why = d.Time, d.Why
	w.lost.Events += d.Events
	w.lost.Asked += d.Asked
	w.lost.Pulls += d.Pulls
	w.lost.Output += d.Output
}

// pressure is how full the queue is, 0 to 1; below 0 if nothing more will be written.
func (w *writer) pressure() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return -1
	}
	return float64(w.bytes) / queueMost
}

// close writes what is left and gives the error that ended the recording early, if one did.
func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.nudge()
	<-w.done
	return w.broken
}

func (w *writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run encodes what comes, and ends a frame when it is due.
func (w *writer) run() {
	defer close(w.done)
	defer w.disk.Close()
	var (
		buf   []byte
		held  int // of w.bytes, in buf
		due   time.Time
		timer = time.NewTimer(time.Hour)
	)
	flush := func() bool {
		err := w.frame(buf)
		buf = buf[:0]
		w.release(held, err)
		held, due = 0, time.Time{}
		return err == nil
	}
	for {
		select {
		case <-w.wake:
		case <-timer.C:
		}
		w.mu.Lock()
		lines, closed := w.lines, w.closed
		w.lines = nil
		w.mu.Unlock()
		for _, q := range lines {
			buf = w.encode(buf, q.line)
			held += q.cost
			wait := frameEvery
			if q.urgent {
				wait = frameUrgent
			}
			if at := time.Now().Add(wait); due.IsZero() || at.Before(due) {
				due = at
			}
			if (len(buf) >= frameCut || q.line.Header != nil) && !flush() { // the header is on the disk before anything can happen
				return
			}
		}
		if len(buf) > 0 && (closed || !time.Now().Before(due)) && !flush() {
			return
		}
		if closed {
			return
		}
		if !due.IsZero() {
			timer.Reset(time.Until(due))
		}
	}
}

// encode appends a line, numbered.
func (w *writer) encode(buf []byte, l *Line) []byte {
	w.n++
	l.N = w.n
	text, err := json.Marshal(l)
	if err != nil { // a number that JSON has no form for: the run must not end for that
		text, _ = json.Marshal(&Line{N: w.n, Dropped: &Dropped{Pulls: 1, Why: err.Error()}})
	}
	return append(append(buf, text...), '\n')
}

// frame writes one frame and waits until it is on the disk. A frame that did not fit is taken back.
func (w *writer) frame(lines []byte) error {
	b := w.enc.EncodeAll(lines, nil)
	_, err := w.disk.Write(b)
	if err == nil {
		err = w.disk.Sync()
	}
	if err != nil {
		_ = w.disk.Truncate(w.size)
		return err
	}
	w.size += int64(len(b))
	return nil
}

// release gives room back, or ends everything.
func (w *writer) release(n int, err error) {
	w.mu.Lock()
	w.bytes -= n
	if err != nil {
		w.broken, w.lines, w.bytes = err, nil, 0
	}
	w.mu.Unlock()
	if err != nil {
		w.fail(err)
	}
}

// lineCost is about how many bytes a line keeps in memory.
func lineCost(l *Line) int {
	n := 256
	if e := l.Event; e != nil {
		n += len(e.Data) + len(e.Text) + len(e.Symbol)
	}
	if c := l.Code; c != nil {
		for _, line := range c.Lines {
			n += 256 + 96*len(line.Code)
		}
	}
	if a := l.Asked; a != nil {
		n += len(a.Command.Data) + len(a.Command.Text)
		if a.Reply != nil {
			n += len(a.Reply.Text) + 64*len(a.Reply.Divergent)
		}
	}
	if p := l.Pull; p != nil {
		n += pullCost(p)
	}
	return n
}

func pullCost(p *Pull) int {
	n := 96*(len(p.Threads)+len(p.Processes)+len(p.Breaks)+len(p.Gaps)+len(p.Blocks)) + 64*len(p.Memory)
	for _, r := range p.Registers {
		n += 24*len(r.Values) + 72*len(r.Vectors)
	}
	for _, s := range p.Stacks {
		n += 128 * len(s.Frames)
	}
	if p.Ranges != nil {
		n += 128*len(p.Ranges.Set) + 32*len(p.Ranges.Gone)
	}
	for _, m := range p.Memory {
		for _, piece := range m.Pieces {
			n += 64 + len(piece.Native) + len(piece.Mirror)
		}
	}
	return n
}
