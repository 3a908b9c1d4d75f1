package engine

import (
	"encoding/binary"

	"kmv/translator"
	"kmv/translator/x86"
)

// hotWrites is how often a page of translated code may be written before it is no longer protected for that: code and
// data that share a page (trampolines on a stack, small JITs) would stop at every store. Blocks of such a page compare
// their native bytes with what they were translated from, each time they are entered.
const hotWrites = 8

// checkLimit ends a checked block behind its first store: the store may change what follows.
func (c *codeCache) checkLimit(src []byte, pc uint64) (end uint64) {
	var in x86.Inst
	for at := pc; at-pc < 48; {
		if x86.Decode(src[at-pc:], &in) != nil {
			return at
		}
		at += uint64(in.Len)
		if in.Form != x86.NoStore || in.Flow != x86.FlowNext {
			return at
		}
		end = at
	}
	return end
}

// emitCheck writes the comparison of n native bytes at pc, for each 8 of them without changing a flag:
//
//	mov %rcx,%fs:A; mov %rax,%fs:B
//	mov native,%rcx; mov $~expected,%rax; lea 1(%rcx,%rax),%rcx; jrcxz same     rcx = native - expected
//	mov %fs:A,%rcx; mov %fs:B,%rax; jmp changed                                 rel32 returned
//	same: ...
//	mov %fs:A,%rcx; mov %fs:B,%rax
func emitCheck(a *x86.Asm, src []byte, pc uint64, n int) (changed []int) {
	slotA, slotB := x86.Abs(translator.SlotA).In(x86.FS), x86.Abs(translator.SlotB).In(x86.FS)
	restore := func() {
		a.MovRM(x86.RCX, slotA, 8)
		a.MovRM(x86.RAX, slotB, 8)
	}
	a.MovMR(slotA, x86.RCX, 8)
	a.MovMR(slotB, x86.RAX, 8)
	for i := 0; i < n; {
		size := 8
		for size > n-i {
			size /= 2
		}
		var word [8]byte
		copy(word[:], src[i:i+size])
		a.MovRI(x86.RCX, pc+uint64(i))
		if size < 4 {
			a.MovzxRM(x86.RCX, x86.At(x86.RCX, 0), size)
		} else {
			a.MovRM(x86.RCX, x86.At(x86.RCX, 0), size)
		}
		a.MovRI(x86.RAX, ^binary.LittleEndian.Uint64(word[:]))
		a.Lea(x86.RCX, x86.AtIndex(x86.RCX, x86.RAX, 1, 1))
		same := a.NewLabel()
		a.Jrcxz(same)
		restore()
		changed = append(changed, a.JmpRel())
		a.Bind(same)
		i += size
	}
	restore()
	a.Link()
	return changed
}

// checkPoint is what is known inside a check or a counter: nothing of the block is done, rcx and rax (of a counter: rax) are in
// their slots once they have been put there. A rel32 of it is never patched, so it may lie anywhere.
func checkPoint(b *block, off uint32) translator.Point {
	pt := translator.Point{PC: b.native, State: translator.Before}
	const spill = 9 // bytes of mov %reg,%fs:slot
	at := off - b.direct()
	if b.counted {
		if at >= spill {
			pt.Restore[0], pt.N = translator.Saved{Reg: x86.RAX, Slot: translator.SlotB}, 1
		}
		return pt
	}
	if at >= spill {
		pt.Restore[0], pt.N = translator.Saved{Reg: x86.RCX, Slot: translator.SlotA}, 1
	}
	if at >= 2*spill {
		pt.Restore[1], pt.N = translator.Saved{Reg: x86.RAX, Slot: translator.SlotB}, 2
	}
	return pt
}
