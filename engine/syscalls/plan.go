package syscalls

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Range is a piece of the target's native memory.
type Range struct{ Addr, Len uint64 }

// Memory reads the target's native memory.
type Memory interface {
	Read(addr uint64, buf []byte) error
}

// Pending is a call between its entry and its return: what its writes depend on, taken before the call could overwrite it.
type Pending struct {
	args    [6]uint64
	sources []Effect
	effects []Effect
	torn    unix.Errno
	written []Range                             // whole, unless the call failed cleanly
	always  []Range                             // whole, however the call ended
	vectors []Range                             // filled in order with ret bytes
	after   func(ret int64, mem Memory) []Range // what only the memory after the call tells; nil if nothing
	gap     string
}

// Plan snapshots before the call what its writes depend on. It is right for every kind of call, so that the engine can
// copy after its own calls too, and never nil. A structure that cannot be read stays unplanned: the kernel cannot read it
// either and fails with EFAULT.
func Plan(nr uint64, args [6]uint64, mem Memory) *Pending {
	rule := Lookup(nr).For(args)
	p := &Pending{args: args, sources: rule.Sources, effects: rule.Effects, torn: rule.Torn}
	if rule.Gap {
		p.gap = rule.Why
	}
	if plan := plans[uint32(nr)]; plan != nil && rule.Kind != Unsupported {
		plan(p, args, reader{mem})
	}
	return p
}

// Gap names what Writes may not know about this call, or is empty. For an unknown ioctl request the ranges are a guess by
// the direction bits, and the engine should compare the pages around the argument.
func (p *Pending) Gap() string { return p.gap }

// Writes says which ranges the call may have written, given its result and the memory after it. The ranges are not
// empty, may overlap, and may reach past the end of a mapping. Of process_vm_writev they are in process args[0].
func (p *Pending) Writes(ret int64, mem Memory) []Range {
	var out rangeList
	add := out.add
	for _, e := range p.effects {
		add(e.Range(p.args, ret, p.torn))
	}
	add(p.always...)
	switch {
	case !failed(ret):
		add(p.written...)
		add(prefix(p.vectors, uint64(ret))...)
	case isTorn(ret, p.torn):
		add(p.written...)
		add(p.vectors...)
	}
	if p.after != nil {
		add(p.after(ret, mem)...)
	}
	return out
}

// rangeList is ranges that are not empty.
type rangeList []Range

func (l *rangeList) add(rs ...Range) {
	for _, r := range rs {
		if r = clip(r.Addr, r.Len); r.Addr != 0 && r.Len != 0 {
			*l = append(*l, r)
		}
	}
}

// Reads says which long buffers the call reads: it may end in the middle of them, short, where one cannot be read.
func (p *Pending) Reads(mem Memory) []Range {
	var out rangeList
	add := out.add
	for _, e := range p.sources {
		switch e.Len {
		case FromVector:
			add(reader{mem}.iovecs(p.args[e.Ptr], p.args[e.Arg])...)
		case FromMessage:
			if m, ok := (reader{mem}).message(p.args[e.Ptr]); ok {
				add(m.vectors...)
			}
		default:
			add(e.Range(p.args, 0, 0))
		}
	}
	return out
}

// planner fills a Pending from the arguments and the memory before the call.
type planner func(p *Pending, args [6]uint64, mem reader)

// plans has the calls whose effects are not (only) data.
var plans map[uint32]planner

func init() { // not a literal: the planners reach the table through Lookup, which would be an initialisation cycle
	plans = map[uint32]planner{
		unix.SYS_READV:             vectorsAt(1),
		unix.SYS_PREADV:            vectorsAt(1),
		unix.SYS_PREADV2:           vectorsAt(1),
		unix.SYS_VMSPLICE:          vectorsAt(1),
		unix.SYS_PROCESS_VM_READV:  vectorsAt(1),
		unix.SYS_PROCESS_VM_WRITEV: vectorsAt(3),
		unix.SYS_SELECT:            planSelect,
		unix.SYS_PSELECT6:          planSelect,
		unix.SYS_MINCORE:           planMincore,
		unix.SYS_MSGRCV:            planMsgrcv,
		unix.SYS_SEMCTL:            planSemctl,
		unix.SYS_GET_MEMPOLICY:     planGetMempolicy,
		unix.SYS_STATMOUNT:         planStatmount,
		unix.SYS_GETXATTRAT:        planGetxattrat,
		unix.SYS_LSM_GET_SELF_ATTR: sizedAt(1, 2),
		unix.SYS_LSM_LIST_MODULES:  sizedAt(0, 1),
		unix.SYS_KEYCTL:            planKeyctl,
		unix.SYS_RECVMSG:           planRecvmsg,
		unix.SYS_RECVMMSG:          planRecvmmsg,
		unix.SYS_GETSOCKOPT:        planGetsockopt,
		unix.SYS_SETSOCKOPT:        planSetsockopt,
		unix.SYS_FCNTL:             planFcntl,
		unix.SYS_OPENAT2:           planOpenat2,
		unix.SYS_CLONE:             planClone,
		unix.SYS_CLONE3:            planClone3,
		unix.SYS_IOCTL:             planIoctl,
	}
}

// prefix is the first n bytes of the ranges, in order.
func prefix(rs []Range, n uint64) []Range {
	var out []Range
	for _, r := range rs {
		if n == 0 {
			break
		}
		r.Len = min(r.Len, n)
		n -= r.Len
		out = append(out, r)
	}
	return out
}

// addressSpace is the end of user addresses: no write of the kernel to user memory reaches it (five-level paging included).
const addressSpace = 1 << 56

// clip is the range from addr on, ended at the end of the address space: programs declare lengths like -1.
func clip(addr, n uint64) Range {
	if addr >= addressSpace {
		return Range{}
	}
	return Range{addr, min(n, addressSpace-addr)}
}

func saturatingMul(a, b uint64) uint64 {
	if b != 0 && a > ^uint64(0)/b {
		return ^uint64(0)
	}
	return a * b
}

// reader reads structures field by field.
type reader struct{ mem Memory }

// bytes reads n bytes; ok is false when they cannot be read.
func (r reader) bytes(addr uint64, n int) (buf record, ok bool) {
	if addr == 0 || r.mem == nil {
		return nil, false
	}
	buf = make(record, n)
	return buf, r.mem.Read(addr, buf) == nil
}

func (r reader) u32(addr uint64) (uint32, bool) {
	b, ok := r.bytes(addr, 4)
	if !ok {
		return 0, false
	}
	return b.u32(0), true
}

// record is a structure of the target.
type record []byte

func (b record) u16(off int) uint16 { return binary.LittleEndian.Uint16(b[off:]) }
func (b record) u32(off int) uint32 { return binary.LittleEndian.Uint32(b[off:]) }
func (b record) u64(off int) uint64 { return binary.LittleEndian.Uint64(b[off:]) }
