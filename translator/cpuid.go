package translator

import "kmv/translator/x86"

// The answers of cpuid that are the same on all processors lie in a table at Config.Answers: to execute it in a virtual machine takes
// 2 us and more, and a dynamic linker asks for 43 leaves. Of each chain of answers the table has the address, by the low byte of the
// leaf; an answer is AnswerSize bytes, all fields of 4:
//
//	0 -leaf | 4 -subleaf | 8 0 if it is the answer for any subleaf | 12 next answer of the chain, 0 if none | 16 eax | 20 ebx | 24 ecx | 28 edx
const (
	AnswerChains = 256
	AnswerSize   = 32
)

// Offsets in an answer.
const (
	answerLeaf = 4 * iota
	answerSub
	answerAny
	answerNext
	answerEAX
	answerEBX
	answerECX
	answerEDX
)

// edited are the leaves of cpuid whose answers the engine edits: features, and the state that they need.
var edited = [...]int64{0x7, 0xd}

// cpuid lets the engine edit the answer, if there is something to edit and it is not in the table.
//
//	mov %rax,%fs:SlotA; mov %rcx,%fs:SlotB; cpuid; mov %rcx,%fs:SlotC; mov %fs:SlotA,%ecx
//	lea -7(%rcx),%ecx; jrcxz edit; lea 7-13(%rcx),%ecx; jrcxz edit; mov %fs:SlotC,%rcx; jmp rel32 -> next
//	edit: mov %fs:SlotC,%rcx; jmp rel32 -> stop
func (t *Translator) cpuid() outcome {
	if t.cfg.Answers != 0 {
		t.answer()
	}
	t.glue()
	t.a.MovMR(slot(SlotA), x86.RAX, 8)
	t.glue()
	t.a.MovMR(slot(SlotB), x86.RCX, 8)
	t.native()
	t.a.Cpuid()
	t.slot = SlotC
	t.spill(x86.RCX)
	t.glue()
	t.a.MovRM(x86.RCX, slot(SlotA), 4)
	edit := t.a.NewLabel()
	last := int64(0)
	for _, leaf := range edited {
		t.a.Lea32(x86.RCX, x86.At(x86.RCX, last-leaf))
		t.a.Jrcxz(edit)
		last = leaf
	}
	saved := t.saved[0]
	t.restore()
	t.exit(Exit{Kind: ExitJump, Target: t.next})
	t.a.Bind(edit)
	t.save(saved)
	t.restore()
	t.exit(Exit{Kind: ExitStop, Target: t.next, Stop: StopCPUID})
	return endedBlock
}

// answer takes the answer from the table, and goes on behind the instruction; else nothing is done. No flag changes.
//
//	mov %rax,%fs:SlotA; mov %rcx,%fs:SlotB; mov %rdx,%fs:SlotC
//	movzbl %al,%ecx; mov $Answers,%edx; mov (%rdx,%rcx,4),%ecx
//	chain: jrcxz none; mov %rcx,%rdx; mov %fs:SlotA,%eax; mov leaf(%rdx),%ecx; lea (%rcx,%rax),%ecx; jrcxz leaf
//	other: mov next(%rdx),%ecx; jmp chain
//	leaf:  mov any(%rdx),%ecx; jrcxz found; mov %fs:SlotB,%eax; mov sub(%rdx),%ecx; lea (%rcx,%rax),%ecx; jrcxz found; jmp other
//	found: mov eax(%rdx),%eax; mov ebx(%rdx),%ebx; mov ecx(%rdx),%ecx; mov edx(%rdx),%edx; jmp rel32 -> next
//	none:  mov %fs:SlotC,%rdx; mov %fs:SlotB,%rcx; mov %fs:SlotA,%rax
func (t *Translator) answer() {
	a := &t.a
	none, chain, other, leaf, found := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	t.spill(x86.RAX)
	t.spill(x86.RCX)
	t.spill(x86.RDX)
	t.glue()
	a.MovzxRR(x86.RCX, x86.RAX, 1)
	a.MovRI(x86.RDX, uint64(t.cfg.Answers))
	a.MovRM(x86.RCX, x86.AtIndex(x86.RDX, x86.RCX, 4, 0), 4)
	a.Bind(chain)
	a.Jrcxz(none)
	a.MovRR(x86.RDX, x86.RCX, 8)
	a.MovRM(x86.RAX, slot(SlotA), 4)
	a.MovRM(x86.RCX, x86.At(x86.RDX, answerLeaf), 4)
	a.Lea32(x86.RCX, x86.AtIndex(x86.RCX, x86.RAX, 1, 0))
	a.Jrcxz(leaf)
	a.Bind(other)
	a.MovRM(x86.RCX, x86.At(x86.RDX, answerNext), 4)
	a.JmpShort(chain)
	a.Bind(leaf)
	a.MovRM(x86.RCX, x86.At(x86.RDX, answerAny), 4)
	a.Jrcxz(found)
	a.MovRM(x86.RAX, slot(SlotB), 4)
	a.MovRM(x86.RCX, x86.At(x86.RDX, answerSub), 4)
	a.Lea32(x86.RCX, x86.AtIndex(x86.RCX, x86.RAX, 1, 0))
	a.Jrcxz(found)
	a.JmpShort(other)
	a.Bind(found)
	n, saved, busy, next := t.n, t.saved, t.busy, t.slot
	for range 3 {
		t.unsave()
	}
	t.state = Done // from here on only forward
	for _, r := range [...]struct {
		reg x86.Reg
		at  int64
	}{{x86.RAX, answerEAX}, {x86.RBX, answerEBX}, {x86.RCX, answerECX}, {x86.RDX, answerEDX}} {
		t.native()
		a.MovRM(r.reg, x86.At(x86.RDX, r.at), 4)
	}
	t.exit(Exit{Kind: ExitJump, Target: t.next})
	a.Bind(none)
	t.n, t.saved, t.busy, t.slot, t.state = n, saved, busy, next, Before
	t.restore()
}
