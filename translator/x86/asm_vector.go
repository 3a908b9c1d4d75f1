package x86

// MovdquRM loads 16 bytes into xmm register x.
func (a *Asm) MovdquRM(x Reg, m Mem) { a.opRM(0xf3<<24|0x0f6f, x, m, 4, 0) }

// MovdquMR stores xmm register x.
func (a *Asm) MovdquMR(m Mem, x Reg) { a.opRM(0xf3<<24|0x0f7f, x, m, 4, 0) }

// KmovRK copies the 64 bits of mask register k to r (AVX512BW).
func (a *Asm) KmovRK(r Reg, k uint8) { a.kmov(0x93, byte(r), k) }

// KmovKR copies r to the 64 bits of mask register k (AVX512BW).
func (a *Asm) KmovKR(k uint8, r Reg) { a.kmov(0x92, k, byte(r)) }

// KmovRK16 and KmovKR16 move 16 bits (AVX512F).
func (a *Asm) KmovRK16(r Reg, k uint8) { a.kmovW(0x93, byte(r), k) }

// KmovKR16 copies the low 16 bits of r to mask register k and clears the rest of k.
func (a *Asm) KmovKR16(k uint8, r Reg) { a.kmovW(0x92, k, byte(r)) }

// kmov is VEX.L0.F2.0F.W1 op /r.
func (a *Asm) kmov(op, reg, rm byte) {
	a.Bytes(0xc4, 0xe1&^(reg>>3<<7)&^(rm>>3<<5), 0xfb, op, 0xc0|reg&7<<3|rm&7)
}

// kmovW is VEX.L0.0F.W0 op /r.
func (a *Asm) kmovW(op, reg, rm byte) {
	a.Bytes(0xc4, 0xe1&^(reg>>3<<7)&^(rm>>3<<5), 0x78, op, 0xc0|reg&7<<3|rm&7)
}

// Fxsave stores x87 and SSE state, 512 bytes at a 16-byte boundary.
func (a *Asm) Fxsave(m Mem) { a.opExtM(0x0fae, 0, m, 8, 0) }

// Fxrstor loads what Fxsave stored.
func (a *Asm) Fxrstor(m Mem) { a.opExtM(0x0fae, 1, m, 8, 0) }

// Xsave stores the components in edx:eax, at a 64-byte boundary.
func (a *Asm) Xsave(m Mem) { a.opExtM(0x0fae, 4, m, 8, 0) }

// Xrstor loads what Xsave stored.
func (a *Asm) Xrstor(m Mem) { a.opExtM(0x0fae, 5, m, 8, 0) }

// Rdfsbase reads the FS base.
func (a *Asm) Rdfsbase(r Reg) { a.opExt(0xf3<<24|0x0fae, 0, r, 8) }

// Wrfsbase sets the FS base.
func (a *Asm) Wrfsbase(r Reg) { a.opExt(0xf3<<24|0x0fae, 2, r, 8) }

// Rdgsbase reads the GS base.
func (a *Asm) Rdgsbase(r Reg) { a.opExt(0xf3<<24|0x0fae, 1, r, 8) }

// Wrgsbase sets the GS base.
func (a *Asm) Wrgsbase(r Reg) { a.opExt(0xf3<<24|0x0fae, 3, r, 8) }
