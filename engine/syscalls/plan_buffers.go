package syscalls

import "golang.org/x/sys/unix"

// Planners of calls that write one or several buffers.

// maxVectors is UIO_MAXIOV: with more the kernel refuses.
const maxVectors = 1024

// vectorsAt plans a call that fills the struct iovec array at argument i, whose length is the next argument.
func vectorsAt(i int) planner {
	return func(p *Pending, args [6]uint64, mem reader) {
		p.vectors = mem.iovecs(args[i], args[i+1])
	}
}

// iovecs reads an array of struct iovec; nil when the kernel could not use it.
func (r reader) iovecs(addr, n uint64) []Range {
	if n > maxVectors {
		return nil
	}
	buf, ok := r.bytes(addr, int(n)*16)
	if !ok {
		return nil
	}
	out := make([]Range, n)
	for i := range out {
		out[i] = Range{buf.u64(i * 16), buf.u64(i*16 + 8)}
	}
	return out
}

// planSelect: three sets of nfds bits, in units of 64. The kernel writes them only on success; the timeout is an Effect of
// the case, or, with too many descriptors for a case, always is one here.
func planSelect(p *Pending, args [6]uint64, _ reader) {
	if p.effects != nil || int32(args[0]) < 0 {
		return
	}
	n := (uint64(uint32(args[0])) + 63) / 64 * 8
	for _, set := range args[1:4] {
		p.written = append(p.written, Range{set, n})
	}
	p.always = append(p.always, Range{args[4], sizeTimespec})
}

// planMincore: one byte for each page, written page-wise before a hole gives ENOMEM.
func planMincore(p *Pending, args [6]uint64, _ reader) {
	p.always = append(p.always, Range{args[2], args[1]/4096 + 1})
}

// planMsgrcv: the type and ret bytes of text.
func planMsgrcv(p *Pending, args [6]uint64, _ reader) {
	p.written = append(p.written, Range{args[1], 8})
	p.vectors = append(p.vectors, Range{args[1] + 8, args[2]})
}

// planSemctl: GETALL writes a short for each semaphore of the set; how many, only the kernel knows: at most SEMMSL.
func planSemctl(p *Pending, args [6]uint64, _ reader) {
	const semmsl = 32000
	if uint32(args[2]) == semGetAll {
		p.written = append(p.written, Range{args[3], 2 * semmsl})
	}
}

// planGetMempolicy: a mask of maxnode bits, in units of 64.
func planGetMempolicy(p *Pending, args [6]uint64, _ reader) {
	p.written = append(p.written, Range{args[1], args[2]/8 + 8})
}

// planStatmount: the structure says at its start how long it is with its strings.
func planStatmount(p *Pending, args [6]uint64, _ reader) {
	p.after = func(ret int64, mem Memory) []Range {
		size, ok := reader{mem}.u32(args[1])
		switch {
		case isTorn(ret, 0) || !ok:
			return []Range{{args[1], args[2]}}
		case failed(ret):
			return nil
		}
		return []Range{{args[1], min(uint64(size), args[2])}}
	}
}

// planGetxattrat: struct xattr_args has the value's address and size.
func planGetxattrat(p *Pending, args [6]uint64, mem reader) {
	if s, ok := mem.bytes(args[4], 16); ok {
		p.vectors = append(p.vectors, Range{s.u64(0), uint64(s.u32(8))})
	}
}

// sizedAt plans a buffer argument whose size is a u32 that argument sizeArg points to.
func sizedAt(bufArg, sizeArg int) planner {
	return func(p *Pending, args [6]uint64, mem reader) {
		if n, ok := mem.u32(args[sizeArg]); ok {
			p.written = append(p.written, Range{args[bufArg], uint64(n)})
		}
	}
}

// planKeyctl: the public-key operations take a struct keyctl_pkey_params with the size of the output.
func planKeyctl(p *Pending, args [6]uint64, mem reader) {
	if op := uint32(args[0]); op < 25 || op > 27 {
		return
	}
	if s, ok := mem.bytes(args[1], 12); ok {
		p.written = append(p.written, Range{args[4], uint64(s.u32(8))})
	}
}

// planFcntl looks for F_SETFL of O_DIRECT.
func planFcntl(p *Pending, args [6]uint64, _ reader) {
	if uint32(args[1]) == unix.F_SETFL && args[2]&unix.O_DIRECT != 0 {
		p.gap = whyDirect
	}
}

// planOpenat2 looks for O_DIRECT at the start of struct open_how.
func planOpenat2(p *Pending, args [6]uint64, mem reader) {
	if how, ok := mem.bytes(args[2], 8); ok && how.u64(0)&unix.O_DIRECT != 0 {
		p.gap = whyDirect
	}
}

// planClone: the ids that clone writes. The child's own id (CLONE_CHILD_SETTID) is written by the child, in its memory, which is the
// parent's too only with CLONE_VM.
func planClone(p *Pending, args [6]uint64, _ reader) {
	p.ids(args[0], args[2], args[2], args[3])
}

// planClone3: the same in a struct clone_args.
func planClone3(p *Pending, args [6]uint64, mem reader) {
	if s, ok := mem.bytes(args[0], 32); ok {
		p.ids(s.u64(0), s.u64(8), s.u64(24), s.u64(16))
	}
}

func (p *Pending) ids(flags, pidfd, parent, child uint64) {
	const parentSetTID, childSetTID, wantPidfd, sharesMemory = 0x100000, 0x1000000, 0x1000, 0x100
	if flags&parentSetTID != 0 {
		p.always = append(p.always, Range{parent, 4})
	}
	if flags&childSetTID != 0 && flags&sharesMemory != 0 {
		p.always = append(p.always, Range{child, 4})
	}
	if flags&wantPidfd != 0 {
		p.always = append(p.always, Range{pidfd, 4})
	}
}
