// Package seccomp judges system calls by the filters that a program has installed, as the kernel would (seccomp(2)).
//
// A filter is a program of the classic BPF machine: an accumulator, an index register and 16 words. The engine judges in the
// kernel's place, because the kernel would judge kmv's calls in the program's thread too, and with kmv's addresses.
// The package is pure; a Filter does not change once it is made, so threads share it.
//
//	seccomp(SET_MODE_FILTER) --> New: checked, and asked once for every number   --> Chain, newest first
//	system call --> Chain.Judge: the strictest answer of all filters             --> what the engine does
package seccomp

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Data is what a filter sees of a system call (linux/seccomp.h, struct seccomp_data).
type Data struct {
	Number uint32
	Arch   uint32
	IP     uint64
	Args   [6]uint64
}

// dataSize is the size of the structure, which is what a load of the length gives.
const dataSize = 64

// word is the 32-bit word at a multiple of 4 below dataSize.
func (d *Data) word(at uint32) uint32 {
	half := func(v uint64) uint32 { return uint32(v >> (at & 4 * 8)) }
	switch {
	case at == 0:
		return d.Number
	case at == 4:
		return d.Arch
	case at < 16:
		return half(d.IP)
	}
	return half(d.Args[(at-16)/8])
}

// Instruction is one of a filter's (linux/filter.h, struct sock_filter).
type Instruction struct {
	Code   uint16
	JT, JF uint8
	K      uint32
}

// InstructionSize is the size of that structure, and Most how many a filter may have.
const (
	InstructionSize = 8
	Most            = 4096
)

// Decode reads a filter's instructions.
func Decode(b []byte) []Instruction {
	program := make([]Instruction, len(b)/InstructionSize)
	for i := range program {
		at := b[i*InstructionSize:]
		program[i] = Instruction{binary.LittleEndian.Uint16(at), at[2], at[3], binary.LittleEndian.Uint32(at[4:])}
	}
	return program
}

// Encode is the inverse.
func Encode(program []Instruction) (b []byte) {
	for _, in := range program {
		b = binary.LittleEndian.AppendUint16(b, in.Code)
		b = binary.LittleEndian.AppendUint32(append(b, in.JT, in.JF), in.K)
	}
	return b
}

// Words of an instruction's code that linux/bpf_common.h has and x/sys has not.
const (
	classMask, sourceMask = 0x07, unix.BPF_X
	words                 = unix.BPF_MEMWORDS
)

// check says whether the kernel would take a program: seccomp's instructions only, jumps inside, a return at the end, and no
// word of memory read that may not have been written (kernel/seccomp.c and net/core/filter.c).
func check(program []Instruction) bool {
	if len(program) == 0 || len(program) > Most {
		return false
	}
	written := make([]uint16, len(program)+1) // words that are written on each way to an instruction
	for i := range written {
		written[i] = ^uint16(0)
	}
	have := uint16(0)
	for i, in := range program {
		have &= written[i]
		rest := uint32(len(program) - i - 1)
		flow := func(offset uint32) bool {
			ok := offset < rest
			if ok {
				written[i+1+int(offset)] &= have
			}
			return ok
		}
		switch ok, memory := allowed(in); {
		case !ok:
			return false
		case memory && in.K >= words:
			return false
		}
		switch in.Code & classMask {
		case unix.BPF_ST, unix.BPF_STX:
			have |= 1 << in.K
		case unix.BPF_LD, unix.BPF_LDX:
			if in.Code&0xe0 == unix.BPF_MEM && have>>in.K&1 == 0 {
				return false
			}
		case unix.BPF_JMP:
			if in.Code&0xf0 == unix.BPF_JA {
				if !flow(in.K) {
					return false
				}
			} else if !flow(uint32(in.JT)) || !flow(uint32(in.JF)) {
				return false
			}
			have = ^uint16(0)
		}
	}
	return program[len(program)-1].Code&classMask == unix.BPF_RET
}

// allowed says whether an instruction is one of seccomp's, and whether K names a word of memory.
func allowed(in Instruction) (ok, memory bool) {
	switch in.Code {
	case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
		return in.K < dataSize && in.K&3 == 0, false
	case unix.BPF_LD | unix.BPF_MEM, unix.BPF_LDX | unix.BPF_MEM, unix.BPF_ST, unix.BPF_STX:
		return true, true
	case unix.BPF_LD | unix.BPF_W | unix.BPF_LEN, unix.BPF_LDX | unix.BPF_W | unix.BPF_LEN, unix.BPF_LD | unix.BPF_IMM, unix.BPF_LDX | unix.BPF_IMM,
		unix.BPF_RET | unix.BPF_K, unix.BPF_RET | unix.BPF_A, unix.BPF_MISC | unix.BPF_TAX, unix.BPF_MISC | unix.BPF_TXA, unix.BPF_ALU | unix.BPF_NEG,
		unix.BPF_JMP | unix.BPF_JA:
		return true, false
	case unix.BPF_ALU | unix.BPF_DIV | unix.BPF_K:
		return in.K != 0, false
	case unix.BPF_ALU | unix.BPF_LSH | unix.BPF_K, unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K:
		return in.K < 32, false
	}
	switch in.Code &^ sourceMask {
	case unix.BPF_ALU | unix.BPF_ADD, unix.BPF_ALU | unix.BPF_SUB, unix.BPF_ALU | unix.BPF_MUL, unix.BPF_ALU | unix.BPF_DIV, unix.BPF_ALU | unix.BPF_AND,
		unix.BPF_ALU | unix.BPF_OR, unix.BPF_ALU | unix.BPF_XOR, unix.BPF_ALU | unix.BPF_LSH, unix.BPF_ALU | unix.BPF_RSH,
		unix.BPF_JMP | unix.BPF_JEQ, unix.BPF_JMP | unix.BPF_JGE, unix.BPF_JMP | unix.BPF_JGT, unix.BPF_JMP | unix.BPF_JSET:
		return true, false
	}
	return false, false
}
