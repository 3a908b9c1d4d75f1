package seccomp

import "golang.org/x/sys/unix"

// ArchX86_64 is the architecture that all calls of 64-bit code have (linux/audit.h).
const ArchX86_64 = 0xc000003e

// Numbers is one more than the largest system call number of which a filter is asked in advance.
const Numbers = 512

// Chain is a thread's filters, or strict mode: the newest, and those before it. Nil is no filter.
type Chain struct {
	Program []Instruction // nil in strict mode
	Before  *Chain
	length  int
	judges  [Numbers / 64]uint64
}

// mostInAll bounds the instructions of a chain; each filter counts 4 more (kernel/seccomp.c, MAX_INSNS_PER_PATH).
const mostInAll = 1 << 15

// Add gives the chain with one more filter.
func (c *Chain) Add(program []Instruction) (*Chain, unix.Errno) {
	if !check(program) {
		return nil, unix.EINVAL
	}
	n := &Chain{Program: program, Before: c, length: len(program)}
	if c != nil {
		n.length += c.length + 4
		n.judges = c.judges
	}
	if n.length > mostInAll {
		return nil, unix.ENOMEM
	}
	for nr := range uint32(Numbers) {
		if answer, looked := run(program, &Data{Number: nr, Arch: ArchX86_64}); looked || action(answer) != unix.SECCOMP_RET_ALLOW {
			n.judges[nr/64] |= 1 << (nr % 64)
		}
	}
	return n, 0
}

// Strict is the mode that knows four system calls only.
func Strict() *Chain {
	c := &Chain{}
	for nr := range uint64(Numbers) {
		if !strictAllows(nr) {
			c.judges[nr/64] |= 1 << (nr % 64)
		}
	}
	return c
}

func strictAllows(nr uint64) bool {
	switch nr {
	case unix.SYS_READ, unix.SYS_WRITE, unix.SYS_EXIT, unix.SYS_RT_SIGRETURN:
		return true
	}
	return false
}

// Mode is what prctl(PR_GET_SECCOMP) answers.
func (c *Chain) Mode() int64 {
	switch {
	case c == nil:
		return unix.SECCOMP_MODE_DISABLED
	case c.Program == nil:
		return unix.SECCOMP_MODE_STRICT
	}
	return unix.SECCOMP_MODE_FILTER
}

// Count is the number of filters.
func (c *Chain) Count() (n int) {
	for ; c != nil && c.Program != nil; c = c.Before {
		n++
	}
	return n
}

// Judges says whether calls of a number have to be judged: false means that all of them are allowed.
func (c *Chain) Judges(nr uint64) bool {
	return c != nil && (nr >= Numbers || c.judges[nr/64]>>(nr%64)&1 != 0)
}

// Has says whether other is c or a chain that c was made from.
func (c *Chain) Has(other *Chain) bool {
	for ; c != nil; c = c.Before {
		if c == other {
			return true
		}
	}
	return other == nil
}

// Verdict is the answer to a system call.
type Verdict struct {
	Action uint32 // one of SECCOMP_RET_*
	Data   uint16
}

// KillStrictly is the verdict of strict mode: SIGKILL, not SIGSYS.
const KillStrictly = 1

// Judge asks all filters: of their answers the strictest counts, and of equal ones the newest filter's.
func (c *Chain) Judge(d *Data) Verdict {
	if c.Program == nil {
		if strictAllows(uint64(d.Number)) {
			return Verdict{Action: unix.SECCOMP_RET_ALLOW}
		}
		return Verdict{Action: KillStrictly}
	}
	verdict := uint32(unix.SECCOMP_RET_ALLOW)
	for f := c; f != nil; f = f.Before {
		if answer, _ := run(f.Program, d); int32(action(answer)) < int32(action(verdict)) {
			verdict = answer
		}
	}
	return Verdict{action(verdict), uint16(verdict)}
}

// action is the part of an answer that says what happens; its order as a signed number is that of strictness.
func action(answer uint32) uint32 { return answer & unix.SECCOMP_RET_ACTION_FULL }
