package engine

import (
	"fmt"
	"slices"

	"kmv/engine/ctype"
	"kmv/engine/expr"
	"kmv/engine/view"
	"kmv/translator"
	"kmv/translator/x86"
)

// breakpoint is a place where a thread stops: a watcher's, or one that a goal waits at.
type breakpoint struct {
	view.BreakPoint
	pid     int         // that it was asked for in
	ignore  int         // hits to pass over
	thread  int         // of a goal: nobody else stops
	sp      uint64      // of a goal: and only with the stack pointer at or above this
	back    bool        // of a goal: where a signal handler returns to
	trigger *trigger    // pulled instead of a pause
	typ     *ctype.Type // of what is watched, if that is known
	scope   *breakpoint // of a watchpoint: where the call returns to whose variable it watches
	ends    *breakpoint // of such a place: the watchpoint
}

// Breakpoints live in the translation: a block ends in front of one, and the block that begins there is an int3. A thread
// that goes on from there is taken over the instruction in a translation of its own (one), so that no other thread misses
// it meanwhile.

// plant makes threads of a process stop at an address.
func (e *engine) plant(p *process, b *breakpoint, addr uint64) {
	c := p.code
	if slices.Contains(c.breaks[addr], b) {
		return
	}
	c.breaks[addr] = append(c.breaks[addr], b)
	if len(c.breaks[addr]) == 1 {
		c.invalidate(addr, addr+1)
	}
}

// unplant takes a breakpoint out of all translations.
func (e *engine) unplant(b *breakpoint) {
	for _, c := range e.caches() {
		for addr, list := range c.breaks {
			i := slices.Index(list, b)
			if i < 0 {
				continue
			}
			if list = slices.Delete(slices.Clone(list), i, i+1); len(list) > 0 {
				c.breaks[addr] = list
				continue
			}
			delete(c.breaks, addr)
			c.invalidate(addr, addr+1)
		}
	}
}

// caches are the code caches in use.
func (e *engine) caches() []*codeCache {
	var list []*codeCache
	for _, p := range e.processes {
		if p.code != nil && !slices.Contains(list, p.code) {
			list = append(list, p.code)
		}
	}
	return list
}

// placeBreak puts a breakpoint's stop where a block would be.
func (u *unit) placeBreak(pc uint64) {
	c := u.c
	base, start := c.pos, c.pos
	if c.pos > 0 && u.fallsInto(pc) {
		base -= prefixSize
	} else {
		c.pos += uint32(copy(c.mem[c.pos:], entryPrefix))
	}
	c.addStub(stub{kind: stubBreak, target: pc, next: -1})
	c.blocks = append(c.blocks, block{native: pc, base: base, start: start, end: c.pos, size: 1, prefix: prefixSize, kind: stopper, private: true, links: -1})
	c.index.set(pc, int32(len(c.blocks)-1))
	c.setLeader(pc, true)
	u.budget--
	u.placed = append(u.placed, int32(len(c.blocks)-1))
}

// hitBreak handles the stop of a breakpoint.
func (e *engine) hitBreak(t *thread, pc uint64) error {
	t.regs.Rip = pc
	if e.paused || t.p.code.breaks[pc] == nil { // it comes here again; or the breakpoint has just been taken away
		return e.enter(t)
	}
	if err := e.pullAt(t); err != nil {
		return err
	}
	arrived := t.goal.waitsHere(t)
	if reason := e.breakReason(t); reason != "" {
		if arrived != nil && t.goal.tells {
			if also, err := t.goal.reached(e, t); err == nil && also != "" {
				reason += "; " + also
			}
		}
		return e.pauseAt(t, reason)
	}
	if arrived != nil {
		e.stopWaiting(t.goal)
		t.goal.moved = !arrived.back
		e.debug.ready = append(e.debug.ready, t)
		return nil
	}
	t.over = pc
	return e.enter(t)
}

// waitsHere is the place that a goal waits for its thread at, where that stands there.
func (g *goal) waitsHere(t *thread) *breakpoint {
	if g == nil {
		return nil
	}
	for _, b := range g.waiting {
		if b.thread == t.tid && b.Addr == t.regs.Rip && t.regs.Rsp >= b.sp {
			return b
		}
	}
	return nil
}

// breakReason says why a thread that came to its pc must stop there, or "". Hits are counted here.
func (e *engine) breakReason(t *thread) string {
	reason := ""
	for _, b := range slices.Clone(t.p.code.breaks[t.regs.Rip]) {
		if b.ends != nil && b.thread == t.tid && t.regs.Rsp >= b.sp {
			reason = fmt.Sprintf("watchpoint %d is deleted: the call whose %s it watched has returned", b.ends.ID, b.ends.Text)
			e.removeBreak(b.ends)
		}
		if b.thread != 0 || !b.Enabled || b.trigger != nil {
			continue
		}
		holds, err := e.holds(t, b.If)
		why := ""
		if err != nil {
			why = fmt.Sprintf(" (its condition: %v)", err)
		} else if !holds {
			continue
		}
		b.Hits++
		if b.ignore > 0 {
			b.ignore--
			continue
		}
		reason = fmt.Sprintf("breakpoint %d at %s%s", b.ID, e.stopName(t.p, t.regs.Rip, b.Text), why)
		if b.Temporary {
			e.removeBreak(b)
		}
	}
	return reason
}

// holds says whether a condition is true for a thread; none is.
func (e *engine) holds(t *thread, condition string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	v, err := expr.Eval("("+condition+") ? 1 : 0", e.environment(t))
	return v.Bits != 0, err
}

func (e *engine) removeBreak(b *breakpoint) {
	e.unplant(b)
	if b.scope != nil {
		e.unplant(b.scope)
	}
	if b.Kind == "watch" {
		e.unwatch(b)
	}
	e.debug.breaks = slices.DeleteFunc(e.debug.breaks, func(x *breakpoint) bool { return x == b })
}

// waitAt makes a goal wait for its thread to come to an address with at least the stack pointer sp.
func (e *engine) waitAt(t *thread, g *goal, addr, sp uint64) *breakpoint {
	b := &breakpoint{thread: t.tid, sp: sp}
	b.Addr = addr
	g.waiting = append(g.waiting, b)
	e.plant(t.p, b, addr)
	return b
}

func (e *engine) stopWaiting(g *goal) {
	for _, b := range g.waiting {
		e.unplant(b)
	}
	g.waiting = nil
}

// newBreak makes a breakpoint where a command says.
func newBreak(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	return e.addBreak(t, c, &breakpoint{pid: t.pid, ignore: c.Count})
}

// addBreak plants a breakpoint, or notes what it waits for.
func (e *engine) addBreak(t *thread, c view.Command, b *breakpoint) (view.Reply, error) {
	b.Kind, b.Text, b.Addr, b.If, b.Temporary, b.Enabled = "break", c.Text, c.Addr, c.If, c.Temporary, true
	addrs, err := e.resolveBreak(t, b)
	if err != nil {
		return view.Reply{}, err
	}
	if b.If != "" && len(addrs) > 0 {
		if err := expr.Check(b.If, e.environment(t).at(addrs[0])); err != nil {
			return view.Reply{}, commandError(err)
		}
	}
	e.debug.active = e.debug.active || b.trigger == nil
	e.debug.lastID++
	b.ID = e.debug.lastID
	e.debug.breaks = append(e.debug.breaks, b)
	reply := view.Reply{ID: b.ID}
	if len(addrs) == 0 {
		b.Pending, e.debug.pending = true, true
		reply.Text = fmt.Sprintf("breakpoint %d is pending: %s is not in what is loaded, it waits for a library that has it", b.ID, c.Text)
		return reply, nil
	}
	own := e.still(func() error {
		e.plantAll(t.p, b, addrs)
		return nil
	})
	reply.Addr = b.Addr
	reply.Text = fmt.Sprintf("breakpoint %d at %#x <%s>", b.ID, b.Addr, e.stopName(t.p, b.Addr, b.Text))
	if n := len(addrs); n > 1 {
		reply.Text += fmt.Sprintf(" and %d more", n-1)
	}
	return reply, own
}

// plantAll plants a breakpoint in one process; the first address is the one that is shown.
func (e *engine) plantAll(p *process, b *breakpoint, addrs []uint64) {
	b.Addr, b.Pending = addrs[0], false
	for _, a := range addrs {
		e.plant(p, b, a)
	}
}

// resolvePending looks for what breakpoints wait for, in a process whose mappings have changed; again does it for all, in a
// program that was just executed.
func (e *engine) resolvePending(t *thread, again bool) {
	e.debug.pending = false
	for _, b := range e.debug.breaks {
		if b.Kind != "break" || !b.Pending && !again {
			continue
		}
		addrs, err := e.resolveBreak(t, b)
		if err == nil && len(addrs) > 0 {
			e.plantAll(t.p, b, addrs)
			e.emit(view.Event{Kind: view.EventLog, Pid: t.pid, Text: fmt.Sprintf("breakpoint %d is at %s now", b.ID, e.placeName(t.p, b.Addr))})
		} else if b.Text != "" {
			b.Pending, e.debug.pending = true, true
		}
	}
}

// condition changes what a breakpoint stops for. It is checked where the breakpoint is.
func condition(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	b, err := e.breakOf(c.ID)
	if err != nil {
		return view.Reply{}, err
	}
	env := e.environment(t)
	if b.Kind == "break" {
		env = env.at(b.Addr)
	}
	if c.If != "" && !b.Pending {
		if err := expr.Check(c.If, env); err != nil {
			return view.Reply{}, commandError(err)
		}
	}
	if b.If = c.If; c.If == "" {
		return view.Reply{Text: fmt.Sprintf("%d stops always", b.ID)}, nil
	}
	return view.Reply{Text: fmt.Sprintf("%d stops if %s", b.ID, b.If)}, nil
}

func ignoreHits(e *engine, c view.Command) (view.Reply, error) {
	b, err := e.breakOf(c.ID)
	if err != nil {
		return view.Reply{}, err
	}
	b.ignore = max(c.Count, 0)
	return view.Reply{Text: fmt.Sprintf("the next %d hits of %d are passed over", b.ignore, b.ID)}, nil
}

// breakOf finds a breakpoint or watchpoint by its number.
func (e *engine) breakOf(id int) (*breakpoint, error) {
	for _, b := range e.debug.breaks {
		if b.ID == id {
			return b, nil
		}
	}
	word := fmt.Sprint(id)
	return nil, &view.CommandError{Text: word, End: len(word), Problem: "no breakpoint has this number", Hint: "info breakpoints lists them"}
}

// change deletes, enables or disables breakpoints and watchpoints by number; 0 means all.
func change(what func(e *engine, b *breakpoint)) func(*engine, view.Command) (view.Reply, error) {
	return func(e *engine, c view.Command) (view.Reply, error) {
		found := 0
		err := e.still(func() error {
			for _, b := range slices.Clone(e.debug.breaks) {
				if c.ID == 0 || b.ID == c.ID {
					what(e, b)
					found++
				}
			}
			return nil
		})
		if err == nil && found == 0 && c.ID != 0 {
			_, err = e.breakOf(c.ID)
		}
		return view.Reply{}, err
	}
}

// ends says whether a block must end in front of an address: another block or a breakpoint is there.
func (c *codeCache) ends(pc uint64) bool { return c.leader(pc) || len(c.breaks[pc]) > 0 }

// entryPrefix is what every block that indirect branches may enter begins with.
var entryPrefix = func() []byte {
	var a x86.Asm
	a.MovRM(x86.RCX, x86.Abs(translator.SlotRCX).In(x86.FS), 8)
	return a.Buf
}()

// breakUp drops what was loaded over breakpoints.
func (c *codeCache) breakUp(start, end uint64) {
	for addr := range c.breaks {
		if addr >= start && addr < end {
			c.invalidate(addr, addr+1)
		}
	}
}
