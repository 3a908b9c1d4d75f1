package engine

import (
	"encoding/binary"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
	"kmv/translator"
	"kmv/translator/x86"
)

// mirrorScatter copies the elements that an interrupted scatter has stored: those whose bits were in the mask when it began, and
// no longer are (SDM 2C, VPSCATTERDD). t.regs is native state in front of the instruction; code are its bytes.
func (e *engine) mirrorScatter(t *thread, in *x86.Inst, code []byte) error {
	v, err := ptrace.GetVectors(t.tid)
	if err != nil {
		return err
	}
	for _, r := range scattered(in, code, &t.regs, t.fsBase(), v, t.slotAt(translator.SlotE)) {
		if err := t.p.copyToMirror(uint64(r.Start), uint64(r.End-r.Start)); err != nil {
			return err
		}
	}
	return nil
}

// scattered lists where those elements are.
func scattered(in *x86.Inst, code []byte, r *ptrace.Regs, fsBase uint64, v ptrace.Vectors, before uint64) (done []shadowmem.Range) {
	const w, lengthAt = 0x80, 5 // EVEX.W and EVEX.L'L (SDM 2A, 2.7.1)
	p1, p2 := code[in.PrefixEnd+2], code[in.PrefixEnd+3]
	mask, index := int(p2&7), int(in.Mem.Index)
	if mask >= len(v.Masks) || index >= len(v.Registers) {
		return nil
	}
	size, indexSize := 4, 4
	if p1&w != 0 {
		size = 8
	}
	if in.Opcode&1 != 0 {
		indexSize = 8
	}
	base := uint64(in.Mem.Disp)
	if in.Mem.Base != x86.NoReg {
		base += *register(r, in.Mem.Base)
	}
	for i := range (16 << (p2 >> lengthAt & 3)) / max(size, indexSize) {
		if before>>i&1 == 0 || v.Masks[mask]>>i&1 != 0 {
			continue
		}
		at := v.Registers[index][i*indexSize:]
		n := int64(int32(binary.LittleEndian.Uint32(at)))
		if indexSize == 8 {
			n = int64(binary.LittleEndian.Uint64(at))
		}
		to := base + uint64(n)*uint64(in.Mem.Scale)
		if in.Addr32 {
			to &= 1<<32 - 1
		}
		if in.Mem.Seg == x86.FS {
			to += fsBase
		}
		done = append(done, shadowmem.Range{Start: nativeAddr(to), End: nativeAddr(to + uint64(size))})
	}
	return done
}
