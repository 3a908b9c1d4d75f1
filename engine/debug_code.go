package engine

import (
	"fmt"
	"sort"
	"strings"

	"kmv/engine/symbols"
	"kmv/engine/view"
	"kmv/translator"
	"kmv/translator/x86"
)

// blockAround is the translated block that a native address lies in: the one that begins last, if several do.
func (p *process) blockAround(pc uint64) (*block, bool) {
	for at := pc; at+blockReach > pc && at > 0; at-- {
		if b, ok := p.code.find(at); ok && b.kind == translated && (b.native+uint64(b.size) > pc || at == pc) {
			return b, true
		}
	}
	return nil, false
}

// translatedLine is what the cache has for one native instruction.
type translatedLine struct {
	code  []view.CacheInst
	gap   bool
	links []uint64
}

// translatedLines has them by native address.
type translatedLines map[uint64]*translatedLine

func (lines translatedLines) of(pc uint64) *translatedLine {
	if lines[pc] == nil {
		lines[pc] = &translatedLine{}
	}
	return lines[pc]
}

// translation takes a block of the cache apart, by native address.
func (e *engine) translation(p *process, b *block) translatedLines {
	c := p.code
	f := &c.again
	end := b.native + uint64(b.size)
	if c.translatorOf(b).Block(p.source(b.native), b.native, b.base&7, func(pc uint64) bool { return pc == end }, f) != nil {
		return nil
	}
	lines := translatedLines{}
	last := b.native
	for off := b.start; off < b.end; {
		mem := c.mem[off : off+16]
		var in x86.Inst
		if x86.Decode(mem, &in) != nil {
			in.Len = 1
		}
		n := uint32(in.Len)
		role, pc := view.RoleSupport, last
		if rel := int64(off) - int64(b.base); rel >= 0 && uint32(rel) < uint32(len(f.Code)) && off >= b.direct()+uint32(b.check) {
			i := sort.Search(len(f.Points), func(i int) bool { return f.Points[i].Off > uint32(rel) }) - 1
			pt := &f.Points[i]
			role = roles[pt.Role]
			if pt.PC >= b.native && pt.PC < end {
				pc = pt.PC
			}
		}
		last = pc
		text := in.Text(mem[:n], c.address(off))
		if x, ok := e.exitAt(p, b, f, off, n); ok {
			text = strings.Fields(text)[0] + " " + x
		}
		l := lines.of(pc)
		l.code = append(l.code, view.CacheInst{Addr: c.address(off), Bytes: append([]byte(nil), mem[:n]...), Text: text, Role: role})
		off += n
	}
	for _, g := range f.Gaps {
		lines.of(g.PC).gap = true
	}
	for _, x := range f.Exits {
		if _, ok := c.find(x.Target); ok && (x.Kind == translator.ExitJump || x.Kind == translator.ExitFall) {
			l := lines.of(last)
			l.links = append(l.links, x.Target)
		}
	}
	return lines
}

// preview adds what the translation of the block at pc would be: it is not in the cache, because nothing has run into it yet or
// because a breakpoint stands there.
func (l *codeList) preview(pc uint64, src []byte) {
	c := l.p.code
	f := &c.again
	l.ahead.of(pc)
	if c.tr.Block(src, pc, 0, func(at uint64) bool { return at != pc && (c.ends(at) || l.ahead[at] != nil) }, f) != nil {
		return
	}
	at := pc
	for off := prefixSize; off < len(f.Code); {
		var in x86.Inst
		if x86.Decode(f.Code[off:], &in) != nil {
			in.Len = 1
		}
		pt := &f.Points[sort.Search(len(f.Points), func(i int) bool { return f.Points[i].Off > uint32(off) })-1]
		text := in.Text(f.Code[off:off+int(in.Len)], uint64(off))
		if x, ok := l.e.exitAt(l.p, &block{}, f, uint32(off), uint32(in.Len)); ok {
			text = strings.Fields(text)[0] + " " + x
		}
		if pt.PC >= pc && pt.PC < pc+uint64(f.Size) {
			at = pt.PC
		}
		line := l.ahead.of(at)
		line.code = append(line.code, view.CacheInst{Bytes: append([]byte(nil), f.Code[off:off+int(in.Len)]...), Text: text, Role: roles[pt.Role]})
		off += int(in.Len)
	}
	for _, g := range f.Gaps {
		l.ahead.of(g.PC).gap = true
	}
}

var roles = map[translator.Role]view.Role{translator.RoleNative: view.RoleProgram, translator.RoleMirror: view.RoleMirror, translator.RoleGlue: view.RoleSupport}

// exitAt says where the cache instruction at off leads, if it leaves the block.
func (e *engine) exitAt(p *process, b *block, f *translator.Fragment, off, n uint32) (string, bool) {
	for _, x := range f.Exits {
		at := b.base + x.Off
		if x.Kind == translator.ExitFall || at < off || at >= off+n {
			continue
		}
		name := fmt.Sprintf("%#x", x.Target)
		if s := e.symbolAt(p, x.Target); s != "" {
			name += " <" + s + ">"
		}
		switch x.Kind {
		case translator.ExitSyscall:
			return "the system call routine, then " + name, true
		case translator.ExitStop:
			return "the engine, for " + name, true
		}
		if _, ok := p.code.find(x.Target); !ok {
			return name + " (not translated yet)", true
		}
		return name, true
	}
	return "", false
}

// code lists native instructions and their translation.
func (e *engine) code(t *thread, q view.CodeQuery) []view.CodeLine {
	at := q.Addr
	if at == 0 {
		if t.running || !e.paused {
			return nil
		}
		at = e.nativeRegs(t).Rip
	}
	if _, ok := t.p.blockAround(at); !ok && e.stands(t) && at == t.regs.Rip {
		t.p.ensure(at) // stepping does without blocks; what is looked at shall have one
	}
	p := t.p
	l := codeList{e: e, p: p, blocks: map[*block]translatedLines{}, ahead: translatedLines{}}
	for _, pc := range l.before(at, min(q.Before, codeMost)) {
		l.add(pc)
	}
	pc := at
	for range min(q.After, codeMost) + 1 {
		n := l.add(pc)
		if n == 0 {
			break
		}
		pc += uint64(n)
	}
	return l.lines
}

// codeMost bounds how many instructions are listed before and after an address.
const codeMost = 2000

// codeList is a listing under way.
type codeList struct {
	e      *engine
	p      *process
	lines  []view.CodeLine
	blocks map[*block]translatedLines
	ahead  translatedLines // of what is not translated yet
	source string
}

// before finds the addresses of n instructions in front of one: decoded from the start of the function or of a block; from
// anywhere, decoding falls into step sooner or later.
func (l *codeList) before(at uint64, n int) []uint64 {
	if n <= 0 {
		return nil
	}
	low := at - min(at, uint64(16*n+64))
	var best []uint64
	for _, start := range l.starts(low, at) {
		var list []uint64
		pc := start
		for pc < at {
			var in x86.Inst
			if x86.Decode(l.p.source(pc), &in) != nil {
				break
			}
			list = append(list, pc)
			pc += uint64(in.Len)
		}
		if pc == at && len(list) > len(best) {
			best = list
		}
		if len(best) >= n {
			break
		}
	}
	return best[max(0, len(best)-n):]
}

// starts are addresses that decoding may begin at, the best ones first.
func (l *codeList) starts(low, at uint64) (list []uint64) {
	if f := l.e.functionOf(l.p, at); f != 0 && f < at && at-f < 64<<10 {
		list = append(list, f)
		if g := l.e.functionOf(l.p, f-1); g != 0 && f-g < 64<<10 {
			list = append(list, g)
		}
	}
	for pc := low; pc < at; pc++ {
		if l.p.code.leader(pc) {
			list = append(list, pc)
		}
	}
	for pc := low; pc < low+16 && pc < at; pc++ {
		if _, mapped := l.p.space.Find(nativeAddr(pc)); mapped {
			list = append(list, pc)
		}
	}
	return list
}

// add lists one instruction and returns its length, 0 where none can be.
func (l *codeList) add(pc uint64) int {
	e, p := l.e, l.p
	src := p.source(pc)
	if len(src) == 0 {
		return 0
	}
	var in x86.Inst
	line := view.CodeLine{Addr: pc, Symbol: e.symbolAt(p, pc)}
	if x86.Decode(src, &in) != nil {
		in.Len = 1
		line.Text = "(bad)"
	} else {
		line.Text = in.Text(src[:in.Len], pc)
		if name := l.target(&in, pc); name != "" {
			line.Text += " <" + name + ">"
		}
		if in.Form != x86.NoStore {
			line.Writes = 1
		}
		line.Uncovered = in.Form == x86.Unmirrorable || line.Writes > 0 && p.code.cfg.Mirror == false
	}
	line.Bytes = append([]byte(nil), src[:in.Len]...)
	if r, ok := e.lineAt(p, pc); ok {
		if s := sourceOf(r); s != l.source {
			l.source, line.Source = s, s
			line.Line = e.sourceText(r)
		}
	}
	for _, b := range p.code.breaks[pc] {
		if b.thread == 0 {
			line.Break = b.ID
		}
	}
	if b, ok := p.blockAround(pc); ok {
		if l.blocks[b] == nil {
			l.blocks[b] = e.translation(p, b)
		}
		line.Block = b.native
		line.Count = p.code.executions(b)
		if x := l.blocks[b][pc]; x != nil {
			line.Code, line.Links = x.code, x.links
			line.Uncovered = line.Uncovered || x.gap
		}
	} else {
		if l.ahead[pc] == nil {
			l.preview(pc, src)
		}
		line.Code = l.ahead[pc].code
		line.Uncovered = line.Uncovered || l.ahead[pc].gap
	}
	l.lines = append(l.lines, line)
	return int(in.Len)
}

// target names what a direct branch, or a %rip-relative operand, refers to.
func (l *codeList) target(in *x86.Inst, pc uint64) string {
	next := pc + uint64(in.Len)
	switch in.Flow {
	case x86.FlowCall, x86.FlowJmp, x86.FlowJcc:
		return l.e.symbolAt(l.p, next+uint64(in.Rel))
	}
	if in.HasMem && in.Mem.RIP {
		return l.e.symbolAt(l.p, next+uint64(in.Mem.Disp))
	}
	return ""
}

// sourceText is a line of a source file, kept because screens ask again and again.
func (e *engine) sourceText(r symbols.Row) string {
	lines, ok := e.sources[r.File]
	if !ok {
		lines = symbols.Lines(r.File)
		if e.sources == nil {
			e.sources = map[string][]string{}
		}
		e.sources[r.File] = lines
	}
	if r.Line < 1 || r.Line > len(lines) {
		return ""
	}
	return lines[r.Line-1]
}

// blocksMost bounds how many blocks a snapshot lists.
const blocksMost = 200

// blocks lists the blocks of a process: the most executed ones, and without counts those that were translated last.
func (e *engine) blocks(t *thread) []view.BlockInfo {
	p := t.p
	c := p.code
	var order []int
	for i := range c.blocks {
		if b := &c.blocks[i]; b.kind == translated && c.live(int32(i)) {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(x, y int) bool {
		a, b := c.executions(&c.blocks[order[x]]), c.executions(&c.blocks[order[y]])
		if a != b {
			return a > b
		}
		return order[x] > order[y]
	})
	var list []view.BlockInfo
	for _, i := range order[:min(len(order), blocksMost)] {
		b := &c.blocks[i]
		v := view.BlockInfo{Addr: b.native, Size: int(b.size), Cache: c.address(b.start), CacheSize: int(b.end - b.start), Count: c.executions(b), Symbol: e.symbolAt(p, b.native)}
		for pc, end := b.native, b.native+uint64(b.size); pc < end; {
			var in x86.Inst
			if x86.Decode(p.source(pc), &in) != nil {
				break
			}
			v.Instructions++
			if in.Form != x86.NoStore {
				v.Stores++
			}
			pc += uint64(in.Len)
		}
		list = append(list, v)
	}
	return list
}
