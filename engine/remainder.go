package engine

import (
	"golang.org/x/sys/unix"

	"kmv/engine/syscalls"
)

// A stop of the engine's own ends a call that sleeps. The kernel restarts it, unless it has moved a part of its bytes: then it
// returns short, as after a signal with a handler, and many programs do not expect that. So the rest is moved, and the
// program sees one call.

// remainder is a call that was cut short.
type remainder struct {
	nr    uint64
	args  [6]uint64
	done  uint64 // bytes
	total uint64
	asked uint64 // of the call under way
	next  uint64 // native address behind the call
}

// lengthArg is which argument has the number of bytes of a call that moves all of them, if it may sleep.
var lengthArg = map[uint64]int{unix.SYS_WRITE: 2, unix.SYS_SENDTO: 2, unix.SYS_RECVFROM: 2, unix.SYS_SENDFILE: 3}

// cut is the remainder of a call that has returned ret, nil if there is none.
func (t *thread) cut(nr uint64, args [6]uint64, ret int64, next uint64) *remainder {
	if ret <= 0 {
		return nil
	}
	r := &remainder{nr: nr, args: args, done: uint64(ret), next: next}
	switch arg, plain := lengthArg[nr]; {
	case nr == unix.SYS_SENDTO && args[3]&unix.MSG_DONTWAIT != 0:
	case nr == unix.SYS_RECVFROM && args[3]&(unix.MSG_WAITALL|unix.MSG_DONTWAIT|unix.MSG_PEEK) != unix.MSG_WAITALL:
	case plain:
		r.total = args[arg]
	case nr == unix.SYS_WRITEV, nr == unix.SYS_SENDMSG && args[2]&unix.MSG_DONTWAIT == 0:
		for _, piece := range r.pieces(t.p) {
			r.total += piece.Len
		}
	}
	if r.done >= r.total {
		return nil
	}
	return r
}

// pieces are what a call reads.
func (r *remainder) pieces(p *process) []syscalls.Range {
	mem := nativeMemory{p}
	return syscalls.Plan(r.nr, r.args, mem).Reads(mem)
}

// step is the call that moves the next bytes, and how many.
func (r *remainder) step(p *process) (nr uint64, args [6]uint64, n uint64) {
	nr, args, n = r.nr, r.args, r.total-r.done
	if arg, plain := lengthArg[nr]; plain {
		if args[arg] = n; nr != unix.SYS_SENDFILE { // which keeps its own position
			args[1] += r.done
		}
		return nr, args, n
	}
	skip := r.done
	for _, piece := range r.pieces(p) {
		if skip < piece.Len {
			args, n = [6]uint64{args[0], piece.Addr + skip, piece.Len - skip, args[2]}, piece.Len-skip
			break
		}
		skip -= piece.Len
	}
	if nr == unix.SYS_WRITEV {
		return unix.SYS_WRITE, args, n
	}
	return unix.SYS_SENDTO, args, n
}

// moveRest goes on with a call that was cut short.
func (e *engine) moveRest(t *thread, r *remainder) error {
	nr, args, n := r.step(t.p)
	g := &t.regs
	g.Rax, g.Rcx = nr, r.next
	g.Rdi, g.Rsi, g.Rdx, g.R10, g.R8, g.R9 = args[0], args[1], args[2], args[3], args[4], args[5]
	r.asked = n
	err := e.pass(t, nil)
	if t.call != nil {
		t.call.nr, t.call.args, t.call.rest = r.nr, r.args, r
	}
	return err
}

// left is what is still to be moved behind a call that returned ret, nil if nothing is; else what the program is told.
func (c *pending) left(t *thread, ret int64) (*remainder, int64) {
	r, moved := c.rest, uint64(max(ret, 0))
	switch {
	case r == nil && c.wasCut:
		return t.cut(c.nr, c.args, ret, c.next), ret
	case r == nil:
		return nil, ret
	}
	if r.done += moved; r.done < r.total && moved > 0 && (moved == r.asked || c.wasCut) {
		return r, 0
	}
	return nil, int64(r.done)
}

// leaveRest ends a call of which only a part will have been moved: a handler is to run, as behind any call that is cut short.
func (e *engine) leaveRest(t *thread, c *pending, ret int64) error {
	t.call = nil
	c.putBack(&t.regs)
	t.regs.Rax, t.regs.Rip, t.regs.R11, t.regs.Orig_rax = c.rest.done+uint64(max(ret, 0)), c.next, t.regs.Eflags, noSyscall
	return e.mirrorWrites(t, c, ret)
}
