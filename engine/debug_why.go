package engine

import (
	"fmt"
	"slices"
	"strings"

	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/translator"
	"kmv/translator/x86"
)

// debugWrite is what a watcher wrote to memory.
type debugWrite struct {
	pid        int
	addr, size uint64
	half       view.Half
}

// why says who wrote a byte last, or why its halves differ, as far as that is known.
func why(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	m, ok := t.p.space.Find(nativeAddr(c.Addr))
	if !ok {
		return view.Reply{Text: fmt.Sprintf("%#x: nothing is mapped there", c.Addr)}, nil
	}
	var say []string
	add := func(format string, args ...any) { say = append(say, fmt.Sprintf(format, args...)) }
	native, mirror, both := e.bothBytes(t.p, c.Addr)
	differ := both && native != mirror
	switch {
	case differ:
		add("%#x differs: native %#02x, mirror %#02x (%s)", c.Addr, native, mirror, rangeName(m))
	case both:
		add("%#x is %#02x in both halves (%s)", c.Addr, native, rangeName(m))
	default:
		add("%#x has no copy: %s is %s%s", c.Addr, rangeName(m), m.State, because(m.Why))
	}
	known := e.whyFailures(t.p, c.Addr, add) || e.whyWritten(t.p, c.Addr, add)
	if both && m.State == shadowmem.Unprotected {
		add("the range is unprotected%s", because(m.Why))
		known = known || differ
	}
	if differ && !known {
		e.whyGaps(add)
	}
	if !known {
		add("who wrote it last is not known: stores are seen only where a watchpoint is; watch it to see the next one")
	}
	return view.Reply{Addr: c.Addr, Text: strings.Join(say, "\n")}, nil
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ", because " + why
}

// bothBytes reads a byte of each half.
func (e *engine) bothBytes(p *process, addr uint64) (native, mirror byte, both bool) {
	m, ok := p.space.Find(nativeAddr(addr))
	if !ok || m.Twin != shadowmem.SourceAnon && m.Twin != shadowmem.SourceFile {
		return 0, 0, false
	}
	a, b := p.bytesAt(addr, 1), p.bytesAt(addr+e.layout.Offset, 1)
	if len(a) == 0 || len(b) == 0 {
		return 0, 0, false
	}
	return a[0], b[0], true
}

// whyFailures tells of memory errors at the address.
func (e *engine) whyFailures(p *process, addr uint64, add func(string, ...any)) (known bool) {
	for _, ev := range e.failures.Events {
		if ev.Pid != p.pid || addr < ev.Addr || addr >= ev.Addr+max(ev.Size, 1) {
			continue
		}
		what := ""
		if ev.Failure != nil {
			what = fmt.Sprintf(": error %d, %s", ev.Failure.ID, ev.Failure.What)
		}
		add("%.3f s: memory error %s, %s half%s", ev.Time, ev.Kind, ev.Half, what)
		known = known || ev.Kind == view.EventInjected
	}
	return known
}

// whyWritten tells of writes that were seen.
func (e *engine) whyWritten(p *process, addr uint64, add func(string, ...any)) (known bool) {
	for _, w := range slices.Backward(e.debug.writes) {
		if w.pid == p.pid && addr >= w.addr && addr < w.addr+w.size {
			add("the debugger wrote it, %s", half(w.half))
			known = true
			break
		}
	}
	if p.watches == nil {
		return known
	}
	for _, c := range p.watches.cells {
		if addr < c.b.Addr || addr >= c.b.Addr+c.b.Size || c.writer == "" {
			continue
		}
		add("watchpoint %d saw it change from %s to %s, by %s", c.b.ID, valueText(c.old), valueText(c.value), c.writer)
		known = true
	}
	return known
}

// whyGaps names writes that are known not to be mirrored.
func (e *engine) whyGaps(add func(string, ...any)) {
	gaps := e.gapViews()
	if len(gaps) == 0 {
		add("no write is known that was not mirrored; a race between threads on plain stores, or a write through /proc/PID/mem, leaves such a difference")
		return
	}
	const most = 3
	for _, g := range gaps[:min(len(gaps), most)] {
		add("not mirrored in this run: %s at %s: %s (%d times)", g.Kind, g.Where, g.Name, g.Count)
	}
}

// explainForm says in words how a form of write is doubled, and why so.
var explainForm = map[x86.Form]string{
	x86.NoStore:      "It writes no memory: nothing is to be mirrored.",
	x86.Repeatable:   "What it stores depends on registers only, so it is executed twice: with a GS prefix, whose base is the mirror's offset, and as it stands. The mirror comes first, because a load right behind would otherwise wait for the wrong one of two stores whose low address bits are equal.",
	x86.ReadModify:   "What it stores depends on what was there, or it changes registers: it is executed once, on native memory, and its result is copied to the mirror.",
	x86.BitString:    "The byte that it writes lies at an offset given by a register: the address is computed, and the byte copied.",
	x86.Push:         "It writes below the stack pointer: the same value is stored to the mirror of that place first.",
	x86.Enter:        "It writes several words below the stack pointer, which are copied.",
	x86.StringStore:  "A string instruction: it runs on native memory, then its destination is copied in the same direction. Where it can be interrupted in the middle, the engine copies what is done.",
	x86.MaskStore:    "It writes under a mask: it is executed on both halves with the same mask.",
	x86.Scatter:      "It scatters to several places and consumes its mask: the mask is saved, and the instruction executed on both halves.",
	x86.DirectStore:  "A 64-byte direct store, done on both halves.",
	x86.Unmirrorable: "It writes memory in a way that cannot be doubled: it is a gap, by name.",
}

// explain describes the translation of one instruction.
func explain(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	addr := c.Addr
	if addr == 0 && !t.running {
		addr = e.nativeRegs(t).Rip
	}
	src := t.p.source(addr)
	var in x86.Inst
	word := fmt.Sprintf("%#x", addr)
	if x86.Decode(src, &in) != nil {
		return view.Reply{}, &view.CommandError{Text: word, End: len(word), Problem: "is no instruction", Hint: "an address that disas shows"}
	}
	say := []string{fmt.Sprintf("%s  %s", e.whereText(t.p, addr), in.Text(src, addr))}
	if in.Form != x86.NoStore && in.StoreSize > 0 {
		say = append(say, fmt.Sprintf("It writes %d bytes.", in.StoreSize))
	}
	form := explainForm[in.Form]
	if in.Atomic() && in.Form != x86.NoStore {
		form = "An atomic instruction: it is executed on native memory, then the value that is there now is exchanged into the mirror, again until it has not moved meanwhile. So the copies stay equal whatever other threads do."
	}
	say = append(say, form)
	f := &translator.Fragment{}
	tr := translator.New(t.p.code.cfg)
	if tr.Block(src[:in.Len], addr, 0, func(uint64) bool { return true }, f) == nil {
		say = append(say, costText(f, int(in.Len)))
		for _, g := range f.Gaps {
			say = append(say, "Gap: "+g.Name+": "+g.Why)
		}
	}
	return view.Reply{Addr: addr, Text: strings.Join(say, "\n")}, nil
}

// costText counts the instructions of a translation by what they are for.
func costText(f *translator.Fragment, native int) string {
	var n [3]int
	bytes := 0
	role := translator.RoleGlue
	points := f.Points
	for off := f.Prefix; off < uint32(len(f.Code)); {
		for len(points) > 0 && points[0].Off <= off {
			role, points = points[0].Role, points[1:]
		}
		var in x86.Inst
		if x86.Decode(f.Code[off:], &in) != nil {
			break
		}
		n[role]++
		bytes += int(in.Len)
		off += uint32(in.Len)
	}
	return fmt.Sprintf("Translated: %d bytes instead of %d; %d of the program, %d for the mirror, %d in support.",
		bytes, native, n[translator.RoleNative], n[translator.RoleMirror], n[translator.RoleGlue])
}
