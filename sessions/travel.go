package sessions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kmv/engine/view"
)

// where says where the player stands. The caller holds p.mu.
func (p *Player) where() (view.Reply, error) {
	m := &p.film.moments[p.at]
	text := fmt.Sprintf("moment %d of %d, %.3f s", p.at+1, len(p.film.moments), m.pull.Time)
	if p.at == len(p.film.moments)-1 {
		text += ": " + m.reason()
	}
	return view.Reply{Value: uint64(p.at + 1), Addr: m.pc(), Text: text}, nil
}

// seek goes to a moment by number, time, event or name.
func (p *Player) seek(c view.Command) (view.Reply, error) {
	to := c.Count - 1
	if c.Text != "" {
		var ok bool
		if to, ok = p.place(c.Text); !ok {
			return view.Reply{}, &view.CommandError{Text: c.Text, End: len(c.Text), Problem: "is no place in a recording",
				Hint: "start, end, a time in seconds such as 12.5, or #SEQ, an event"}
		}
	}
	p.move(to)
	return p.where()
}

// place finds what seek's text names.
func (p *Player) place(text string) (int, bool) {
	switch {
	case text == "start":
		return 0, true
	case text == "end":
		return len(p.film.moments) - 1, true
	case strings.HasPrefix(text, "#"):
		seq, err := strconv.ParseUint(text[1:], 10, 64)
		for _, e := range p.film.events {
			if e.event.Seq == seq && err == nil {
				return p.film.at(e.line), true
			}
		}
		return 0, false
	}
	t, err := strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64)
	if err != nil {
		return 0, false
	}
	to := 0
	for i := range p.film.moments {
		if p.film.moments[i].pull.Time <= t {
			to = i
		}
	}
	return to, true
}

// back goes back, or to the last breakpoint before.
func (p *Player) back(c view.Command) (view.Reply, error) {
	if !c.On {
		p.move(p.at - count(c))
		return p.where()
	}
	for i := p.at - 1; i >= 0; i-- {
		if p.hit(i) != nil {
			p.move(i)
			return p.where()
		}
	}
	p.move(0)
	return p.where()
}

// step goes to the next stop of the thread; behind the last one, a moment on.
func (p *Player) step(c view.Command) (view.Reply, error) {
	at := p.at
	for range count(c) {
		next := at + 1
		for next < len(p.film.moments) && !p.film.moments[next].stopOf(c.Thread) {
			next++
		}
		if next >= len(p.film.moments) {
			next = at + 1
		}
		at = next
	}
	p.move(at)
	return p.where()
}

// stopOf says whether a moment is a stop of a thread, or of any.
func (m *moment) stopOf(thread int) bool { return m.stop && (thread == 0 || m.pull.Thread == thread) }

// goOn goes to the next breakpoint or watchpoint, of the recorded run or of this player, or where Until and Finish lead.
func (p *Player) goOn(c view.Command) (view.Reply, error) {
	here := &p.film.moments[p.at]
	thread := c.Thread
	if thread == 0 {
		thread = here.pull.Thread
	}
	frame := here.frame(thread, c.Frame)
	for i := p.at + 1; i < len(p.film.moments); i++ {
		m := &p.film.moments[i]
		arrived := false
		switch c.Op {
		case view.Until:
			arrived = m.stopOf(thread) && m.pc() == c.Addr
		case view.Finish:
			sp, known := register(m.registers[thread], "rsp")
			arrived = m.stopOf(thread) && known && frame != 0 && sp >= frame
		}
		if b := p.hit(i); b != nil || arrived || p.happened(i) {
			if b != nil {
				p.count(b)
			}
			p.move(i)
			return p.where()
		}
	}
	p.move(len(p.film.moments) - 1)
	return p.where()
}

// count notes that a breakpoint was reached.
func (p *Player) count(b *view.BreakPoint) {
	b.Hits++
	if b.Temporary {
		id := b.ID
		p.breaks = slices.DeleteFunc(p.breaks, func(b view.BreakPoint) bool { return b.ID == id })
	}
}

// frame is the canonical address of a call: when it has returned, the stack pointer is there or above.
func (m *moment) frame(thread, n int) uint64 {
	if s := m.stacks[thread]; n >= 0 && n < len(s) {
		return s[n].CFA
	}
	return 0
}

// happened says whether the run stopped at a moment for another reason than a step that somebody asked for.
func (p *Player) happened(i int) bool {
	m := &p.film.moments[i]
	if !m.stop {
		return false
	}
	from := 0
	if i > 0 {
		from = p.film.moments[i-1].first
	}
	for _, l := range slices.Backward(p.Recording.Lines[from:m.first]) {
		if l.Asked != nil && resumes[l.Asked.Command.Op] {
			return l.Asked.Command.Op == view.Continue
		}
	}
	return true
}

// hit gives the player's breakpoint or watchpoint that a moment is at.
func (p *Player) hit(i int) *view.BreakPoint {
	m := &p.film.moments[i]
	for j := range p.breaks {
		b := &p.breaks[j]
		if b.Enabled && (b.Kind == "break" && m.stop && m.pc() == b.Addr || b.Kind == "watch" && i > 0 && p.changed(i, b)) && p.holds(b, i) {
			return b
		}
	}
	return nil
}

// changed says whether watched bytes differ from those of the last moment at which they are known.
func (p *Player) changed(i int, b *view.BreakPoint) bool {
	now := p.bytes(i, b.Addr, b.Size)
	if now == nil {
		return false
	}
	for j := i - 1; j >= 0; j-- {
		if before := p.bytes(j, b.Addr, b.Size); before != nil {
			return string(before) != string(now)
		}
	}
	return false
}

// holds says whether a breakpoint's condition is met.
func (p *Player) holds(b *view.BreakPoint, i int) bool {
	if b.If == "" {
		return true
	}
	v, err := p.evalAt(b.If, 0, &p.film.moments[i])
	return err == nil && v != 0
}

// setBreak sets a breakpoint or watchpoint of the player's own.
func (p *Player) setBreak(c view.Command) (view.Reply, error) {
	addr := c.Addr
	if c.Text != "" {
		var err error
		if addr, err = p.eval(strings.TrimPrefix(c.Text, "*"), 0); err != nil {
			return view.Reply{}, err
		}
	}
	b := view.BreakPoint{ID: p.nextID, Kind: "break", Addr: addr, Text: c.Text, If: c.If, Temporary: c.Temporary, Enabled: true}
	if c.Op == view.Watch {
		b.Kind, b.Size = "watch", max(1, c.Size)
	}
	if b.Text == "" {
		b.Text = fmt.Sprintf("%#x", addr)
	}
	p.nextID++
	p.breaks = append(p.breaks, b)
	return view.Reply{ID: b.ID, Addr: addr, Text: fmt.Sprintf("%s %d at %#x, at recorded stops", b.Kind, b.ID, addr)}, nil
}

// changeBreaks deletes, enables or disables one, or all.
func (p *Player) changeBreaks(c view.Command) (view.Reply, error) {
	found := false
	kept := p.breaks[:0]
	for _, b := range p.breaks {
		if mine := c.ID == 0 || b.ID == c.ID; mine {
			found = true
			if c.Op == view.Delete {
				continue
			}
			b.Enabled = c.Op == view.Enable
		}
		kept = append(kept, b)
	}
	p.breaks = kept
	if !found && c.ID != 0 {
		return view.Reply{}, fmt.Errorf("there is no breakpoint %d of this player; those of the recorded run are only shown", c.ID)
	}
	return view.Reply{}, nil
}
