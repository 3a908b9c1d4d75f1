package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/seccomp"
)

// giveFilters installs a thread's filters in the kernel, oldest first: it has just executed a program that is not translated,
// so nobody else will judge its calls.
func (e *engine) giveFilters(t *thread) error {
	if t.filters == nil {
		return nil
	}
	if err := ptrace.Syscall(t.tid, 0); err != nil {
		return err
	}
	if _, err := ptrace.WaitFor(t.tid); err != nil { // execve's own end
		return err
	}
	mem, err := ptrace.OpenMemory(t.pid)
	if err != nil {
		return err
	}
	defer mem.Close()
	b := &borrowed{t: t, mem: mem}
	if err := ptrace.GetRegs(t.tid, &b.regs); err != nil {
		return err
	}
	err = b.installAll(t.filters)
	return errors.Join(err, ptrace.SetRegs(t.tid, &b.regs))
}

// borrowed is a fresh program in front of its first instruction, of which kmv has mapped nothing.
type borrowed struct {
	t    *thread
	mem  *ptrace.Memory
	regs ptrace.Regs
}

func (b *borrowed) installAll(c *seccomp.Chain) error {
	if c == nil {
		return nil
	}
	if err := b.installAll(c.Before); err != nil {
		return err
	}
	code, nr, wide := []byte{0x0f, 0x05, int3}, uint64(unix.SYS_SECCOMP), true // syscall
	if b.regs.Cs != userCode64 {
		code, nr, wide = []byte{0xcd, 0x80, int3}, 354, false // int $0x80, and its number there (asm/unistd_32.h)
	}
	op, at := uint64(setModeStrict), uint64(0)
	if c.Program != nil {
		op = setModeFilter
		program := seccomp.Encode(c.Program)
		list := b.regs.Rsp&^15 - uint64(len(program)) - 1024
		at = list - 16
		head := binary.LittleEndian.AppendUint64(nil, uint64(len(c.Program)))
		if !wide {
			head = binary.LittleEndian.AppendUint32(nil, uint32(len(c.Program)))
		}
		head = binary.LittleEndian.AppendUint64(head, list)
		if err := errors.Join(b.mem.Write(at, head), b.mem.Write(list, program)); err != nil {
			return err
		}
	}
	r := b.regs
	r.Rax, r.Orig_rax = nr, noSyscall
	r.Rdi, r.Rsi, r.Rdx = op, 0, at
	r.Rbx, r.Rcx = op, 0
	var saved [3]byte
	err := b.mem.Read(r.Rip, saved[:])
	if err == nil {
		err = errors.Join(b.mem.Write(r.Rip, code), ptrace.SetRegs(b.t.tid, &r))
	}
	if err == nil {
		err = b.t.runTo(r.Rip + 3)
	}
	if err == nil {
		err = errors.Join(ptrace.GetRegs(b.t.tid, &r), b.mem.Write(b.regs.Rip, saved[:]))
	}
	if ret := int64(r.Rax); err == nil && int32(ret) != 0 {
		err = fmt.Errorf("the kernel does not take a filter: %w", unix.Errno(-int32(ret)))
	}
	return err
}
