package translator

import "kmv/translator/x86"

// outcome is what a rule for one opcode answers.
type outcome uint8

const (
	nothing    outcome = iota // the general rules apply
	done                      // translated
	endedBlock                // translated, and the block ends here
)

// rule translates the instruction under way, or leaves it alone.
type rule func(t *Translator) outcome

const opLea = 0x8d

// special are the opcodes of maps 0 and 1 that have rules of their own.
var special = [2][256]rule{
	{
		opLea: (*Translator).lea,
		0x8e:  (*Translator).segmentLoad, // mov %r,%fs
		0xa4:  (*Translator).segmentedString,
		0xa5:  (*Translator).segmentedString,
		0xa6:  (*Translator).segmentedString,
		0xa7:  (*Translator).segmentedString,
		0xac:  (*Translator).segmentedString,
		0xad:  (*Translator).segmentedString,
		0xd7:  (*Translator).xlat,
	},
	{
		0xa1: (*Translator).segmentLoad, // pop %fs
		0xa2: (*Translator).cpuid,
		0xa9: (*Translator).segmentLoad, // pop %gs
		0xae: (*Translator).segmentBase,
		0xb4: (*Translator).segmentLoad, // lfs
		0xb5: (*Translator).segmentLoad, // lgs
	},
}

// syscall hands over to the runtime, which knows that the instruction lies in front of native rcx:
//
//	mov $next,%rcx
//	jmp rel32 -> runtime
func (t *Translator) syscall() {
	t.glue()
	t.a.MovRI(x86.RCX, t.next)
	t.exit(Exit{Kind: ExitSyscall, Target: t.next})
}

// segmentLoad refuses to load the selectors of FS and GS, which would change their bases.
func (t *Translator) segmentLoad() outcome {
	if t.in.SegWrite == x86.NoSeg {
		return nothing
	}
	t.stop(StopUnsupported, 0)
	return endedBlock
}

// segmentBase reads and writes the program's bases, which are not in the registers. GS has none.
//
//	rdfsbase %r    mov %fs:SlotFSBase,%r
//	wrfsbase %r    mov %r,%fs:SlotFSBase
//	wrfsbase %rd   mov %s,%fs:SlotA; mov %rd,%sd; mov %s,%fs:SlotFSBase; mov %fs:SlotA,%s
//	rdgsbase %r    mov $0,%r
func (t *Translator) segmentBase() outcome {
	in := t.in
	if in.SegRead == x86.NoSeg && in.SegWrite == x86.NoSeg {
		return nothing
	}
	r := modRM(in)
	switch {
	case in.SegWrite == x86.GS:
		t.stop(StopUnsupported, 0)
		return endedBlock
	case in.SegWrite == x86.FS && in.OpSize == 8:
		t.native()
		t.a.MovMR(slot(SlotFSBase), r, 8)
	case in.SegWrite == x86.FS:
		s := t.scratch(t.touched())
		t.glue()
		t.a.MovRR(s, r, 4)
		t.native()
		t.a.MovMR(slot(SlotFSBase), s, 8)
		t.restore()
	case in.SegRead == x86.FS:
		t.native()
		t.a.MovRM(r, slot(SlotFSBase), int(in.OpSize))
	default:
		t.native()
		t.a.MovRI(r, 0)
	}
	return done
}
