package pane

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// Stack is the calls of the shown thread, the innermost first.
type Stack struct{ list }

// NewStack is the pane.
func NewStack() *Stack {
	s := &Stack{}
	s.rows = func(d *Data) int { return len(d.Now.Stack) }
	s.text = func(d *Data, i int) string {
		f := d.Now.Stack[i]
		return fmt.Sprintf("#%d %x %s %s %s", i, f.PC, Call(f), f.Source, f.Module)
	}
	return s
}

func (s *Stack) Title(*Data) string { return "call stack" }
func (s *Stack) Ask(q *view.Query)  { q.Stack = true }

// Frame is the number of the frame under the cursor.
func (s *Stack) Frame() int { return s.cursor }

// Select puts the cursor on a frame.
func (s *Stack) Select(frame int) { s.cursor = max(frame, 0) }

func (s *Stack) Draw(to draw.Surface, d *Data, focused bool) {
	s.draw(to, d, focused, "known when the program pauses", func(p *draw.Pen, i int) {
		f := d.Now.Stack[i]
		p.Put(draw.Plain, fmt.Sprintf("%2d ", i)).Put(draw.Address, fmt.Sprintf("%8x ", f.PC))
		where := f.Source
		if where == "" {
			where = f.Module
		}
		room := s.w - p.At() - 1
		where = draw.Fit(where, room/2)
		room -= draw.Width(where) + 1
		name := brief(f.Symbol, room)
		p.Put(draw.Label, name)
		if args := strings.TrimPrefix(Call(f), f.Symbol); args != "" && room-draw.Width(name) > 6 {
			p.Put(draw.Plain, draw.Fit(args, room-draw.Width(name)))
		}
		p.Put(draw.Plain, " ").Put(draw.Source, where)
	})
}

// Call is a frame's function with its arguments. A name that has parameters' types already gets them behind it.
func Call(f view.Frame) string {
	s := f.Symbol
	if f.Args != "" {
		s += " (" + f.Args + ")"
	}
	if f.Inlined {
		s += " [inlined]"
	}
	return s
}

// brief writes a C++ name without what its brackets hold, if it has no room otherwise.
func brief(symbol string, w int) string {
	if draw.Width(symbol) <= w {
		return symbol
	}
	var b strings.Builder
	depth := 0
	for i, c := range symbol {
		operator := strings.HasSuffix(symbol[:i], "operator") || strings.HasSuffix(symbol[:i], "operator<") || strings.HasSuffix(symbol[:i], "-")
		switch {
		case strings.ContainsRune("<(", c) && !operator:
			if depth++; depth == 1 {
				b.WriteRune(c)
			}
		case strings.ContainsRune(">)", c) && !operator && depth > 0:
			if depth--; depth == 0 {
				b.WriteRune(c)
			}
		case depth == 0:
			b.WriteRune(c)
		}
	}
	return draw.Fit(b.String(), w)
}

// Threads is the tree: its processes, and their threads.
type Threads struct{ list }

// NewThreads is the pane.
func NewThreads() *Threads {
	t := &Threads{}
	t.rows = func(d *Data) int { return len(t.lines(d)) }
	t.text = func(d *Data, i int) string { return t.lines(d)[i].text() }
	return t
}

func (t *Threads) Title(*Data) string { return "threads" }
func (t *Threads) Ask(q *view.Query)  { q.Threads = true }

// threadLine is a process or one of its threads.
type threadLine struct {
	process *view.Process
	thread  *view.Thread
	depth   int // in the tree
}

func (l threadLine) text() string {
	if l.process != nil {
		return fmt.Sprintf("process %d %s %s, parent %d", l.process.Pid, l.process.Program, l.process.State, l.process.Parent)
	}
	return fmt.Sprintf("%d %s %s %x %s", l.thread.ID, l.thread.Name, l.thread.State, l.thread.PC, l.thread.Symbol)
}

func (t *Threads) lines(d *Data) []threadLine {
	var out []threadLine
	listed := map[int]bool{} // threads
	threads := func(pid, depth int) {
		for j := range d.Now.Threads {
			if th := &d.Now.Threads[j]; th.Pid == pid {
				listed[th.ID] = true
				out = append(out, threadLine{thread: th, depth: depth})
			}
		}
	}
	var process func(p *view.Process, depth int)
	process = func(p *view.Process, depth int) {
		out = append(out, threadLine{process: p, depth: depth})
		threads(p.Pid, depth)
		for i := range d.Now.Processes {
			if c := &d.Now.Processes[i]; c.Parent == p.Pid && c.Pid != p.Pid && depth < len(d.Now.Processes) {
				process(c, depth+1)
			}
		}
	}
	for i := range d.Now.Processes {
		p := &d.Now.Processes[i]
		if !slices.ContainsFunc(d.Now.Processes, func(q view.Process) bool { return q.Pid == p.Parent && q.Pid != p.Pid }) {
			process(p, 0)
		}
	}
	for j := range d.Now.Threads {
		if th := &d.Now.Threads[j]; !listed[th.ID] {
			out = append(out, threadLine{thread: th})
		}
	}
	return out
}

// Selected is the thread under the cursor, 0 if that is none. On a process it is the first of its threads.
func (t *Threads) Selected(d *Data) int {
	lines := t.lines(d)
	for i := t.cursor; i < len(lines); i++ {
		if lines[i].thread != nil {
			return lines[i].thread.ID
		}
	}
	return 0
}

func (t *Threads) Draw(s draw.Surface, d *Data, focused bool) {
	lines := t.lines(d)
	t.draw(s, d, focused, "no threads", func(p *draw.Pen, i int) {
		indent := 2 * min(lines[i].depth, 6)
		if pr := lines[i].process; pr != nil {
			p.To(indent).Put(draw.Title, fmt.Sprintf("%d ", pr.Pid)).Put(draw.Label, filepath.Base(pr.Program))
			p.Putf(draw.Dim, "  %s, %s", draw.Plural(pr.Threads, "thread"), pr.State)
			return
		}
		th := lines[i].thread
		if th.ID == d.Now.Thread {
			p.Put(draw.Current, ">")
		}
		p.To(2+indent).Put(draw.Plain, fmt.Sprintf("%-7d", th.ID)).Cut(draw.Label, 12, th.Name).Put(draw.Plain, " ")
		p.Put(draw.Dim, th.State+" ")
		if th.PC != 0 {
			p.Put(draw.Address, fmt.Sprintf("%x ", th.PC)).Put(draw.Label, th.Symbol)
		}
	})
}

// Breaks lists breakpoints and watchpoints.
type Breaks struct{ list }

// NewBreaks is the pane.
func NewBreaks() *Breaks {
	b := &Breaks{}
	b.rows = func(d *Data) int { return len(d.Now.Breaks) }
	b.text = func(d *Data, i int) string {
		p := d.Now.Breaks[i]
		return fmt.Sprintf("%d %s %x %s %s", p.ID, p.Kind, p.Addr, p.Text, p.If)
	}
	return b
}

func (b *Breaks) Title(*Data) string { return "breakpoints" }
func (b *Breaks) Ask(q *view.Query)  { q.Breaks = true }

// Selected is the one under the cursor.
func (b *Breaks) Selected(d *Data) *view.BreakPoint {
	if b.cursor >= len(d.Now.Breaks) {
		return nil
	}
	return &d.Now.Breaks[b.cursor]
}

func (b *Breaks) Draw(s draw.Surface, d *Data, focused bool) {
	b.draw(s, d, focused, "none; F9 sets one, :watch ADDR a watchpoint", func(p *draw.Pen, i int) {
		e := d.Now.Breaks[i]
		glyph, role := "*", draw.Bad
		if !e.Enabled {
			glyph, role = "o", draw.Dim
		}
		kind := e.Kind
		if e.Temporary {
			kind = "t" + kind
		}
		p.Put(role, glyph).Put(draw.Plain, fmt.Sprintf("%-3d", e.ID)).Cut(draw.Title, 7, kind)
		if e.Pending {
			p.Put(draw.Warn, "pending")
		} else {
			p.Put(draw.Address, fmt.Sprintf("%x", e.Addr))
		}
		if e.Size > 0 {
			p.Put(draw.Dim, fmt.Sprintf("+%d", e.Size))
		}
		p.Put(draw.Label, " "+e.Text)
		if e.If != "" {
			p.Put(draw.Warn, " if "+e.If)
		}
		p.Putf(draw.Dim, "  %s", draw.Plural(e.Hits, "hit"))
	})
}
