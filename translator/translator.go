package translator

import (
	"fmt"

	"kmv/translator/x86"
)

// Translator turns native blocks into fragments. It keeps buffers between calls and so belongs to one goroutine; what
// it returns depends on its Config and the arguments only.
type Translator struct {
	cfg   Config
	a     x86.Asm
	f     *Fragment
	phase uint32

	// The instruction under way.
	in    *x86.Inst // one of insts
	insts [2]x86.Inst
	bytes []byte // its native bytes
	pc    uint64
	next  uint64
	state PointState
	saved [4]Saved // what Restore is at this position
	n     uint8    // used entries of saved
	idle  idle     // the first of them, if it outlives the instruction
	slot  int32    // next free spill slot
	busy  x86.RegSet

	window   window   // what comes behind the instruction under way
	foreseen x86.Inst // an instruction of it
}

// maxInst is the longest instruction (SDM 2A 2.3.11).
const maxInst = 15

// New makes a translator.
func New(cfg Config) *Translator { return &Translator{cfg: cfg} }

// Block translates the basic block at native address pc; code holds the bytes from there on. phase is the cache offset
// modulo 8 that Code will be placed at. leader, which may be nil, says that a fragment for an address exists already:
// the block ends in front of it.
func (t *Translator) Block(code []byte, pc uint64, phase uint32, leader func(pc uint64) bool, f *Fragment) error {
	if t.cfg.MaxInsts < 1 {
		return fmt.Errorf("translate %#x: Config.MaxInsts is %d", pc, t.cfg.MaxInsts)
	}
	t.open(pc, phase, f)
	for {
		if f.Insts > 0 && (int(f.Insts) == t.cfg.MaxInsts || leader != nil && leader(pc)) {
			t.fall(pc)
			break
		}
		spare := &t.insts[f.Insts&1]
		if err := x86.Decode(code, spare); err != nil {
			t.undecodable(err, code)
			break
		}
		t.in = spare
		n := int(t.in.Len)
		t.bytes = code[:n]
		t.begin(pc, pc+uint64(n))
		t.window = window{code[n:], leader}
		f.Insts++
		f.Size += uint32(n)
		last := t.instruction()
		t.countStore()
		if last {
			break
		}
		code, pc = code[n:], pc+uint64(n)
	}
	f.Last = *t.in
	t.a.Link()
	f.Code = t.a.Buf
	return nil
}

// open starts a fragment with the prefix that indirect branches enter by:
//
//	mov %fs:SlotRCX,%rcx
func (t *Translator) open(pc uint64, phase uint32, f *Fragment) {
	*f = Fragment{Native: pc, Code: f.Code[:0], Exits: f.Exits[:0], Points: f.Points[:0], Gaps: f.Gaps[:0]}
	t.a.Reset()
	t.a.Buf = f.Code
	t.f, t.phase = f, phase
	t.idle = idle{}
	t.begin(pc, pc)
	t.state = Before
	t.save(Saved{Reg: x86.RCX, Slot: SlotRCX})
	t.at(RoleGlue)
	t.a.MovRM(x86.RCX, slot(SlotRCX), 8)
	f.Prefix = uint32(t.a.Len())
	t.begin(pc, pc)
	t.insts[1] = x86.Inst{}
	t.in = &t.insts[1]
}

// begin makes [pc, next) the instruction under way.
func (t *Translator) begin(pc, next uint64) {
	t.pc, t.next = pc, next
	t.state = Clean
	t.busy, t.slot = 0, SlotA
	if t.n > 0 {
		t.n, t.saved = 0, [4]Saved{}
	}
	t.idle.carry(t)
}

// undecodable ends the block where the bytes end or cannot be understood: in front of that, or, if there is nothing in
// front, with a stop.
func (t *Translator) undecodable(err error, code []byte) {
	pc := t.next
	if t.f.Insts > 0 {
		t.fall(pc)
		return
	}
	t.f.Size = uint32(min(len(code), maxInst))
	if err == x86.ErrTruncated {
		t.stop(StopFetch, 0)
	} else {
		t.stop(StopUnknown, 0)
	}
}

// countStore counts the instruction under way if it stores and is not stopped at.
func (t *Translator) countStore() {
	if t.in.Form == NoStore {
		return
	}
	if k := len(t.f.Exits); k > 0 && t.f.Exits[k-1].Kind == ExitStop {
		return
	}
	t.f.Stores++
	if t.cfg.Mirror {
		t.f.Mirrored++
	}
}

// instruction translates the instruction under way and says whether it ends the block.
func (t *Translator) instruction() (last bool) {
	in := t.in
	if !t.translatable() {
		return t.stop(StopUnsupported, 0)
	}
	if in.Flow != x86.FlowNext {
		return t.flow()
	}
	if in.Enc == x86.Legacy && in.Map <= 1 {
		if rule := special[in.Map][in.Opcode]; rule != nil {
			if did := rule(t); did != nothing {
				return did == endedBlock
			}
		}
	}
	if in.Form == NoStore {
		t.load()
	} else {
		t.store()
	}
	return false
}
