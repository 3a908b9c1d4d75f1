package translator

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"kmv/translator/x86"
)

// What runner.c has in the same order.
const (
	region   = 8 * 4096
	codePage = 4096
	cacheAt  = 0x90000000

	caseSmallDwords = 1 << iota >> 3
	caseSmallQwords
	caseIndirect
	caseStringRep
	caseUnmasked
	casePrefix
	caseFreeReg
	caseModifies
)

// layouts are where native code and data of a case lie.
var layouts = [2]struct{ code, region uint64 }{
	{0x20000000, 0x10000000},
	{0x320000000, 0x310000000},
}

// oneCase is what a case was made from, for reports.
type oneCase struct {
	in   x86.Inst
	code []byte
	frag []byte
	pc   uint64
	gpr  [16]uint64
}

func (c *oneCase) describe(t *testing.T) string {
	s := fmt.Sprintf("%x at %#x\n", c.code, c.pc)
	for i, r := range c.gpr {
		s += fmt.Sprintf("%s=%#x ", regNames[i], r)
	}
	for _, part := range [][]byte{c.code, c.frag} {
		s += "\n"
		for _, line := range disassemble(t, part) {
			s += "\t" + line.text + "\n"
		}
	}
	return s
}

// caseMaker writes cases for the runner.
type caseMaker struct {
	tr    *Translator
	cfg   Config
	rng   *rand.Rand
	out   []byte
	cases []oneCase
}

func newCaseMaker(cfg Config, rng *rand.Rand) *caseMaker {
	return &caseMaker{tr: New(cfg), cfg: cfg, rng: rng}
}

// state is a case under construction.
type state struct {
	in     x86.Inst
	code   []byte
	layout int
	flags  uint32
	pc     uint64
	fsbase uint64
	gpr    [16]uint64
	poke   uint64 // 8 bytes of memory that matter
	poked  uint64
	lanes  uint32 // mask of vector lanes that are indices, or the element size of a rep string
	fixed  x86.RegSet
}

// add makes one case of an instruction (and what follows it) with a random state.
func (m *caseMaker) add(code []byte) {
	s := state{code: append([]byte(nil), code...)}
	if x86.Decode(s.code, &s.in) != nil {
		panic(fmt.Sprintf("%x does not decode", code))
	}
	m.place(&s)
	m.registers(&s)
	m.operand(&s)
	m.implicit(&s)
	m.branch(&s)
	m.write(&s)
}

// place chooses addresses.
func (m *caseMaker) place(s *state) {
	in := &s.in
	fits := !in.Addr32 && in.Mem.Base != x86.NoReg || in.Mem.RIP && !in.Addr32 || !in.HasMem && in.Enc == x86.Legacy && !in.Addr32
	if fits && m.rng.IntN(6) == 0 {
		s.layout = 1
	}
	l := layouts[s.layout]
	s.pc = l.code + 1024 + m.rng.Uint64N(1024)
	s.fsbase = l.region + m.rng.Uint64N(region)&^7
	if m.rng.IntN(4) == 0 {
		s.flags |= caseUnmasked
	}
}

func (m *caseMaker) registers(s *state) {
	for i := range s.gpr {
		switch m.rng.IntN(4) {
		case 0:
			s.gpr[i] = m.rng.Uint64N(256)
		case 1:
			s.gpr[i] = -m.rng.Uint64N(256)
		default:
			s.gpr[i] = m.rng.Uint64()
		}
	}
	s.gpr[x86.RSP] = m.target(s, 8) &^ 7
	if op := s.in.Mnemonic; op == x86.OpENTER || op == x86.OpLEAVE {
		s.gpr[x86.RBP] = m.target(s, 8)
	}
}

// target is an address in the region: mostly inside, sometimes across its end, in the read-only page behind it, or outside.
func (m *caseMaker) target(s *state, size int) uint64 {
	base := layouts[s.layout].region
	size = max(size, 8)
	at := base + 512 + m.rng.Uint64N(region-4096-1024)
	op := s.in.Mnemonic
	if op == x86.OpSLDT || op == x86.OpSTR || op == x86.OpSMSW || op == x86.OpSGDT || op == x86.OpSIDT {
		return at &^ 63 // the kernel emulates these and stores byte by byte
	}
	switch m.rng.IntN(24) {
	case 0:
		return base + region - m.rng.Uint64N(uint64(size)+1)
	case 1:
		return base + region + m.rng.Uint64N(4096)
	case 2:
		return base - m.rng.Uint64N(uint64(size)+64)
	case 3, 4:
		return at&^4095 + 4096 - m.rng.Uint64N(uint64(size)+1)
	case 5, 6, 7, 8:
		return at
	case 9, 10, 11, 12:
		return at &^ 15
	}
	return at &^ 63
}

// operand makes the explicit memory operand point to a target.
func (m *caseMaker) operand(s *state) {
	in := &s.in
	if !in.HasMem {
		return
	}
	at := m.target(s, int(in.MemSize))
	s.poke, s.poked = at, m.rng.Uint64()
	if in.Mem.Seg == x86.FS {
		at -= s.fsbase
	}
	mem := &in.Mem
	patch := func(v uint64) {
		if in.DispLen == 8 {
			binary.LittleEndian.PutUint64(s.code[in.DispOff:], v)
		} else {
			binary.LittleEndian.PutUint32(s.code[in.DispOff:], uint32(v))
		}
	}
	if in.Mnemonic == x86.OpCMPXCHG && m.rng.IntN(2) == 0 {
		s.poked = s.gpr[x86.RAX]
	}
	switch {
	case mem.RIP:
		patch(at - s.pc - uint64(in.Len))
	case mem.Base == x86.NoReg && (mem.Index == x86.NoReg || mem.VSIB):
		patch(at)
	case mem.Base == x86.NoReg:
		s.set(mem.Index, m.rng.Uint64N(1<<16)-1<<15)
		patch(at - s.gpr[mem.Index]*uint64(mem.Scale))
	case mem.Index == mem.Base && !mem.VSIB:
		s.set(mem.Base, (at-uint64(mem.Disp))/(1+uint64(mem.Scale)))
	case mem.Index != x86.NoReg && !mem.VSIB:
		if mem.Index == x86.RAX || s.fixed>>mem.Index&1 == 0 {
			s.set(mem.Index, m.rng.Uint64()>>m.rng.Uint64N(60))
		}
		s.set(mem.Base, at-uint64(mem.Disp)-s.gpr[mem.Index]*uint64(mem.Scale))
	default:
		s.set(mem.Base, at-uint64(mem.Disp))
	}
	if in.Addr32 {
		for _, r := range []x86.Reg{mem.Base, mem.Index} {
			if r != x86.NoReg && !mem.VSIB {
				s.gpr[r] = s.gpr[r]&0xffffffff | m.rng.Uint64()<<32
			}
		}
	}
	if mem.VSIB {
		s.lanes = 0x1ff
		s.flags |= caseSmallDwords
		if qwordIndex(in) {
			s.flags = s.flags&^caseSmallDwords | caseSmallQwords
		}
	}
	if in.Form == x86.BitString || in.Mnemonic == x86.OpBT {
		m.bitNumber(s)
	}
}

// qwordIndex says whether a gather or scatter has 64-bit indices: the odd opcodes 91, 93, a1, a3, c7.
func qwordIndex(in *x86.Inst) bool { return in.Opcode&1 != 0 && in.Opcode != 0xc7 || in.Opcode == 0xc7 }

// bitNumber keeps most bit numbers near.
func (m *caseMaker) bitNumber(s *state) {
	r := modReg(&s.in)
	if s.fixed>>r&1 != 0 || m.rng.IntN(10) == 0 || !s.in.HasModRM || s.in.ImmLen > 0 {
		return
	}
	v := uint64(m.rng.Int64N(4096*8) - 2048*8)
	if s.in.OpSize == 4 {
		v = v&0xffffffff | m.rng.Uint64()<<32
	}
	s.gpr[r] = v
}

func (s *state) set(r x86.Reg, v uint64) {
	s.gpr[r] = v
	s.fixed |= 1 << r
}

// implicit prepares the registers that instructions without ModRM address memory by.
func (m *caseMaker) implicit(s *state) {
	in := &s.in
	seg := uint64(0)
	if in.Mem.Seg == x86.FS {
		seg = s.fsbase
	}
	high := func(r x86.Reg) {
		if in.Addr32 {
			s.gpr[r] = s.gpr[r]&0xffffffff | m.rng.Uint64()<<32
		}
	}
	switch op := in.Opcode; {
	case in.Enc == x86.Legacy && in.Map == 0 && (op >= 0xa4 && op <= 0xa7 || op >= 0xaa && op <= 0xaf):
		s.gpr[x86.RDI] = m.target(s, 8)
		s.gpr[x86.RSI] = m.target(s, 8) - seg
		if m.rng.IntN(4) == 0 {
			s.gpr[x86.RSI] = s.gpr[x86.RDI] - seg + m.rng.Uint64N(32) - 16
		}
		high(x86.RDI)
		high(x86.RSI)
		if in.Rep || in.Repne {
			s.gpr[x86.RCX] = m.rng.Uint64N(1 << m.rng.Uint64N(8))
			high(x86.RCX)
			s.flags |= caseStringRep
			s.lanes = uint32(in.OpSize)
		}
	case in.Enc == x86.Legacy && in.Map == 0 && op == 0xd7:
		s.gpr[x86.RBX] = m.target(s, 256) - seg
		high(x86.RBX)
	case in.Form == x86.MaskStore:
		s.gpr[x86.RDI] = m.target(s, 16) - seg
		high(x86.RDI)
	case in.Form == x86.DirectStore:
		s.gpr[modReg(in)] = m.target(s, 64) &^ 63
	case in.Mnemonic == x86.OpWRFSBASE:
		s.gpr[modRM(in)] &= 1<<46 - 1
	case in.Mnemonic == x86.OpPOPF:
		s.poke, s.poked = s.gpr[x86.RSP], m.rng.Uint64()&0xcd5
	}
}

// branch gives control transfers a target in the code page, seldom one without code.
func (m *caseMaker) branch(s *state) {
	in := &s.in
	page := layouts[s.layout].code
	target := page + m.rng.Uint64N(900)
	switch in.Flow {
	case x86.FlowJmp, x86.FlowJcc, x86.FlowLoop, x86.FlowCall:
		next := s.pc + uint64(in.Len)
		if in.ImmLen == 1 {
			rel := []int{16 + m.rng.IntN(100), -16 - m.rng.IntN(100)}[m.rng.IntN(2)]
			s.code[in.ImmOff] = byte(rel)
		} else {
			binary.LittleEndian.PutUint32(s.code[in.ImmOff:], uint32(target-next))
		}
		if in.Flow == x86.FlowLoop && m.rng.IntN(2) == 0 {
			s.gpr[x86.RCX] = m.rng.Uint64N(2)
			if in.Addr32 {
				s.gpr[x86.RCX] |= m.rng.Uint64() << 32
			}
		}
		return
	case x86.FlowRet:
		s.poke = s.gpr[x86.RSP]
	case x86.FlowJmpInd, x86.FlowCallInd:
		if !in.HasMem {
			s.flags |= caseIndirect
			if r := modRM(in); r != x86.RSP {
				s.gpr[r] = m.wild(target)
			}
			return
		}
	default:
		return
	}
	s.flags |= caseIndirect
	s.poked = m.wild(target)
}

// wild makes some targets ones that have no code.
func (m *caseMaker) wild(target uint64) uint64 {
	switch m.rng.IntN(12) {
	case 0:
		return 0x7e0000001000 + m.rng.Uint64N(4096)
	case 1:
		return 0x33330000 + m.rng.Uint64N(4096)
	}
	return target
}

// write translates and appends the case. A stop that native execution does not match is left out.
func (m *caseMaker) write(s *state) {
	var f Fragment
	pad := uint32(m.rng.IntN(8))
	cfg := m.cfg
	cfg.MaxInsts = 16
	m.tr.cfg = cfg
	if err := m.tr.Block(s.code, s.pc, pad, nil, &f); err != nil {
		panic(err)
	}
	for _, e := range f.Exits {
		if e.Kind == ExitStop && e.Stop == StopUnsupported {
			return
		}
	}
	m.lost(s, &s.in)
	entry := pad + f.Prefix
	if m.rng.IntN(3) == 0 {
		entry = pad
		s.flags |= casePrefix
	}
	cache, stubs := link(&f, pad)
	c := oneCase{in: s.in, code: s.code, frag: append([]byte(nil), f.Code[f.Prefix:]...), pc: s.pc, gpr: s.gpr}
	id := len(m.cases)
	m.cases = append(m.cases, c)
	m.append(s, &f, id, pad, entry, cache, stubs)
}

// lost notes the register that a faulting FS load does not preserve, and whether a fault may show the flags of modify.
func (m *caseMaker) lost(s *state, in *x86.Inst) {
	m.tr.in = in
	if m.tr.modifiable(in) && in.Form == x86.ReadModify && !in.Atomic() {
		s.flags |= caseModifies
	}
	if r := m.tr.overwritten(); in.HasMem && r != x86.NoReg {
		s.flags |= caseFreeReg
		s.lanes |= 1 << r
	}
}

// link places the exits' stubs, int3s, behind the code.
func link(f *Fragment, pad uint32) (cache []byte, stubs []uint32) {
	cache = make([]byte, pad, 1024)
	cache = append(cache, f.Code...)
	cache = append(cache, 0xcc)
	for _, e := range f.Exits {
		if e.Kind == ExitFall {
			stubs = append(stubs, pad+uint32(len(f.Code)))
			continue
		}
		at := uint32(len(cache))
		site := pad + e.Off
		binary.LittleEndian.PutUint32(cache[site:], at-(site+4))
		cache = append(cache, 0xcc)
		stubs = append(stubs, at)
	}
	return cache, stubs
}

// append writes struct test of runner.c.
func (m *caseMaker) append(s *state, f *Fragment, id int, pad, entry uint32, cache []byte, stubs []uint32) {
	le := binary.LittleEndian
	start := len(m.out)
	b := m.out
	for _, v := range []uint32{0, s.flags, uint32(s.layout), uint32(id)} {
		b = le.AppendUint32(b, v)
	}
	rflags := m.rng.Uint64()&0x8d5 | 0x202 | m.rng.Uint64()&m.rng.Uint64()&0x400
	for _, v := range []uint64{s.pc, s.fsbase, rflags, m.rng.Uint64()} {
		b = le.AppendUint64(b, v)
	}
	for _, v := range s.gpr {
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint64(le.AppendUint64(b, s.poke), s.poked)
	for _, v := range []uint32{uint32(len(s.code)), uint32(len(cache)), uint32(len(f.Exits)), uint32(len(f.Points)), entry, s.lanes} {
		b = le.AppendUint32(b, v)
	}
	for i, e := range f.Exits {
		b = le.AppendUint64(le.AppendUint64(b, cacheAt+uint64(stubs[i])), e.Target)
	}
	for _, p := range f.Points {
		for _, v := range []uint32{p.Off + pad, uint32(p.State), uint32(p.N), uint32(p.Role)} {
			b = le.AppendUint32(b, v)
		}
		b = le.AppendUint64(b, p.PC)
		for _, r := range p.Restore {
			for _, v := range []int32{int32(r.Reg), r.Slot, r.Add} {
				b = le.AppendUint32(b, uint32(v))
			}
		}
	}
	b = append(append(b, s.code...), cache...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	le.PutUint32(b[start:], uint32(len(b)-start))
	m.out = b
}

// executable says whether an instruction may be executed here and gives the same twice.
func executable(in *x86.Inst) bool {
	switch in.Flow {
	case x86.FlowSyscall, x86.FlowInt, x86.FlowFar, x86.FlowXbegin, x86.FlowPrivileged:
		return false
	}
	switch in.Mnemonic {
	case x86.OpRDTSC, x86.OpRDTSCP, x86.OpRDPMC, x86.OpRDRAND, x86.OpRDSEED, x86.OpRDPRU, x86.OpRDPID, x86.OpCPUID,
		x86.OpUMWAIT, x86.OpTPAUSE, x86.OpMWAITX, x86.OpMONITORX, x86.OpUMONITOR, x86.OpWRPKRU, x86.OpXRSTOR, x86.OpFXRSTOR,
		x86.OpRDGSBASE, x86.OpWRGSBASE, x86.OpCLZERO, x86.OpSTUI, x86.OpCLUI, x86.OpTESTUI, x86.OpFRSTOR, x86.OpFLDENV:
		return false
	}
	switch {
	case in.Enc == x86.Legacy && in.Map == 0 && in.Opcode == 0x8e:
		return false // loads a segment register
	case in.Lock && in.Flow == x86.FlowUndefined && in.Map == 1 && in.Opcode == 0:
		return false // lock verw does not raise #UD everywhere
	case in.Map == 1 && in.Opcode <= 1 && (in.Addr32 || in.Mem.Seg == x86.FS):
		return false // the kernel emulates sldt and its like, and does not understand all prefixes
	}
	return in.SegWrite == x86.NoSeg || in.Mnemonic == x86.OpWRFSBASE
}

// randomEncoding makes bytes that often decode.
func randomEncoding(rng *rand.Rand) []byte {
	var b []byte
	for _, p := range []byte{0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x64} {
		if rng.IntN(6) == 0 {
			b = append(b, p)
		}
	}
	rnd := func() byte { return byte(rng.Uint32()) }
	switch rng.IntN(8) {
	case 0:
		b = append(b, 0xc5, rnd())
	case 1:
		b = append(b, 0xc4, rnd()&0xe0|1+byte(rng.IntN(3)), rnd())
	case 2, 3:
		b = append(b, 0x62, rnd()&0xf0|byte(1+rng.IntN(6)), rnd()|4, rnd())
		if rng.IntN(2) == 0 {
			b[len(b)-2] |= 0x78 // no vvvv
		}
	default:
		if rng.IntN(2) == 0 {
			b = append(b, 0x40|rnd()&15)
		}
		switch rng.IntN(5) {
		case 0, 1:
			b = append(b, 0x0f)
		case 2:
			b = append(b, 0x0f, 0x38)
		}
	}
	b = append(b, rnd(), rnd()&^byte(rng.IntN(4)>>1<<7), rnd())
	for len(b) < 24 {
		b = append(b, rnd())
	}
	return b
}
