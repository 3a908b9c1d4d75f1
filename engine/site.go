package engine

import (
	"fmt"
	"maps"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"time"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// What an agent may break at a safe point. Addresses are native; the half says which copy is meant.

// Pids are the processes of the run that have memory of their own, in order.
func (s *Site) Pids() []int {
	var pids []int
	for _, pid := range slices.Sorted(maps.Keys(s.e.processes)) {
		if p := s.e.processes[pid]; p.code != nil && !p.exiting && (p.pid == pid || s.e.processes[p.pid] == nil) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Space is the model of a process's native half, to be read only; nil if there is no such process.
func (s *Site) Space(pid int) *shadowmem.Space {
	if p := s.e.processes[pid]; p != nil {
		return p.space
	}
	return nil
}

// StackPointers are the native stack pointers of a process's threads, by thread.
func (s *Site) StackPointers(pid int) map[int]uint64 {
	sp := map[int]uint64{}
	for _, t := range s.e.threads {
		if t.p != nil && t.p.pid == pid {
			sp[t.tid] = t.regs.Rsp
		}
	}
	return sp
}

// Written lists, in order, the pages of [start, end) that the program has really written: present in memory or in swap, and
// not a page of a file that was only read. Addresses are native.
func (s *Site) Written(pid int, start, end uint64) ([]uint64, error) {
	p := s.e.processes[pid]
	t, err := s.hand(pid)
	if err != nil {
		return nil, err
	}
	f, err := os.Open("/proc/" + strconv.Itoa(t.tid) + "/pagemap")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var pages []uint64
	p.space.Each(nativeAddr(start), nativeAddr(end), func(m shadowmem.Mapping) bool {
		m = m.Clip(nativeAddr(start), nativeAddr(end))
		var parts []shadowmem.Mapping
		if parts, err = s.e.touched(f, m, uint64(m.Start)); err != nil {
			return false
		}
		for _, part := range parts {
			words, werr := pagemapWords(f, uint64(part.Start), part.Len())
			if werr != nil {
				err = werr
				return false
			}
			for i, w := range words {
				at := uint64(part.Start) + uint64(i)*shadowmem.PageSize
				if m.WrittenPage(w) && !p.zero(at, w) && p.lost[at] == nil && p.lost[at+s.e.layout.Offset] == nil {
					pages = append(pages, at)
				}
			}
		}
		return true
	})
	return pages, err
}

// zero says whether a page may be the kernel's page of zeroes, which is there although the program only read.
func (p *process) zero(at, word uint64) bool {
	if word&shadowmem.PageExclusive != 0 || word&shadowmem.PagePresent == 0 {
		return false
	}
	var b [shadowmem.PageSize]byte
	n, _ := p.mem.ReadRaw(at, b[:])
	return n == len(b) && b == [shadowmem.PageSize]byte{}
}

// Variable is where a variable of the executable is in a process.
func (s *Site) Variable(pid int, name string) (shadowmem.Range, error) {
	p := s.e.processes[pid]
	if p == nil {
		return shadowmem.Range{}, fmt.Errorf("no process %d in this run", pid)
	}
	return s.e.variable(p, name)
}

// NewFailure is a number for an error that is about to be made.
func (s *Site) NewFailure() int {
	s.e.triggers.lastFailure++
	return s.e.triggers.lastFailure
}

// Poison makes the page at addr unreadable in one half or both, its contents lost, and says by which mechanism of the kernel:
// hwpoison, uffd-poison or protection. f describes the injection; Mechanism is filled in.
func (s *Site) Poison(pid int, addr uint64, half view.Half, f view.Failure) (mechanism string, err error) {
	return s.both(pid, addr, half, f, func(t *thread, at uint64, f *view.Failure) (string, error) {
		return s.e.poison(t, at, f.ID)
	})
}

// Corrupt changes bytes at addr behind the program's back, in one half or both: each byte becomes (byte ^ flip[i]).
func (s *Site) Corrupt(pid int, addr uint64, half view.Half, flip []byte, f view.Failure) error {
	_, err := s.both(pid, addr, half, f, func(t *thread, at uint64, f *view.Failure) (string, error) {
		return "write", s.e.corrupt(t.p, at, flip, f)
	})
	return err
}

// Stick makes bits of the byte at addr stuck: those of mask are as in value whatever is written, until the page is retired.
// This is emulated: the bits are forced again at every safe point and scrub.
func (s *Site) Stick(pid int, addr uint64, half view.Half, mask, value byte, f view.Failure) error {
	_, err := s.both(pid, addr, half, f, func(t *thread, at uint64, f *view.Failure) (string, error) {
		return "write", s.e.stick(t.p, at, mask, value, f)
	})
	return err
}

// both does something to the chosen halves and notes that it was done.
func (s *Site) both(pid int, addr uint64, half view.Half, f view.Failure, do func(*thread, uint64, *view.Failure) (string, error)) (mechanism string, err error) {
	t, err := s.hand(pid)
	if err != nil {
		return "", err
	}
	for _, h := range []view.Half{view.Native, view.Backup} {
		if half != h && half != view.Both {
			continue
		}
		at, g := addr, f
		if h == view.Backup {
			at += s.e.layout.Offset
		}
		if mechanism, err = do(t, at, &g); err != nil {
			return mechanism, err
		}
		g.Mechanism = mechanism
		s.e.failure(view.EventInjected, t.p, t, at, g)
	}
	return mechanism, nil
}

func (s *Site) hand(pid int) (*thread, error) {
	p := s.e.processes[pid]
	if p == nil {
		return nil, fmt.Errorf("no process %d in this run", pid)
	}
	if s.e.unsettled(p) {
		return nil, errNoHand
	}
	if t := s.e.hand(p); t != nil {
		return t, nil
	}
	return nil, errNoHand
}

// corrupt flips bits in one half.
func (e *engine) corrupt(p *process, at uint64, flip []byte, f *view.Failure) error {
	if _, _, _, err := e.injectable(p, at); err != nil {
		return err
	}
	b := make([]byte, len(flip))
	if n, err := p.mem.ReadRaw(at, b); n < len(b) {
		return fmt.Errorf("read %#x: %w", at, err)
	}
	f.Before = append([]byte(nil), b[:min(len(b), 16)]...)
	for i := range b {
		b[i] ^= flip[i]
		f.Bits += bits.OnesCount8(flip[i])
	}
	f.Broken = b[:min(len(b), 16)]
	if err := p.mem.Write(at, b); err != nil {
		return err
	}
	p.flips = append(p.flips, flipped{id: f.ID, what: f.What, at: at, mask: append([]byte(nil), flip...), since: time.Now(), broken: b})
	return nil
}

// stick notes a stuck bit and forces it for the first time.
func (e *engine) stick(p *process, at uint64, mask, value byte, f *view.Failure) error {
	if _, _, _, err := e.injectable(p, at); err != nil {
		return err
	}
	p.stuck = append(p.stuck, stuckBits{id: f.ID, what: f.What, at: at, mask: mask, value: value & mask})
	f.Bits = bits.OnesCount8(mask)
	return e.forceStuck(p)
}

// forceStuck makes stuck bits what they are stuck at.
func (e *engine) forceStuck(p *process) error {
	for _, b := range p.stuck {
		var v [1]byte
		if _, err := p.mem.ReadRaw(b.at, v[:]); err != nil {
			continue // unmapped, or lost
		}
		if v[0]&b.mask == b.value {
			continue
		}
		v[0] = v[0]&^b.mask | b.value
		if err := p.mem.Write(b.at, v[:]); err != nil {
			return err
		}
		if !p.flipKnown(b.at) {
			p.flips = append(p.flips, flipped{id: b.id, what: b.what, at: b.at, mask: []byte{b.mask}, since: time.Now()})
		}
	}
	return nil
}

// flipped are bits that were changed in one half. Only what is reported about a repair uses it, never the repair.
type flipped struct {
	id    int
	what  string
	at    uint64
	mask  []byte
	since time.Time

	broken []byte // what they were changed to; nil for stuck bits
	told   bool   // a verification has found them
}

// stuckBits are bits of a byte that do not take what is stored.
type stuckBits struct {
	id          int
	what        string
	at          uint64
	mask, value byte
}

func (p *process) flipKnown(at uint64) bool {
	for _, f := range p.flips {
		if f.at == at {
			return true
		}
	}
	return false
}
