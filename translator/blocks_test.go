package translator

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"kmv/translator/x86"
)

// During a whole block, the bases point into the region, so that every operand can be made to hit it, and rbx is the
// target of the branch at the end.
const (
	bases    = 1<<x86.RBP | 1<<x86.R12 | 1<<x86.R13 | 1<<x86.R14 | 1<<x86.R15
	reserved = bases | 1<<x86.RBX
)

// TestDifferentialBlocks executes random blocks of instructions: their exits, and faults in the middle.
func TestDifferentialBlocks(t *testing.T) {
	runner := buildRunner(t)
	rng := rand.New(rand.NewPCG(*diffSeed, 2))
	n := *diffRandom
	if testing.Short() {
		n = 500
	}
	pool := blockPool(rng, n)
	for _, code := range assembleLines(t) {
		var in x86.Inst
		if x86.Decode(code, &in) == nil && inBlock(&in) {
			pool = append(pool, code)
		}
	}
	m := newCaseMaker(testConfig, rng)
	for range 5 * n {
		m.addBlock(pool)
	}
	t.Logf("%d instructions to choose from", len(pool))
	m.run(t, runner)
}

// blockPool collects random encodings that blocks can be made of.
func blockPool(rng *rand.Rand, n int) [][]byte {
	var pool [][]byte
	seen := map[encodingKey]int{}
	for len(pool) < n {
		code := randomEncoding(rng)
		var in x86.Inst
		if x86.Decode(code, &in) != nil || !executable(&in) || !inBlock(&in) || seen[keyOf(&in)] >= 5 {
			if rng.IntN(5000) == 0 {
				n--
			}
			continue
		}
		seen[keyOf(&in)]++
		pool = append(pool, code[:in.Len])
	}
	return pool
}

// inBlock says whether an instruction leaves the others of its block their addresses.
func inBlock(in *x86.Inst) bool {
	stack := in.Mnemonic == x86.OpPUSH || in.Mnemonic == x86.OpPOP && !(in.Map == 0 && in.Opcode == 0x5c)
	switch {
	case in.Flow != x86.FlowNext, in.Writes&reserved != 0, in.Writes>>x86.RSP&1 != 0 && !stack, in.Mem.VSIB,
		in.Form == x86.StringStore, in.Form == x86.MaskStore, in.Form == x86.DirectStore, in.Form == x86.BitString,
		in.Mnemonic == x86.OpWRFSBASE, in.HasMem && in.Mem.Seg == x86.FS && in.DispLen != 4:
		return false
	case in.Mnemonic == x86.OpFNSTENV, in.Mnemonic == x86.OpFNSAVE, in.Mnemonic == x86.OpFXSAVE,
		in.Mnemonic == x86.OpXSAVE, in.Mnemonic == x86.OpXSAVEC, in.Mnemonic == x86.OpXSAVEOPT:
		return false // store the address of an earlier x87 instruction, which is not native
	case in.HasMem && in.Map == 1 && in.Opcode <= 1:
		return false // emulated by the kernel, byte by byte
	case !in.HasMem:
		return true
	case in.Mem.RIP:
		return !in.Addr32
	}
	return in.Mem.Index == x86.NoReg && in.Mem.Base != x86.NoReg && bases>>in.Mem.Base&1 != 0 && !in.Addr32
}

// addBlock makes a case of several instructions and, mostly, a branch.
func (m *caseMaker) addBlock(pool [][]byte) {
	var s state
	m.place(&s)
	s.layout = 0
	l := layouts[0]
	s.pc = l.code + 1024 + m.rng.Uint64N(1024)
	s.fsbase = l.region + m.rng.Uint64N(region)&^7
	m.registers(&s)
	for r := range s.gpr {
		if bases>>r&1 != 0 {
			s.gpr[r] = l.region + 2048 + m.rng.Uint64N(region-8192)&^63
		}
	}
	for range 1 + m.rng.IntN(8) {
		m.append1(&s, pool[m.rng.IntN(len(pool))])
	}
	m.ending(&s)
	if x86.Decode(s.code, &s.in) != nil {
		panic("no block")
	}
	m.write(&s)
}

// append1 adds an instruction whose displacement, if it has room for one, makes its operand hit the region.
func (m *caseMaker) append1(s *state, code []byte) {
	code = append([]byte(nil), code...)
	var in x86.Inst
	if x86.Decode(code, &in) != nil {
		panic("pool")
	}
	if in.HasMem && in.DispLen == 4 {
		at := m.target(s, int(in.MemSize))
		if in.Mem.Seg == x86.FS {
			at -= s.fsbase
		}
		if in.Mem.RIP {
			at -= s.pc + uint64(len(s.code)+len(code))
		} else {
			at -= s.gpr[in.Mem.Base]
		}
		binary.LittleEndian.PutUint32(code[in.DispOff:], uint32(at))
	}
	m.lost(s, &in)
	s.code = append(s.code, code...)
}

// ending ends a block with one of the branches.
func (m *caseMaker) ending(s *state) {
	target := layouts[0].code + m.rng.Uint64N(900)
	rel := func(op ...byte) {
		next := s.pc + uint64(len(s.code)+len(op)+4)
		s.code = binary.LittleEndian.AppendUint32(append(s.code, op...), uint32(target-next))
	}
	switch m.rng.IntN(6) {
	case 0:
		rel(0xe9)
	case 1, 2:
		rel(0x0f, 0x80+byte(m.rng.IntN(16)))
	case 3:
		rel(0xe8)
	case 4:
		s.flags |= caseIndirect
		s.gpr[x86.RBX] = target
		s.code = append(s.code, 0xff, 0xe3) // jmp *%rbx
	}
}
