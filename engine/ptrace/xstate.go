package ptrace

import (
	"encoding/binary"
	"sync"
)

// CPUID executes the instruction on the processor that the caller happens to run on (SDM 2A, CPUID).
func CPUID(leaf, sub uint32) (eax, ebx, ecx, edx uint32)

// Components of the XSAVE area (SDM 1, 13.1).
const (
	compAVX    = 2
	compMask   = 5 // k0 to k7
	compZMM    = 6 // upper halves of zmm0 to zmm15
	compHigher = 7 // zmm16 to zmm31
)

// component is where a part of the state lies in the standard format (SDM 1, 13.4.2; cpuid leaf 0xd).
type component struct{ off, size int }

var components = sync.OnceValue(func() (list [8]component) {
	for i := 2; i < len(list); i++ {
		size, off, _, _ := CPUID(0xd, uint32(i))
		list[i] = component{int(off), int(size)}
	}
	return list
})

// Vectors are the vector registers of a thread, each as wide as the processor has them: 16, 32 or 64 bytes, 16 or 32 of
// them; the mask registers, if it has any; and MXCSR.
type Vectors struct {
	Registers [][]byte
	Masks     []uint64
	MXCSR     uint32
}

// xstateMost is more than any processor's state (AMX included) takes.
const xstateMost = 16 << 10

// GetVectors reads the vector registers of a stopped thread.
func GetVectors(tid int) (Vectors, error) {
	buf := make([]byte, xstateMost)
	n, err := Xstate(tid, buf)
	if err != nil {
		return Vectors{}, err
	}
	return splitXstate(buf[:n]), nil
}

// splitXstate takes an XSAVE area in the standard format apart. A component that the kernel does not save has no bytes.
func splitXstate(b []byte) Vectors {
	const mxcsr, xmm, legacy = 24, 160, 512
	if len(b) < legacy {
		return Vectors{}
	}
	const features = 464 // xcr0, which the kernel puts into the software part
	have := binary.LittleEndian.Uint64(b[features:])
	part := func(i int) []byte {
		c := components()[i]
		if have>>i&1 == 0 || c.size == 0 || c.off+c.size > len(b) {
			return nil
		}
		return b[c.off:][:c.size]
	}
	v := Vectors{MXCSR: binary.LittleEndian.Uint32(b[mxcsr:])}
	high, upper := part(compAVX), part(compZMM)
	for i := range 16 {
		r := append([]byte(nil), b[xmm+16*i:][:16]...)
		if high != nil {
			r = append(r, high[16*i:][:16]...)
		}
		if upper != nil {
			r = append(r, upper[32*i:][:32]...)
		}
		v.Registers = append(v.Registers, r)
	}
	if more := part(compHigher); more != nil {
		for i := range 16 {
			v.Registers = append(v.Registers, append([]byte(nil), more[64*i:][:64]...))
		}
	}
	if masks := part(compMask); masks != nil {
		for i := range 8 {
			v.Masks = append(v.Masks, binary.LittleEndian.Uint64(masks[8*i:]))
		}
	}
	return v
}
