package syscalls

import "golang.org/x/sys/unix"

// Planners of the socket calls with nested pointers.

// message is a struct msghdr as it stood before the call.
type message struct {
	at      uint64
	name    Range
	vectors []Range
	control Range
}

// Offsets in struct msghdr, and of msg_len in struct mmsghdr.
const (
	msgName       = 0
	msgNamelen    = 8
	msgIov        = 16
	msgIovlen     = 24
	msgControl    = 32
	msgControllen = 40
	sizeMsghdr    = 56
	mmsgLen       = 56
)

func (r reader) message(at uint64) (message, bool) {
	h, ok := r.bytes(at, sizeMsghdr)
	if !ok {
		return message{}, false
	}
	return message{
		at:      at,
		name:    Range{h.u64(msgName), min(uint64(h.u32(msgNamelen)), sizeSockaddr)},
		vectors: r.iovecs(h.u64(msgIov), h.u64(msgIovlen)),
		control: Range{h.u64(msgControl), h.u64(msgControllen)},
	}, true
}

// whole is everything that receiving the message may write.
func (m message) whole() []Range {
	return append([]Range{{m.at, sizeMsghdr}, m.name, m.control}, m.vectors...)
}

// received is what was written when n bytes were received: of the control buffer, as much as the kernel says it used.
func (m message) received(n uint64, mem reader) []Range {
	control := m.control
	if used, ok := mem.bytes(m.at+msgControllen, 8); ok {
		control.Len = min(control.Len, used.u64(0))
	}
	return append([]Range{{m.at, sizeMsghdr}, m.name, control}, prefix(m.vectors, n)...)
}

func planRecvmsg(p *Pending, args [6]uint64, mem reader) {
	m, ok := mem.message(args[1])
	if !ok {
		return
	}
	torn := p.torn
	p.after = func(ret int64, mem Memory) []Range {
		switch {
		case isTorn(ret, torn):
			return m.whole()
		case failed(ret):
			return nil
		}
		return m.received(uint64(ret), reader{mem})
	}
}

// planRecvmmsg: ret messages were received whole; the one after them may have failed half way, which shows in no result.
func planRecvmmsg(p *Pending, args [6]uint64, mem reader) {
	var ms []message
	for i := range min(uint64(uint32(args[2])), maxVectors) {
		m, ok := mem.message(args[1] + i*sizeMmsghdr)
		if !ok {
			break
		}
		ms = append(ms, m)
	}
	p.after = func(ret int64, mem Memory) []Range {
		var out []Range
		done := max(ret, 0)
		for i, m := range ms {
			if int64(i) == done {
				return append(out, m.whole()...)
			}
			n, _ := reader{mem}.u32(m.at + mmsgLen)
			out = append(out, m.received(uint64(n), reader{mem})...)
			out = append(out, Range{m.at + mmsgLen, 4})
		}
		return out
	}
}

// planGetsockopt: at most *optlen bytes, except where optlen counts something else.
func planGetsockopt(p *Pending, args [6]uint64, mem reader) {
	n, ok := mem.u32(args[4])
	if !ok || int32(n) < 0 {
		return
	}
	size := uint64(n)
	level, name := uint32(args[1]), uint32(args[2])
	if level == unix.SOL_SOCKET && name == unix.SO_GET_FILTER {
		size *= 8 // optlen counts struct sock_filter
	}
	if level == unix.SOL_TCP && name == unix.TCP_ZEROCOPY_RECEIVE {
		p.gap = "TCP_ZEROCOPY_RECEIVE maps pages"
	}
	p.always = append(p.always, Range{args[4], 4}, Range{args[3], size}) // the size needed comes with ERANGE
}

// Socket options that replace a netfilter table and write its old counters: at level IP and IPv6, ARP, and bridge.
const (
	xtReplace   = 64
	arptReplace = 96
	ebtReplace  = 128
)

// planSetsockopt: the replacing structures have the number of counters and a pointer to them.
func planSetsockopt(p *Pending, args [6]uint64, mem reader) {
	level, at := uint32(args[1]), 0
	switch name := uint32(args[2]); {
	case name == xtReplace && (level == unix.SOL_IP || level == unix.SOL_IPV6):
		at = 84
	case name == arptReplace && level == unix.SOL_IP:
		at = 68
	case name == ebtReplace && level == unix.SOL_IP:
		at = 96
	default:
		return
	}
	const sizeCounters = 16
	if s, ok := mem.bytes(args[3], 112); ok {
		pointer := (at + 4 + 7) &^ 7
		p.written = append(p.written, Range{s.u64(pointer), sizeCounters * uint64(s.u32(at))})
	}
}
