package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ctype"
	"kmv/engine/expr"
	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/translator"
	"kmv/translator/x86"
)

// Watchpoints have no limit of number or size. What is watched keeps its native page as it is; its page in the mirror half
// may not be written: so each store there, and no other, faults in the half that is the engine's business. The engine
// leaves out the mirror's part of the instruction, takes the thread through the rest, copies what was written, and looks at
// what is watched. Writes of the kernel are copied by the engine, or fault in the copy in the target; the bytes are looked at
// behind every system call and signal frame. Ranges that are not mirrored have the sink there, which serves as well.

// watchCell is what is known of a watchpoint in one process.
type watchCell struct {
	b      *breakpoint
	value  []byte
	writer string // of the last change that was seen
	old    []byte
}

// writer is what wrote: an instruction, or a system call.
type writer struct {
	pc   uint64
	call bool
}

// watching is the watchpoints of a process.
type watching struct {
	pages map[uint64]bool // native pages whose mirror may not be written: those of the cells, or more
	cells []*watchCell
	by    writer // what is under way that may write
	moved bool   // mappings have changed since the pages were protected
}

// newWatch makes a watchpoint.
func newWatch(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	b := &breakpoint{pid: t.pid}
	e.awaitLines(t.p, e.nativeRegs(t).Rip)
	env := e.environmentOf(t, c.Frame)
	b.Kind, b.Text, b.Addr, b.Size, b.If, b.Temporary, b.Enabled = "watch", c.Text, c.Addr, c.Size, c.If, c.Temporary, true
	if c.Text != "" {
		if err := e.resolveWatch(env, b); err != nil {
			return view.Reply{}, err
		}
	}
	if b.If != "" {
		if err := expr.Check(b.If, e.environment(t)); err != nil {
			return view.Reply{}, commandError(err)
		}
	}
	word := fmt.Sprintf("%#x", b.Addr)
	if b.Size == 0 {
		b.Size = 8
	}
	const most = 1 << 20
	if b.Size > most || !t.p.space.Mapped(nativeAddr(b.Addr), nativeAddr(b.Addr+b.Size)) {
		return view.Reply{}, &view.CommandError{Text: word, End: len(word), Problem: "is not all mapped, or more than a MiB", Hint: "info ranges lists what is mapped"}
	}
	if t.p.code != nil && !t.p.code.cfg.Mirror {
		return view.Reply{}, &view.CommandError{Text: word, End: len(word), Problem: "nothing is mirrored in this run, so no store can be seen", Hint: "mirror on all, or of one range, first"}
	}
	own := e.still(func() error {
		e.limitWatch(t, b)
		err := e.watch(t.p, b)
		if err != nil {
			e.unwatch(b)
		}
		return err
	})
	if own != nil {
		return view.Reply{}, own
	}
	e.debug.active = true
	e.debug.lastID++
	b.ID = e.debug.lastID
	e.debug.breaks = append(e.debug.breaks, b)
	return view.Reply{ID: b.ID, Addr: b.Addr, Text: fmt.Sprintf("watchpoint %d on %d bytes at %#x", b.ID, b.Size, b.Addr)}, nil
}

// resolveWatch finds what the text of a watchpoint means: a variable, or an expression that is kept in memory.
func (e *engine) resolveWatch(env *environment, b *breakpoint) error {
	v, err := expr.Eval(b.Text, env)
	if err != nil {
		return commandError(err)
	}
	if v.Lost != "" {
		return &view.CommandError{Text: b.Text, End: len(b.Text), Problem: "is " + v.Lost + " here", Hint: "it is in no place that could be watched; watch what it is computed from"}
	}
	if !v.At && v.Place.Data != nil {
		return &view.CommandError{Text: b.Text, End: len(b.Text), Problem: "is in a register here, not in memory", Hint: "step until it is stored, or break ... if"}
	}
	if !v.At {
		return &view.CommandError{Text: b.Text, End: len(b.Text), Problem: "is not in memory", Hint: "a variable, *(type*)ADDRESS, or an address and a size"}
	}
	b.Addr = v.Place.Addr
	if b.Size == 0 {
		b.Size = uint64(max(v.Type.Bare().Size, 1))
		if v.Field.Bits == 0 && !v.Untyped() {
			b.typ = v.Type
		}
	}
	return nil
}

// limitWatch lets a watchpoint on a variable of a call end when that returns: its place is another variable's then.
func (e *engine) limitWatch(t *thread, b *breakpoint) {
	const redZone = 128 // below the stack pointer (System V ABI, AMD64, 3.2.2)
	if b.Text == "" || t.running || b.Addr < e.nativeRegs(t).Rsp-redZone {
		return
	}
	frames := e.unwind(t, framesOf)
	for i := 0; i+1 < len(frames); i++ {
		if b.Addr < frames[i].cfa {
			b.scope = &breakpoint{thread: t.tid, sp: frames[i].cfa, ends: b}
			b.scope.Addr = frames[i+1].regs[regPC]
			e.plant(t.p, b.scope, b.scope.Addr)
			return
		}
	}
}

// watch begins to watch in a process that is at rest.
func (e *engine) watch(p *process, b *breakpoint) error {
	if p.watches == nil {
		p.watches = &watching{pages: map[uint64]bool{}}
	}
	cell := &watchCell{b: b}
	cell.value = p.bytesAt(b.Addr, b.Size)
	p.watches.cells = append(p.watches.cells, cell)
	for page := b.Addr &^ 4095; page < b.Addr+b.Size; page += 4096 {
		p.watches.pages[page] = true
	}
	return e.shield(p)
}

// refresh takes what is there now for what was there: it was written by somebody who watches.
func (w *watching) refresh(p *process) {
	for _, c := range w.cells {
		c.value = p.bytesAt(c.b.Addr, c.b.Size)
	}
}

func (p *process) bytesAt(addr, size uint64) []byte {
	b := make([]byte, size)
	n, _ := p.mem.ReadSome(addr, b)
	return b[:n]
}

// shield protects the mirror of the watched pages, in a process at rest.
func (e *engine) shield(p *process) error {
	t := e.hand(p)
	if t == nil {
		return errNoHand
	}
	return e.shieldBy(t)
}

// shieldBy is shield by a thread that is stopped.
func (e *engine) shieldBy(t *thread) error {
	p := t.p
	var calls []*call
	for page := range p.watches.pages {
		if m, ok := p.space.Find(nativeAddr(page)); ok && m.Twin != shadowmem.SourceNone {
			calls = append(calls, e.protectMirror(page, unix.PROT_READ))
		}
	}
	p.watches.moved = false
	return e.borrow(t, calls...)
}

func (e *engine) protectMirror(page uint64, prot int) *call {
	return &call{nr: unix.SYS_MPROTECT, args: [6]uint64{uint64(e.layout.Mirror(nativeAddr(page))), 4096, uint64(prot)}}
}

// unwatch ends a watchpoint, in processes at rest.
func (e *engine) unwatch(b *breakpoint) {
	for _, p := range e.processes {
		w := p.watches
		if w == nil {
			continue
		}
		keep := w.cells[:0]
		needed := map[uint64]bool{}
		for _, c := range w.cells {
			if c.b == b {
				continue
			}
			keep = append(keep, c)
			for page := c.b.Addr &^ 4095; page < c.b.Addr+c.b.Size; page += 4096 {
				needed[page] = true
			}
		}
		w.cells = keep
		if t := e.hand(p); t != nil {
			_ = e.unshield(t, needed) // it fails if the process has been killed
		}
	}
}

// unshield lets the mirror of pages be written again that are watched no more; without anything to watch the process is as it was.
func (e *engine) unshield(t *thread, needed map[uint64]bool) error {
	p := t.p
	var calls []*call
	for page := range p.watches.pages {
		if m, ok := p.space.Find(nativeAddr(page)); !needed[page] && ok && m.Twin != shadowmem.SourceNone {
			calls = append(calls, e.protectMirror(page, m.TwinProt))
		}
	}
	if err := e.borrow(t, calls...); err != nil {
		return err
	}
	if p.watches.pages = needed; len(p.watches.cells) == 0 {
		p.watches = nil
	}
	return nil
}

// watched says whether a fault comes from the protection of a watched page.
func (e *engine) watched(p *process, info ptrace.Siginfo) bool {
	if p.watches == nil || info.Signo != int32(unix.SIGSEGV) || info.Code != segvAccerr || !e.layout.InMirror(info.Addr()) {
		return false
	}
	page := uint64(e.layout.Native(shadowmem.Mirror(info.Addr()))) &^ 4095
	m, ok := p.space.Find(nativeAddr(page))
	return ok && m.Writable() && p.watches.pages[page] && p.lost[page+e.layout.Offset] == nil
}

// watchFault takes a thread, which is about to write to the mirror of a watched page, to the end of its native instruction.
func (e *engine) watchFault(t *thread) error {
	e.count("watch")
	off, _ := t.p.code.offset(t.regs.Rip)
	pt, ok := t.p.point(off)
	if !ok {
		return fmt.Errorf("BUG: nothing is known of cache offset %#x", off)
	}
	t.p.watches.by = writer{pc: pt.PC}
	t.skipped = t.skipped[:0]
	here, err := true, error(nil)
	if pt.State == translator.Clean || pt.State == translator.Before {
		t.restore(pt)
		if t.goal != nil && t.goal.before != nil {
			t.goal.before(t)
		}
		here, err = e.one(t)
	} else {
		err = e.beyond(t)
	}
	if err != nil || !here {
		return err
	}
	if t.goal != nil {
		t.goal.moved = true
	}
	return e.enter(t)
}

// beyond takes a thread whose instruction has had its native effect to the end of it, without the mirror's part.
func (e *engine) beyond(t *thread) error {
	if err := e.skipWatched(t); err != nil {
		return err
	}
	for {
		done, err := e.nativeHere(t)
		if err == nil && done {
			return e.copySkipped(t)
		}
		if err != nil {
			return err
		}
		if err := t.step(); err != nil {
			var f *faultError
			if !errors.As(err, &f) || !e.watched(t.p, f.info) {
				return err
			}
			if err := e.skipWatched(t); err != nil {
				return err
			}
		}
		t.regs.Eflags &^= trapFlag
	}
}

// skipWatched leaves out the write to the mirror that a thread stands in front of, and notes where it would have gone.
func (e *engine) skipWatched(t *thread) error {
	off, _ := t.p.code.offset(t.regs.Rip)
	var in x86.Inst
	if err := x86.Decode(t.p.code.mem[off:off+16], &in); err != nil {
		return fmt.Errorf("BUG: cache offset %#x: %w", off, err)
	}
	t.skipped = append(t.skipped, e.mirrorWrite(t, &in))
	t.regs.Rip += uint64(in.Len)
	return ptrace.SetRegs(t.tid, &t.regs)
}

// mirrorWrite is which native bytes an instruction of the cache would have copied.
func (e *engine) mirrorWrite(t *thread, in *x86.Inst) shadowmem.Range {
	const saveArea = 4096 // xsave and its like write a part of this
	r := &t.regs
	addr, size := uint64(0), uint64(max(in.StoreSize, 1))
	switch in.Form {
	case x86.StringStore: // %rdi is in the mirror half already
		addr = r.Rdi - e.layout.Offset
		if in.Rep {
			size *= r.Rcx
			if r.Eflags&directionFlag != 0 {
				addr -= size - uint64(in.StoreSize)
			}
		}
	default:
		addr = t.effective(in)
		if e.layout.InMirror(addr) {
			addr -= e.layout.Offset
		}
		if in.StoreSize == 0 {
			size = saveArea
		}
	}
	return shadowmem.Range{Start: nativeAddr(addr), End: nativeAddr(addr + size)}
}

// copySkipped does what the writes that were left out would have done.
func (e *engine) copySkipped(t *thread) error {
	for _, r := range t.skipped {
		if err := t.p.copyToMirror(uint64(r.Start), uint64(r.End-r.Start)); err != nil {
			return err
		}
		t.p.lastStore, t.p.lastSize = uint64(r.Start), int(r.End-r.Start)
	}
	t.skipped = t.skipped[:0]
	return nil
}

// noteWrites looks at what is watched in a thread's process, and gives the reason to stop, or "". The thread stands in native
// state behind what may have written.
func (e *engine) noteWrites(t *thread) string {
	w := t.p.watches
	by := w.by
	w.by = writer{}
	reason := ""
	for _, c := range w.cells {
		now := t.p.bytesAt(c.b.Addr, c.b.Size)
		if bytes.Equal(now, c.value) {
			continue
		}
		cause := e.writerText(t.p, by)
		c.old, c.value, c.writer = c.value, now, cause
		if !c.b.Enabled {
			continue
		}
		if holds, err := e.holds(t, c.b.If); err == nil && !holds {
			continue
		}
		c.b.Hits++
		if c.b.ignore > 0 {
			c.b.ignore--
			continue
		}
		reason = fmt.Sprintf("watchpoint %d, %s: old %s, new %s, by %s", c.b.ID, c.name(), e.watchText(t, c.b, c.old), e.watchText(t, c.b, now), cause)
		if c.b.Temporary {
			c.b.Enabled = false
		}
	}
	return reason
}

// writerText says who wrote.
func (e *engine) writerText(p *process, by writer) string {
	switch {
	case by.call:
		return "the system call at " + e.whereText(p, by.pc)
	case by.pc != 0:
		return "the instruction at " + e.whereText(p, by.pc)
	}
	return "nobody that was seen: a signal frame, the kernel, another process, an injected error"
}

func (c *watchCell) name() string {
	if c.b.Text != "" {
		return c.b.Text
	}
	return fmt.Sprintf("%#x", c.b.Addr)
}

// watchText is a watched value as its type has it.
func (e *engine) watchText(t *thread, b *breakpoint, data []byte) string {
	if b.typ == nil || len(data) < int(b.Size) {
		return valueText(data)
	}
	p := ctype.Printer{Memory: e.environment(t)}
	return p.Inner(b.typ, ctype.Place{Data: data})
}

// valueText shows bytes as a number, or, if they are many, as they are.
func valueText(b []byte) string {
	switch len(b) {
	case 0:
		return "unmapped"
	case 1, 2, 4, 8:
		var w [8]byte
		copy(w[:], b)
		v := binary.LittleEndian.Uint64(w[:])
		shift := 64 - 8*len(b)
		return fmt.Sprintf("%d (%#x)", int64(v<<shift)>>shift, v)
	}
	const shown = 16
	if len(b) > shown {
		return fmt.Sprintf("% x ...", b[:shown])
	}
	return fmt.Sprintf("% x", b)
}

// whereText is an address with its symbol and line.
func (e *engine) whereText(p *process, pc uint64) string {
	s := fmt.Sprintf("%#x", pc)
	if name := e.symbolAt(p, pc); name != "" {
		s += " <" + name + ">"
	}
	if r, ok := e.lineAt(p, pc); ok {
		s += " (" + sourceOf(r) + ")"
	}
	return s
}

// fork is what a forked child has of its parent's: the protection of the pages, and the watchpoints.
func (w *watching) fork() *watching {
	if w == nil {
		return nil
	}
	c := &watching{pages: map[uint64]bool{}}
	for page := range w.pages {
		c.pages[page] = true
	}
	for _, cell := range w.cells {
		c.cells = append(c.cells, &watchCell{b: cell.b, value: cell.value})
	}
	return c
}

// lookAtWatches is called where a thread is about to enter translated code.
func (e *engine) lookAtWatches(t *thread) (stopped bool, err error) {
	if len(t.p.watches.cells) == 0 { // when the last one went, nobody could make a system call
		return false, e.alone(t, func() error { return e.unshield(t, map[uint64]bool{}) })
	}
	if t.p.watches.moved {
		if err := e.alone(t, func() error { return e.shieldBy(t) }); err != nil {
			return true, err
		}
	}
	if reason := e.noteWrites(t); reason != "" {
		return true, e.pauseAt(t, reason)
	}
	return false, nil
}

// inBlock says whether a thread stands in a translated block, not in one of the engine's routines.
func (t *thread) inBlock() bool {
	off, ok := t.p.code.offset(t.regs.Rip)
	return ok && off >= t.p.code.rt.end
}
