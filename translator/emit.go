package translator

import "kmv/translator/x86"

// NoStore is short for the most common form.
const NoStore = x86.NoStore

// slot is a field of the thread block.
func slot(s int32) x86.Mem { return x86.Abs(int64(s)).In(x86.FS) }

// at records a Point here, unless the one in force says the same.
func (t *Translator) at(role Role) {
	points := t.f.Points
	if k := len(points) - 1; k >= 0 && t.state != Clean {
		last := &points[k]
		if last.State == t.state && last.Role == role && last.N == t.n && last.PC == t.pc && last.Restore == t.saved {
			return
		}
	}
	t.f.Points = append(points, Point{
		Off: uint32(t.a.Len()), PC: t.pc, State: t.state, Role: role, N: t.n, Restore: t.saved,
	})
}

// glue announces an instruction of ours. In front of the native effect, what follows the first of them is Before.
func (t *Translator) glue() {
	t.at(RoleGlue)
	if t.state == Clean {
		t.state = Before
	}
}

// native announces the cache instruction that has the native effect.
func (t *Translator) native() {
	t.at(RoleNative)
	t.state = Done
}

// partial announces a native cache instruction that may fault after a part of its stores.
func (t *Translator) partial() {
	t.state = Repeat
	t.native()
}

// ahead announces a write to the mirror in front of the native one.
func (t *Translator) ahead() {
	t.at(RoleMirror)
	t.state = Ahead
}

// mirror announces writes to the mirror.
func (t *Translator) mirror() { t.at(RoleMirror) }

// save says from here on how to get a register's native value back.
func (t *Translator) save(s Saved) {
	t.saved[t.n] = s
	t.n++
}

// unsave takes back the last save.
func (t *Translator) unsave() Saved {
	t.n--
	s := t.saved[t.n]
	t.saved[t.n] = Saved{}
	return s
}

// scratchOrder prefers registers that need no REX prefix, so that ah..bh stay reachable in a rewritten instruction.
var scratchOrder = [...]x86.Reg{x86.RAX, x86.RDX, x86.RCX, x86.RBX, x86.RSI, x86.RDI, x86.RBP,
	x86.R8, x86.R9, x86.R10, x86.R11, x86.R12, x86.R13, x86.R14, x86.R15}

// scratch spills a register outside of avoid:
//
//	mov %r,%fs:SlotX
func (t *Translator) scratch(avoid x86.RegSet) x86.Reg {
	avoid |= t.busy
	for _, r := range scratchOrder {
		if avoid>>r&1 == 0 {
			t.spill(r)
			return r
		}
	}
	panic("BUG: no scratch register left")
}

// spill makes r a scratch register.
func (t *Translator) spill(r x86.Reg) {
	t.glue()
	t.a.MovMR(slot(t.slot), r, 8)
	t.save(Saved{Reg: r, Slot: t.slot})
	t.slot += 8
	t.busy |= 1 << r
}

// restore gives the spilled registers their values back, last one first:
//
//	mov %fs:SlotX,%r
func (t *Translator) restore() {
	for t.n > t.idle.n {
		t.restoreOne()
	}
}

// restoreOne gives back the register spilled last.
func (t *Translator) restoreOne() {
	t.glue()
	s := t.unsave()
	t.a.MovRM(s.Reg, slot(s.Slot), 8)
	t.busy &^= 1 << s.Reg
	t.slot -= 8
}

// pad lengthens the branch that follows, of opLen opcode bytes, until its rel32 does not cross an 8-byte boundary. A CS
// prefix does nothing there, and unlike a nop costs nothing and keeps cmp and jcc together.
func (t *Translator) pad(opLen uint32) {
	if at := (t.phase + uint32(t.a.Len()) + opLen) & 7; at > 4 {
		const cs = "\x2e\x2e\x2e"
		t.a.Buf = append(t.a.Buf, cs[:8-at]...)
	}
}

// exit leaves the fragment:
//
//	jmp rel32
func (t *Translator) exit(e Exit) {
	t.at(RoleGlue)
	t.pad(1)
	e.Off = uint32(t.a.JmpRel())
	t.f.Exits = append(t.f.Exits, e)
}

// fall ends the fragment at its end.
func (t *Translator) fall(target uint64) {
	t.f.Exits = append(t.f.Exits, Exit{Kind: ExitFall, Target: target})
}

// stop asks for the engine in place of the instruction under way.
func (t *Translator) stop(why StopReason, vector uint8) (last bool) {
	t.exit(Exit{Kind: ExitStop, Target: t.pc, Stop: why, Vector: vector})
	return true
}
