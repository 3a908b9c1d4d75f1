package seccomp

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onThread runs f on a thread that ends with it, filters and all.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread is thrown away
		f()
	}()
	<-done
}

// install gives the calling thread a filter.
func install(t *testing.T, program []Instruction) unix.Errno {
	filters := make([]unix.SockFilter, len(program))
	for i, in := range program {
		filters[i] = unix.SockFilter{Code: in.Code, Jt: in.JT, Jf: in.JF, K: in.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	_, _, e := unix.RawSyscall(unix.SYS_SECCOMP, 1, 0, uintptr(unsafe.Pointer(&prog)))
	return e
}

var codes = []uint16{
	unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_LD | unix.BPF_W | unix.BPF_LEN, unix.BPF_LDX | unix.BPF_W | unix.BPF_LEN, unix.BPF_LD | unix.BPF_IMM,
	unix.BPF_LDX | unix.BPF_IMM, unix.BPF_LD | unix.BPF_MEM, unix.BPF_LDX | unix.BPF_MEM, unix.BPF_ST, unix.BPF_STX, unix.BPF_MISC | unix.BPF_TAX, unix.BPF_MISC | unix.BPF_TXA,
	unix.BPF_ALU | unix.BPF_ADD, unix.BPF_ALU | unix.BPF_SUB, unix.BPF_ALU | unix.BPF_MUL, unix.BPF_ALU | unix.BPF_DIV, unix.BPF_ALU | unix.BPF_AND, unix.BPF_ALU | unix.BPF_OR,
	unix.BPF_ALU | unix.BPF_XOR, unix.BPF_ALU | unix.BPF_LSH, unix.BPF_ALU | unix.BPF_RSH, unix.BPF_ALU | unix.BPF_NEG,
	unix.BPF_JMP | unix.BPF_JA, unix.BPF_JMP | unix.BPF_JEQ, unix.BPF_JMP | unix.BPF_JGE, unix.BPF_JMP | unix.BPF_JGT, unix.BPF_JMP | unix.BPF_JSET,
}

// random is an instruction that is mostly right; rest is how many follow it.
func random(r *rand.Rand, rest int) Instruction {
	in := Instruction{Code: codes[r.IntN(len(codes))], K: uint32(r.IntN(40))}
	switch {
	case in.Code == codes[0]:
		in.K = 4 * uint32(r.IntN(16))
		if in.K == 8 || in.K == 12 { // where the call comes from is Go's
			in.K = 4
		}
	case in.Code&classMask == unix.BPF_ALU && in.Code != unix.BPF_ALU|unix.BPF_NEG || in.Code&classMask == unix.BPF_JMP && in.Code != unix.BPF_JMP|unix.BPF_JA:
		in.Code |= uint16(r.IntN(2)) * unix.BPF_X
		if r.IntN(3) == 0 {
			in.K = r.Uint32()
		}
	case in.Code == unix.BPF_JMP|unix.BPF_JA:
		in.K = uint32(r.IntN(rest + 1))
	case in.Code == unix.BPF_LD|unix.BPF_IMM || in.Code == unix.BPF_LDX|unix.BPF_IMM:
		in.K = r.Uint32() >> r.IntN(32)
	default:
		in.K = uint32(r.IntN(4))
	}
	if in.Code&classMask == unix.BPF_JMP {
		in.JT, in.JF = uint8(r.IntN(rest+1)), uint8(r.IntN(rest+1))
	}
	return in
}

// TestAsTheKernel gives the kernel and this package the same random programs: they must take the same ones, and give the same
// answers. A program speaks about lseek only, and answers with a result that can be seen: 11 bits of what it computed.
func TestAsTheKernel(t *testing.T) {
	const programs, a = 4000, unix.BPF_ALU
	r := rand.New(rand.NewPCG(1, 2))
	taken, refused := 0, 0
	for range programs {
		body := make([]Instruction, 3+r.IntN(20))
		for i := range body {
			body[i] = random(r, len(body)-i)
		}
		program := []Instruction{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, {Code: unix.BPF_JMP | unix.BPF_JEQ, JT: 1, K: unix.SYS_LSEEK}, {Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW},
		}
		program = append(append(program, body...), // all of the result, folded
			Instruction{Code: unix.BPF_MISC | unix.BPF_TAX}, Instruction{Code: a | unix.BPF_RSH | unix.BPF_K, K: 12}, Instruction{Code: a | unix.BPF_XOR | unix.BPF_X},
			Instruction{Code: a | unix.BPF_AND | unix.BPF_K, K: 0x7ff}, Instruction{Code: a | unix.BPF_OR | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO}, Instruction{Code: unix.BPF_RET | unix.BPF_A})
		chain, errno := (*Chain)(nil).Add(program)
		args := [6]uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
		onThread(func() {
			if kernel := install(t, program); kernel != errno {
				t.Errorf("%v: %v here, the kernel says %v", program, errno, kernel)
			}
			if errno != 0 {
				refused++
				return
			}
			taken++
			d := Data{Number: unix.SYS_LSEEK, Arch: ArchX86_64, Args: args}
			v := chain.Judge(&d)
			if v.Action != unix.SECCOMP_RET_ERRNO { // a division by 0: it would kill the thread, and this test with it
				return
			}
			_, _, answer := unix.RawSyscall6(unix.SYS_LSEEK, uintptr(args[0]), uintptr(args[1]), uintptr(args[2]), uintptr(args[3]), uintptr(args[4]), uintptr(args[5]))
			if unix.Errno(v.Data) != answer {
				t.Errorf("%v with %x: %+v here, errno %d of the kernel", program, args, v, answer)
			}
		})
		if t.Failed() {
			return
		}
	}
	if taken < programs/10 || refused < programs/10 {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
}

func TestEncode(t *testing.T) {
	program := []Instruction{{0x15, 1, 2, 0x12345678}, {0x06, 0, 0, 0x7fff0000}}
	b := Encode(program)
	if got := Decode(b); len(b) != 16 || got[0] != program[0] || got[1] != program[1] || binary.LittleEndian.Uint32(b[4:]) != 0x12345678 {
		t.Errorf("% x, %v", b, got)
	}
}
