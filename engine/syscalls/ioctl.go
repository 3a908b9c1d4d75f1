package syscalls

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// request is an ioctl request: what it writes at its argument, and behind pointers there.
type request struct {
	code   uint32
	name   string
	n      uint32  // bytes written at the argument; 0 = none
	pieces []piece // further buffers
	gap    string  // what is written that no call shows
}

// piece is a buffer whose place and size stand in the structure at the argument.
type piece struct {
	ptr   int16 // offset of the pointer to it; trailing: it follows the structure at offset skip
	skip  uint16
	count uint16 // offset of the number of elements
	width uint8  // bytes of that number; 0: the buffer is one element
	elem  uint32 // bytes of an element
}

// trailing in piece.ptr.
const trailing = -1

// tail is an array of elem-sized elements at offset skip, whose number is u32 at offset count.
func tail(skip, count uint16, elem uint32) []piece {
	return []piece{{trailing, skip, count, 4, elem}}
}

// Bits of a request: _IOC_DIR, _IOC_SIZE, _IOC_TYPE.
const (
	iocRead  = 2
	iocWrite = 1
)

func iocDir(code uint32) uint32  { return code >> 30 }
func iocSize(code uint32) uint32 { return code >> 16 & 0x3fff }
func iocType(code uint32) uint8  { return uint8(code >> 8) }

// userfaultNew is USERFAULTFD_IOC_NEW, of /dev/userfaultfd.
const userfaultNew = 0xaa00

// ioctlCases are the requests that run in the target, from hotRequests, and what is refused.
var ioctlCases = func() (cases []Case) {
	cases = append(cases, when(refused("", unix.ENOTTY, "a userfaultfd: pages that another thread fills in place of the kernel"), userfaultNew))
	for _, r := range hotRequests {
		row := pass("")
		if r.n != 0 {
			row = regular("", fixed(2, r.n).always())
		}
		if k := len(cases) - 1; k >= 0 && len(cases[k].Effects) == len(row.Effects) && (r.n == 0 || cases[k].Effects[0] == row.Effects[0]) {
			cases[k].Values = append(cases[k].Values, r.code)
			continue
		}
		cases = append(cases, when(row.blocks(), r.code))
	}
	return cases
}()

// requests finds a request by its code.
var requests = func() map[uint32]*request {
	m := make(map[uint32]*request, len(hotRequests)+len(coldRequests))
	for _, list := range [][]request{hotRequests, coldRequests} {
		for i := range list {
			m[list[i].code] = &list[i]
		}
	}
	return m
}()

func ioctlName(code uint32) string {
	if r := requests[code]; r != nil {
		return r.name
	}
	return fmt.Sprintf("%#x", code)
}

// planIoctl plans a known request by its row and an unknown one by its direction and size; unless its device is one whose
// requests are known to be flat and to declare themselves rightly, that is a gap. What hotRequests writes is an Effect.
func planIoctl(p *Pending, args [6]uint64, mem reader) {
	if p.effects != nil {
		return
	}
	code, arg := uint32(args[1]), args[2]
	r := requests[code]
	if r == nil {
		r = &request{code: code}
		if iocDir(code)&iocRead != 0 {
			r.n = iocSize(code)
		}
		var known bool
		if r.pieces, known = flatTypes[iocType(code)]; !known {
			r.gap = "unknown request"
		}
	}
	if r.gap != "" {
		p.gap = "ioctl " + ioctlName(code) + ": " + r.gap
	}
	p.always = append(p.always, Range{arg, uint64(r.n)})
	for _, piece := range r.pieces {
		if rng, ok := piece.find(arg, mem); ok {
			p.always = append(p.always, rng)
		}
	}
}

// find reads where the piece is.
func (c piece) find(arg uint64, mem reader) (Range, bool) {
	at, n := arg+uint64(c.skip), uint64(1)
	if c.ptr != trailing {
		s, ok := mem.bytes(arg+uint64(c.ptr), 8)
		if !ok {
			return Range{}, false
		}
		at = s.u64(0)
	}
	if c.width != 0 {
		s, ok := mem.bytes(arg+uint64(c.count), int(c.width))
		if !ok {
			return Range{}, false
		}
		n = s.uint()
	}
	return Range{at, saturatingMul(n, uint64(c.elem))}, true
}

// uint is the whole record as one number.
func (b record) uint() (n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n
}
