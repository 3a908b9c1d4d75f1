package seccomp

import "golang.org/x/sys/unix"

// run gives a filter's answer, and whether it looked at more than the number and the architecture. Jumps go forward only, so
// it ends.
func run(program []Instruction, d *Data) (answer uint32, looked bool) {
	var a, x uint32
	var mem [words]uint32
	for pc := 0; ; pc++ {
		in := &program[pc]
		operand := in.K
		if in.Code&sourceMask != 0 {
			operand = x
		}
		switch in.Code & classMask {
		case unix.BPF_LD:
			a, looked = load(in, d, &mem, looked)
		case unix.BPF_LDX:
			x, looked = load(in, d, &mem, looked)
		case unix.BPF_ST:
			mem[in.K] = a
		case unix.BPF_STX:
			mem[in.K] = x
		case unix.BPF_ALU:
			op := in.Code & 0xf0
			if op == unix.BPF_DIV && operand == 0 {
				return 0, looked // a filter ends with 0 then
			}
			a = compute(op, a, operand)
		case unix.BPF_JMP:
			switch {
			case in.Code&0xf0 == unix.BPF_JA:
				pc += int(in.K)
			case holds(in.Code&0xf0, a, operand):
				pc += int(in.JT)
			default:
				pc += int(in.JF)
			}
		case unix.BPF_RET:
			if in.Code&0x18 == unix.BPF_A {
				return a, looked
			}
			return in.K, looked
		case unix.BPF_MISC:
			if in.Code&0xf8 == unix.BPF_TXA {
				a = x
			} else {
				x = a
			}
		}
	}
}

func load(in *Instruction, d *Data, mem *[words]uint32, looked bool) (uint32, bool) {
	switch in.Code & 0xe0 {
	case unix.BPF_IMM:
		return in.K, looked
	case unix.BPF_MEM:
		return mem[in.K], looked
	case unix.BPF_LEN:
		return dataSize, looked
	}
	return d.word(in.K), looked || in.K >= 8
}

func compute(op uint16, a, v uint32) uint32 {
	switch op {
	case unix.BPF_ADD:
		return a + v
	case unix.BPF_SUB:
		return a - v
	case unix.BPF_MUL:
		return a * v
	case unix.BPF_DIV:
		return a / v
	case unix.BPF_AND:
		return a & v
	case unix.BPF_OR:
		return a | v
	case unix.BPF_XOR:
		return a ^ v
	case unix.BPF_LSH:
		return a << (v & 31) // what the processor makes of a longer shift
	case unix.BPF_RSH:
		return a >> (v & 31)
	}
	return -a // BPF_NEG
}

func holds(op uint16, a, v uint32) bool {
	switch op {
	case unix.BPF_JEQ:
		return a == v
	case unix.BPF_JGT:
		return a > v
	case unix.BPF_JGE:
		return a >= v
	}
	return a&v != 0 // BPF_JSET
}
