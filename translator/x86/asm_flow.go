package x86

// Cond is a condition code, in encoding order.
type Cond uint8

// The conditions.
const (
	CondO Cond = iota
	CondNO
	CondB
	CondAE
	CondE
	CondNE
	CondBE
	CondA
	CondS
	CondNS
	CondP
	CondNP
	CondL
	CondGE
	CondLE
	CondG
)

// rel appends a rel32 that Link fills in.
func (a *Asm) rel(l Label) {
	at := int32(len(a.Buf))
	a.fixups = append(a.fixups, fixup{l, at, at + 4, false})
	a.Imm32(0)
}

// relShort appends a rel8 that Link fills in.
func (a *Asm) relShort(l Label) {
	at := int32(len(a.Buf))
	a.fixups = append(a.fixups, fixup{l, at, at + 1, true})
	a.Imm8(0)
}

// Jmp jumps to l.
func (a *Asm) Jmp(l Label) {
	a.Bytes(0xe9)
	a.rel(l)
}

// JmpShort jumps to l, which must be near.
func (a *Asm) JmpShort(l Label) {
	a.Bytes(0xeb)
	a.relShort(l)
}

// Jcc jumps to l if c holds.
func (a *Asm) Jcc(c Cond, l Label) {
	a.Bytes(0x0f, 0x80|byte(c))
	a.rel(l)
}

// JccShort jumps to l, which must be near, if c holds.
func (a *Asm) JccShort(c Cond, l Label) {
	a.Bytes(0x70 | byte(c))
	a.relShort(l)
}

// Jrcxz jumps to l, which must be near, if rcx is 0. It reads and changes no flag.
func (a *Asm) Jrcxz(l Label) {
	a.Bytes(0xe3)
	a.relShort(l)
}

// LoopShort jumps to l, which must be near; op is E0 loopne, E1 loope, E2 loop or E3 jrcxz.
func (a *Asm) LoopShort(op byte, l Label) {
	a.Bytes(op)
	a.relShort(l)
}

// Call calls l.
func (a *Asm) Call(l Label) {
	a.Bytes(0xe8)
	a.rel(l)
}

// JmpRel and its siblings append a branch whose rel32 somebody else fills in; they return the offset of the rel32.
func (a *Asm) JmpRel() int {
	a.Bytes(0xe9, 0, 0, 0, 0)
	return len(a.Buf) - 4
}

// JccRel is a conditional JmpRel.
func (a *Asm) JccRel(c Cond) int {
	a.Bytes(0x0f, 0x80|byte(c), 0, 0, 0, 0)
	return len(a.Buf) - 4
}

// JmpR jumps to the address in r.
func (a *Asm) JmpR(r Reg) { a.branch(4, r) }

// CallR calls the address in r.
func (a *Asm) CallR(r Reg) { a.branch(2, r) }

// branch is an indirect branch of group 5; its operand size is 8 without REX.W.
func (a *Asm) branch(ext byte, r Reg) { a.opExt(0xff, ext, r, 4) }

// JmpM jumps to the address stored at m.
func (a *Asm) JmpM(m Mem) { a.opExtM(0xff, 4, m, 4, 0) }

// CallM calls the address stored at m.
func (a *Asm) CallM(m Mem) { a.opExtM(0xff, 2, m, 4, 0) }

// Ret returns.
func (a *Asm) Ret() { a.Bytes(0xc3) }

// PushR pushes r.
func (a *Asm) PushR(r Reg) { a.headReg(0x50, r, 4) }

// PopR pops into r.
func (a *Asm) PopR(r Reg) { a.headReg(0x58, r, 4) }

// PushM pushes 8 bytes from m.
func (a *Asm) PushM(m Mem) { a.opExtM(0xff, 6, m, 4, 0) }

// PopM pops 8 bytes into m.
func (a *Asm) PopM(m Mem) { a.opExtM(0x8f, 0, m, 4, 0) }

// PushI pushes v sign-extended from 32 bits.
func (a *Asm) PushI(v int64) {
	a.Bytes(0x68)
	a.Imm32(v)
}

// Pushfq pushes RFLAGS.
func (a *Asm) Pushfq() { a.Bytes(0x9c) }

// Popfq pops RFLAGS.
func (a *Asm) Popfq() { a.Bytes(0x9d) }

// Lahf puts SF, ZF, AF, PF and CF into ah.
func (a *Asm) Lahf() { a.Bytes(0x9f) }

// Sahf takes SF, ZF, AF, PF and CF from ah.
func (a *Asm) Sahf() { a.Bytes(0x9e) }

// Setcc stores c into the low byte of r.
func (a *Asm) Setcc(c Cond, r Reg) { a.opExt(0x0f90|opcode(c), 0, r, 1) }

// Cmov moves src to dst if c holds.
func (a *Asm) Cmov(c Cond, dst, src Reg, size int) { a.opRR(0x0f40|opcode(c), dst, src, size) }

// Cld clears DF: string instructions go up.
func (a *Asm) Cld() { a.Bytes(0xfc) }

// Std sets DF: string instructions go down.
func (a *Asm) Std() { a.Bytes(0xfd) }

// RepMovs copies rcx elements from (rsi) to (rdi).
func (a *Asm) RepMovs(size int) { a.repString(0xa4, size) }

// RepStos stores rcx elements from rax to (rdi).
func (a *Asm) RepStos(size int) { a.repString(0xaa, size) }

// RepeCmps compares while equal.
func (a *Asm) RepeCmps(size int) { a.repString(0xa6, size) }

// String appends a string instruction (A4 movsb, A5 movs, AA stosb, AB stos ...) without rep.
func (a *Asm) String(op byte, size int) { a.head(NoSeg, opcode(op), size, 0) }

func (a *Asm) repString(op opcode, size int) { a.head(NoSeg, wide(op, size)|0xf3<<24, size, 0) }

// Syscall enters the kernel; it changes rcx, r11 and rax.
func (a *Asm) Syscall() { a.Bytes(0x0f, 0x05) }

// Int3 is the breakpoint.
func (a *Asm) Int3() { a.Bytes(0xcc) }

// UD2 raises #UD.
func (a *Asm) UD2() { a.Bytes(0x0f, 0x0b) }

// Cpuid changes eax, ebx, ecx and edx.
func (a *Asm) Cpuid() { a.Bytes(0x0f, 0xa2) }

// Mfence orders all memory accesses.
func (a *Asm) Mfence() { a.Bytes(0x0f, 0xae, 0xf0) }

// Pause is for spinning.
func (a *Asm) Pause() { a.Bytes(0xf3, 0x90) }

// nops are the recommended forms (SDM 2B, NOP), by length.
var nops = [...]string{
	"",
	"\x90",
	"\x66\x90",
	"\x0f\x1f\x00",
	"\x0f\x1f\x40\x00",
	"\x0f\x1f\x44\x00\x00",
	"\x66\x0f\x1f\x44\x00\x00",
	"\x0f\x1f\x80\x00\x00\x00\x00",
	"\x0f\x1f\x84\x00\x00\x00\x00\x00",
	"\x66\x0f\x1f\x84\x00\x00\x00\x00\x00",
}

// Nop appends n bytes that do nothing, in as few instructions as possible.
func (a *Asm) Nop(n int) {
	for n > 0 {
		k := min(n, len(nops)-1)
		a.Buf = append(a.Buf, nops[k]...)
		n -= k
	}
}
