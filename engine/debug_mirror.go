package engine

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/translator"
)

// mirror turns the mirroring of ranges on or off while the program is at rest: what a SPEC names, as --mirror and
// --no-mirror would have at the start, in one process or in all and in those to come. What is turned on is copied from native
// first, so that both halves are equal when it returns.
func mirror(e *engine, c view.Command) (view.Reply, error) {
	add := func(p *shadowmem.Policy) error {
		if len(p.Rules) == 0 { // else the first rule would tell what was meant
			if err := p.Mirror("all"); err != nil {
				return err
			}
		}
		if c.On {
			return p.Mirror(c.Text)
		}
		return p.NoMirror(c.Text)
	}
	policy := shadowmem.Policy{Rules: slices.Clone(e.opts.Policy.Rules)}
	if err := add(&policy); err != nil {
		var spec *shadowmem.SpecError
		if errors.As(err, &spec) {
			err = &view.CommandError{Text: spec.Spec, Start: spec.At, End: spec.At + spec.Len, Problem: spec.Problem, Hint: spec.Hint}
		}
		return view.Reply{}, err
	}
	var changed [2]uint64 // bytes: mirrored before, and now
	same := true
	e.sampleAnew()
	own := e.still(func() error {
		for _, p := range e.processes {
			if c.Pid != 0 && p.pid != c.Pid || p.code == nil || p.exiting {
				continue
			}
			before := p.states()
			changed[0] += p.mirroredBytes()
			if err := e.switchMirror(p, add); err != nil {
				return err
			}
			changed[1] += p.mirroredBytes()
			same = same && slices.Equal(before, p.states())
		}
		if c.Pid == 0 {
			e.opts.Policy = policy
		}
		e.maskHealed() // a copy that was made anew, or is no more, has no errors
		return nil
	})
	if own != nil {
		return view.Reply{}, commandError(own)
	}
	word := map[bool]string{true: "on", false: "off"}[c.On]
	text := fmt.Sprintf("mirroring %s: %s; %d bytes are mirrored, %d before", word, c.Text, changed[1], changed[0])
	reply := view.Reply{Value: changed[1]}
	if same {
		text = fmt.Sprintf("mirroring %s: %s; nothing changes: it was so, or what shares its pages is mirrored", word, c.Text)
		reply.Text = text
	}
	e.emit(view.Event{Kind: view.EventMirror, Pid: c.Pid, Range: c.Text, Size: changed[1], On: c.On, Text: text})
	return reply, nil
}

// state is how a piece of memory is mirrored.
type state struct {
	from, to shadowmem.Native
	state    shadowmem.State
}

// states are those of all memory, with neighbours that are alike as one.
func (p *process) states() (list []state) {
	for _, m := range p.space.All() {
		if n := len(list); n > 0 && list[n-1].to == m.Start && list[n-1].state == m.State {
			list[n-1].to = m.End
			continue
		}
		list = append(list, state{m.Start, m.End, m.State})
	}
	return list
}

func (p *process) mirroredBytes() (n uint64) {
	for _, m := range p.space.All() {
		if m.Compared() {
			n += m.Len()
		}
	}
	return n
}

// switchMirror adds a rule to a process's policy and does what follows from it.
func (e *engine) switchMirror(p *process, add func(*shadowmem.Policy) error) error {
	t := e.hand(p)
	if t == nil {
		return fmt.Errorf("process %d: %w", p.pid, errNoHand)
	}
	policy := shadowmem.Policy{Rules: slices.Clone(p.space.Policy.Rules)}
	if err := add(&policy); err != nil {
		return err
	}
	if err := e.resolveSymbols(t, &policy); err != nil {
		return err
	}
	for page := range p.lost { // what is bad in one half is mended from the other before that goes
		if _, err := e.repair(p, page, "engine"); err != nil {
			return err
		}
	}
	if !p.code.cfg.Mirror && !policy.None() {
		p.code.mirrorLate = !p.code.rt.mirror
		e.allowCalls(p.code)
	}
	p.space.Sinks = p.space.Sinks || p.code.cfg.Mirror || !policy.None()
	ops := p.space.SetPolicy(policy)
	if err := e.lend(t, func() error { return e.applyAtRest(t, ops) }); err != nil {
		return err
	}
	e.reconfigure(p.code)
	if p.watches != nil {
		return e.shield(p)
	}
	return nil
}

// resolveSymbols gives sym: rules the addresses of their variables in a thread's program.
func (e *engine) resolveSymbols(t *thread, policy *shadowmem.Policy) error {
	found := map[string]shadowmem.Range{}
	for _, name := range policy.Symbols() {
		if s, m, ok := e.find(t.p, name); ok && s.Object && s.Size > 0 {
			found[name] = shadowmem.Range{Start: nativeAddr(s.Addr + m.bias), End: nativeAddr(s.Addr + m.bias + s.Size)}
		}
	}
	err := policy.Resolve(found)
	var spec *shadowmem.SpecError
	if errors.As(err, &spec) {
		if t.pid != e.root {
			return nil // programs that it starts need not have it
		}
		return &view.CommandError{Text: spec.Spec, Start: spec.At, End: spec.At + spec.Len, Problem: spec.Problem, Hint: spec.Hint}
	}
	return err
}

// lend lets f use a stopped thread for system calls, wherever it stands, and puts its registers back.
func (e *engine) lend(t *thread, f func() error) error {
	var was ptrace.Regs
	if err := ptrace.GetRegs(t.tid, &was); err != nil {
		return err
	}
	native, stopped := t.regs, t.stopped
	err := f()
	if t.stopped.Kind == ptrace.Signaled {
		stopped.Kind = ptrace.Signaled
	}
	t.regs, t.stopped = native, stopped
	if err != nil {
		return err
	}
	return ptrace.SetRegs(t.tid, &was)
}

// applyAtRest is apply with copies of what is there only: huge reservations are mostly empty.
func (e *engine) applyAtRest(t *thread, ops []shadowmem.Op) error {
	var rest []shadowmem.Op
	var copies []shadowmem.Op
	for _, op := range ops {
		if op.Kind == shadowmem.OpCopy {
			copies = append(copies, op)
		} else {
			rest = append(rest, op)
		}
	}
	if err := e.apply(t, rest, 0); err != nil {
		return err
	}
	pagemap, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", t.tid))
	if err != nil {
		return err
	}
	defer pagemap.Close()
	for _, op := range copies {
		start := uint64(e.layout.Native(op.Addr))
		m, ok := t.p.space.Find(nativeAddr(start))
		if ok && m.HasFile() { // pages of a file that were never touched are not in the page table
			if err := t.p.copyToMirror(start, op.Len); err != nil {
				return err
			}
			continue
		}
		err := ptrace.Populated(pagemap, start, start+op.Len, func(low, high uint64) error { return t.p.copyToMirror(low, high-low) })
		if err != nil {
			return err
		}
	}
	return nil
}

// reconfigure makes a cache's translations what its processes' policies need: with stores doubled or not, race-proof or not.
func (e *engine) reconfigure(c *codeCache) {
	cfg := c.cfg
	cfg.Mirror, cfg.Fenced = false, false
	for _, p := range e.processes {
		if p.code == c {
			cfg.Mirror = cfg.Mirror || !p.space.Policy.None()
			cfg.Fenced = cfg.Fenced || p.space.Policy.AnyFenced()
		}
	}
	if cfg != c.cfg {
		c.retranslate(cfg)
	}
}

// retranslate forgets all translations; what comes next is made with another configuration. Threads that are in a block
// run to its end; what is known of such blocks still comes from the old configuration.
func (c *codeCache) retranslate(cfg translator.Config) {
	c.eras = append(c.eras, era{len(c.blocks), c.tr})
	c.forgetRegions(0, 1<<47)
	for i := range c.blocks {
		b := &c.blocks[i]
		if !c.live(int32(i)) {
			continue
		}
		c.setJump(b.native, 0)
		if b.kind == thunk {
			continue
		}
		c.keepCount(int32(i))
		c.setLeader(b.native, false)
		c.index.remove(b.native)
		c.mem[b.direct()] = int3 // what still leads here comes to the engine
		c.stale[b.direct()] = b.native
		b.links = -1
	}
	c.links, c.waiting = nil, addressMap{}
	c.cfg, c.tr = cfg, translator.New(cfg)
}

// era is what the blocks in front of end were translated with.
type era struct {
	end int
	tr  *translator.Translator
}

// translatorOf is the one that made a block.
func (c *codeCache) translatorOf(b *block) *translator.Translator {
	if len(c.eras) == 0 {
		return c.tr
	}
	i, _ := c.blockIndex(b.start)
	for _, x := range c.eras {
		if i < x.end {
			return x.tr
		}
	}
	return c.tr
}
