package engine

import (
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/translator"
)

// write changes memory in one half or both, at a safe point. What changes in one half alone differs from then on, which is
// what the watcher wants to see.
func write(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	word := fmt.Sprintf("%#x", c.Addr)
	bad := func(problem, hint string) (view.Reply, error) {
		return view.Reply{}, &view.CommandError{Text: word, End: len(word), Problem: problem, Hint: hint}
	}
	if len(c.Data) == 0 {
		return bad("nothing to write", "give the bytes")
	}
	end := c.Addr + uint64(len(c.Data))
	if end < c.Addr || !t.p.space.Mapped(nativeAddr(c.Addr), nativeAddr(end)) {
		return bad("is not all mapped", "info ranges lists what is")
	}
	mirrored := true
	t.p.space.Each(nativeAddr(c.Addr), nativeAddr(end), func(m shadowmem.Mapping) bool {
		mirrored = mirrored && (m.Twin == shadowmem.SourceAnon || m.Twin == shadowmem.SourceFile)
		return true
	})
	if c.Half == view.Backup && !mirrored {
		return bad("has no copy", "mirror on makes one")
	}
	own := e.still(func() error {
		if c.Half != view.Backup {
			if err := t.p.mem.Write(c.Addr, c.Data); err != nil {
				return err
			}
			e.textChanged(t.p, c.Addr, end)
		}
		if mirrored && c.Half != view.Native {
			return t.p.mem.Write(uint64(e.layout.Mirror(nativeAddr(c.Addr))), c.Data)
		}
		return nil
	})
	if own == nil && t.p.watches != nil {
		t.p.watches.refresh(t.p)
	}
	if own == nil {
		e.debug.writes = append(e.debug.writes, debugWrite{t.pid, c.Addr, uint64(len(c.Data)), c.Half})
		e.emit(view.Event{Kind: view.EventLog, Pid: t.pid, Addr: c.Addr, Size: uint64(len(c.Data)), Half: c.Half, Text: fmt.Sprintf("%d bytes written to %#x, %s", len(c.Data), c.Addr, half(c.Half))})
	}
	return view.Reply{}, own
}

func half(h view.Half) string {
	switch h {
	case view.Native:
		return "native half only"
	case view.Backup:
		return "mirror half only"
	}
	return "both halves"
}

// textChanged drops what was translated from [start, end).
func (e *engine) textChanged(p *process, start, end uint64) {
	p.text.forget(start, end)
	p.code.invalidate(start, end)
}

// setRegister changes a register of a thread that stands between two instructions.
func setRegister(e *engine, c view.Command) (view.Reply, error) {
	name := c.Text
	if len(name) > 0 && name[0] == '$' {
		name = name[1:]
	}
	bad := func(problem, hint string) (view.Reply, error) {
		return view.Reply{}, &view.CommandError{Text: c.Text, End: len(c.Text), Problem: problem, Hint: hint}
	}
	t, err := e.threadOf(c)
	if err != nil {
		return view.Reply{}, err
	}
	if !e.stands(t) {
		return bad("the thread does not stand between two instructions", "pause first; a thread in a system call has to leave it")
	}
	switch name {
	case "pc":
		name = "rip"
	case "sp":
		name = "rsp"
	case "fs_base":
		t.setSlot(translator.SlotFSBase, c.Value)
		return view.Reply{}, nil
	}
	r := registerOf(&t.regs, name)
	if r == nil || name == "gs_base" {
		return bad("is not a register that can be set", "rax to r15, rip, eflags, fs_base")
	}
	old := *r
	if *r = c.Value; name == "eflags" {
		*r &^= trapFlag
	}
	t.regs.Orig_rax = noSyscall
	native := t.regs
	if err := e.tryRegisters(t); err != nil {
		*r = old
		return bad(fmt.Sprintf("the processor refuses %#x", c.Value), "a canonical address, flags that a program may set")
	}
	t.regs = native
	e.emit(view.Event{Kind: view.EventLog, Pid: t.pid, Thread: t.tid, Value: c.Value, Text: fmt.Sprintf("%s = %#x (was %#x)", name, c.Value, old)})
	return view.Reply{Value: c.Value}, nil
}

// tryRegisters lets the kernel judge a thread's registers; it is parked, and gets them again when it goes on.
func (e *engine) tryRegisters(t *thread) error {
	if t.regs.Rip >= 1<<47 || t.regs.Rsp >= 1<<63 && t.regs.Rsp < 0xffff800000000000 {
		return unix.EIO
	}
	r := t.regs
	r.Rip = t.p.code.address(t.p.code.rt.gadget)
	if err := ptrace.SetRegs(t.tid, &r); err != nil {
		return err
	}
	return ptrace.GetRegs(t.tid, &r)
}
