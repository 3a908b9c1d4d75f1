package engine

import (
	"encoding/binary"
	"slices"

	"kmv/engine/syscalls"
	"kmv/shadowmem"
	"kmv/translator"
	"kmv/translator/x86"
)

// The syscall routine runs the system calls that the table calls Pass, Regular or Unsupported without a stop:
//
//	entry    look eax up in the handler table
//	handler  pick a rule by an argument, if the row has cases
//	rule     syscall; copy what it wrote (runtime_effects.go); go on at the jump map's entry of the next instruction
//
// Everything else ends at `stop`, an int3 with the state of the entry. In front of the syscall instruction no flag is
// changed for good: the processor hands the program's own to r11. Nothing touches the program's stack.

// builder assembles the routine.
type builder struct {
	x86.Asm
	layout shadowmem.Layout
	mirror bool
	image  *runtimeImage
	phase  phase
	saved  x86.RegSet
	stop   ruleLabels
	finish x86.Label // behind the system call; rax is in its slot
	rules  map[ruleKey]ruleLabels
	rows   [syscalls.Max]x86.Label // where the table points, noLabel for a stop
}

const noLabel = x86.Label(-1)

// ruleLabels are the two entries of a rule's code.
type ruleLabels struct {
	compared x86.Label // with the flags in r11, as compare leaves them
	plain    x86.Label
}

// ruleKey is what a rule's code depends on.
type ruleKey struct {
	answer  bool
	errno   uint64
	torn    uint64
	n       int
	reads   int
	sources [syscalls.MaxEffects]syscalls.Effect
	effects [syscalls.MaxEffects]syscalls.Effect
}

func newBuilder(l shadowmem.Layout, mirror bool) *builder {
	b := &builder{layout: l, mirror: mirror, image: &runtimeImage{}, rules: map[ruleKey]ruleLabels{}}
	for nr := range b.rows {
		b.rows[nr] = noLabel
	}
	return b
}

// dispatch finds the handler. Only eax counts (the kernel sign-extends it), and an eax that has more than 16 bits stops:
//
//	mov %rcx,%fs:SlotRCX; mov %rcx,%fs:SlotTarget; mov %rax,%fs:slotNumber; mov %eax,%r11d
//	movzwl %ax,%ecx; not %rcx; lea 1(%r11,%rcx),%rcx; jrcxz small; jmp stop
//	small: mov $table,%ecx; mov (%rcx,%r11,4),%ecx; jrcxz stop; jmp *%rcx
//	stop:  mov %fs:SlotTarget,%rcx; int3
//	finish: mov %fs:slotRAX,%rax; int3
func (b *builder) dispatch() {
	a := &b.Asm
	a.Nop(-a.Len() & 15)
	b.image.syscall = uint32(a.Len())
	small := a.NewLabel()
	b.stop = ruleLabels{a.NewLabel(), a.NewLabel()}
	b.at(entered)
	a.MovMR(slot(translator.SlotRCX), x86.RCX, 8)
	a.MovMR(slot(translator.SlotTarget), x86.RCX, 8)
	a.MovMR(slot(slotNumber), x86.RAX, 8)
	a.MovRR(x86.R11, x86.RAX, 4)
	a.MovzxRR(x86.RCX, x86.RAX, 2)
	b.at(deciding)
	a.Not(x86.RCX, 8)
	a.Lea(x86.RCX, x86.AtIndex(x86.R11, x86.RCX, 1, 1))
	a.Jrcxz(small)
	a.Jmp(b.stop.plain)
	a.Bind(small)
	a.MovRI(x86.RCX, uint64(b.layout.Cache.Low)+tableSection)
	a.MovRM(x86.RCX, x86.AtIndex(x86.RCX, x86.R11, 4, 0), 4)
	a.Jrcxz(b.stop.plain)
	a.JmpR(x86.RCX)
	b.enterCompared(b.stop)
	a.MovRM(x86.RCX, slot(translator.SlotTarget), 8)
	b.image.stop = uint32(a.Len())
	a.Int3()
	a.Int3()
	b.phase, b.saved = returned, 1<<x86.RAX
	b.finish = a.Here()
	b.at(returned)
	b.restore(x86.RAX)
	b.image.finish = uint32(a.Len())
	a.Int3()
	a.Int3()
}

// handlers emits what the table points to.
func (b *builder) handlers() {
	for nr := range b.rows {
		row := syscalls.Lookup(uint64(nr))
		if own := ownRoutines[uint64(nr)]; own != nil {
			b.rows[nr] = own(b)
		} else if row.MayRunInTarget() {
			b.rows[nr] = b.handler(row)
		}
	}
}

// fillTable turns labels into cache addresses.
func (b *builder) fillTable() {
	for nr, l := range b.rows {
		if l != noLabel {
			b.image.table[nr] = uint32(b.layout.Cache.Low) + uint32(b.Offset(l))
		}
	}
}

// handler emits the choice of a row's rule. A temporary signal mask is the engine's, and so are some paths (choosePath):
//
//	mov mask,%rcx; jrcxz none; jmp stop; none:
func (b *builder) handler(row *syscalls.Row) x86.Label {
	if row.MaskArg == 0 && row.Sub == nil && row.Path == nil {
		return b.rule(&row.Rule).plain
	}
	rest := b.rule(&row.Rule)
	var cases []ruleLabels
	if row.Sub != nil {
		for i := range row.Sub.Cases {
			cases = append(cases, b.rule(&row.Sub.Cases[i].Rule))
		}
	}
	entry := b.Here()
	b.saved = 0
	b.at(deciding)
	if row.MaskArg != 0 {
		none := b.NewLabel()
		b.MovRR(x86.RCX, argumentRegs[row.MaskArg], 8)
		b.Jrcxz(none)
		b.Jmp(b.stop.plain)
		b.Bind(none)
	}
	if row.Sub == nil && row.Path == nil {
		b.Jmp(rest.plain)
		return entry
	}
	b.saveFlags()
	if row.Path != nil {
		b.choosePath(argumentRegs[*row.Path])
	}
	if row.Sub == nil {
		b.Jmp(rest.compared)
	} else {
		b.choose(row.Sub, cases, rest)
	}
	return entry
}

// choosePath stops where the file to be opened may be one of those that selfview.go replaces. A path at the end of what is
// mapped faults here, which stops too:
//
//	mov (path),%ecx; cmp $word,%ecx; je stop; ...
func (b *builder) choosePath(path x86.Reg) {
	b.MovRM(x86.RCX, x86.At(path, 0), 4)
	for _, w := range syscalls.ProcWords {
		b.AluRI(x86.AluCmp, x86.RCX, int64(int32(binary.LittleEndian.Uint32(w[:]))), 4)
		b.Jcc(x86.CondE, b.stop.compared)
	}
}

// choose compares the argument, with the flags saved, with the values of the cases, all of one mask at a time:
//
//	mov arg,%ecx; and $mask,%ecx; ...
func (b *builder) choose(sub *syscalls.Sub, cases []ruleLabels, rest ruleLabels) {
	var masks []uint32
	for i := range sub.Cases {
		if mask := sub.Cases[i].Mask; !slices.Contains(masks, mask) {
			masks = append(masks, mask)
		}
	}
	for i, mask := range masks {
		b.MovRR(x86.RCX, argumentRegs[sub.Arg], 4)
		if mask != ^uint32(0) {
			b.AluRI(x86.AluAnd, x86.RCX, int64(int32(mask)), 4)
		}
		next := rest.compared
		if i+1 < len(masks) {
			next = b.NewLabel()
		}
		b.search(leavesOf(sub, cases, mask), next)
		if i+1 < len(masks) {
			b.Bind(next)
		}
	}
}

// saveFlags puts the program's flags into r11, for code that compares in front of the system call.
func (b *builder) saveFlags() {
	b.Lahf()
	b.Setcc(x86.CondO, x86.RAX)
	b.MovRR(x86.R11, x86.RAX, 8)
	b.at(comparing)
}

// leaf is one value of an argument and where it leads.
type leaf struct {
	value uint32
	to    x86.Label
}

// leavesOf lists the values that are compared under a mask, in order.
func leavesOf(sub *syscalls.Sub, cases []ruleLabels, mask uint32) []leaf {
	var leaves []leaf
	for i := range sub.Cases {
		if sub.Cases[i].Mask != mask {
			continue
		}
		for _, v := range sub.Cases[i].Values {
			leaves = append(leaves, leaf{v, cases[i].compared})
		}
	}
	slices.SortFunc(leaves, func(x, y leaf) int { return int(int64(x.value) - int64(y.value)) })
	return leaves
}

// search is a binary search for ecx; without a match it goes to rest.
func (b *builder) search(leaves []leaf, rest x86.Label) {
	const few = 3
	if len(leaves) <= few {
		for _, l := range leaves {
			b.AluRI(x86.AluCmp, x86.RCX, int64(int32(l.value)), 4)
			b.Jcc(x86.CondE, l.to)
		}
		b.Jmp(rest)
		return
	}
	mid := len(leaves) / 2
	above := b.NewLabel()
	b.AluRI(x86.AluCmp, x86.RCX, int64(int32(leaves[mid].value)), 4)
	b.Jcc(x86.CondAE, above)
	b.search(leaves[:mid], rest)
	b.Bind(above)
	b.search(leaves[mid:], rest)
}

// enterCompared binds a rule's two entries:
//
//	compared: mov %r11,%rax; add $0x7f,%al; sahf; mov %fs:slotNumber,%rax
//	plain:
func (b *builder) enterCompared(l ruleLabels) {
	b.at(comparing)
	b.Bind(l.compared)
	b.MovRR(x86.RAX, x86.R11, 8)
	b.AluRI(x86.AluAdd, x86.RAX, 0x7f, 1)
	b.Sahf()
	b.at(deciding)
	b.MovRM(x86.RAX, slot(slotNumber), 8)
	b.Bind(l.plain)
}
