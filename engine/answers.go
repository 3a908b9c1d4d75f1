package engine

import (
	"encoding/binary"
	"sync"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
	"kmv/translator"
)

// The answers of cpuid lie in front of the table of system call handlers, in each code cache: see translator/cpuid.go.
const (
	answersSection = tableSection - 16<<10
	answersMost    = (tableSection - answersSection - 4*translator.AnswerChains) / translator.AnswerSize
)

// cpuidAnswer is what cpuid says to a leaf, and to one of its subleaves if it has some.
type cpuidAnswer struct {
	leaf, sub          uint32
	bySub              bool
	eax, ebx, ecx, edx uint32
}

// Leaves whose answers do not depend on the processor that is asked. Those of the others, 1, 0xb and 0x1f among them, have its number in
// them. With subleaves the number of those that programs ask for.
var plainLeaves = []uint32{0, 2, 0x19, 0x80000000, 0x80000001, 0x80000007, 0x80000008}
var subLeaves = []struct{ leaf, subs uint32 }{{4, 6}, {7, 3}, {0xd, 9}, {0x14, 2}}

// cpuidAnswers are the processor's, edited. There are none where processors differ (SDM 2A, CPUID.7.0:EDX.Hybrid).
var cpuidAnswers = sync.OnceValue(func() (list []cpuidAnswer) {
	const hybrid = 1 << 15
	most, _, _, _ := ptrace.CPUID(0, 0)
	mostExtended, _, _, _ := ptrace.CPUID(0x80000000, 0)
	if most >= 7 {
		if _, _, _, edx := ptrace.CPUID(7, 0); edx&hybrid != 0 {
			return nil
		}
	}
	ask := func(leaf, sub uint32, bySub bool) {
		if leaf > most && leaf < 0x80000000 || leaf > mostExtended {
			return
		}
		a := cpuidAnswer{leaf: leaf, sub: sub, bySub: bySub}
		a.eax, a.ebx, a.ecx, a.edx = ptrace.CPUID(leaf, sub)
		r := ptrace.Regs{Rax: uint64(a.eax), Rbx: uint64(a.ebx), Rcx: uint64(a.ecx), Rdx: uint64(a.edx)}
		maskCPUID(leaf, sub, &r)
		a.eax, a.ebx, a.ecx, a.edx = uint32(r.Rax), uint32(r.Rbx), uint32(r.Rcx), uint32(r.Rdx)
		list = append(list, a)
	}
	for _, leaf := range plainLeaves {
		ask(leaf, 0, false)
	}
	for _, l := range subLeaves {
		for sub := range l.subs {
			ask(l.leaf, sub, true)
		}
	}
	return list
})

// answersAt is where translations find them, 0 if there are none.
func answersAt(l shadowmem.Layout) uint32 {
	if len(cpuidAnswers()) == 0 {
		return 0
	}
	return uint32(l.Cache.Low) + answersSection
}

// putAnswers fills the table of a code cache.
func (c *codeCache) putAnswers() {
	table := c.mem[answersSection:tableSection]
	for i, a := range cpuidAnswers() {
		at := 4*translator.AnswerChains + i*translator.AnswerSize
		chain := table[4*(a.leaf&0xff):]
		any := uint32(0)
		if a.bySub {
			any = 1
		}
		for j, v := range [...]uint32{-a.leaf, -a.sub, any, binary.LittleEndian.Uint32(chain), a.eax, a.ebx, a.ecx, a.edx} {
			binary.LittleEndian.PutUint32(table[at+4*j:], v)
		}
		binary.LittleEndian.PutUint32(chain, c.cfg.Answers+uint32(at))
	}
}

// forgetAnswers makes every cpuid be executed: for a process to which the kernel forbids it (arch_prctl(2), ARCH_SET_CPUID).
func (c *codeCache) forgetAnswers() {
	clear(c.mem[answersSection:][:4*translator.AnswerChains])
	c.noAnswers = true
}
