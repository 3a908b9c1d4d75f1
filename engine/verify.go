package engine

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// verifyAtEnd compares the halves of a thread's process when its end is certain and nothing of it has happened yet. The
// thread itself stands between two native instructions.
func (e *engine) verifyAtEnd(t *thread) error {
	if e.opts.Ranges && t.pid == e.root {
		if err := e.noteRanges(t); err != nil {
			return err
		}
	}
	if e.opts.Watched && t.pid == e.root {
		e.noteLast(t)
	}
	borrowed := t.pid != t.p.pid && e.outlived(t) // by vfork: it will be compared when its owner ends
	if (e.opts.VerifyAtExit || e.opts.VerifyEvery != 0) && !borrowed {
		if err := e.verifyProcess(t); err != nil {
			return err
		}
	}
	e.maskHealed()
	return nil
}

// verifyProcess stops the process's other threads between native instructions, compares, and lets them go.
func (e *engine) verifyProcess(t *thread) error {
	return e.whileParked(func(u *thread) bool { return u != t && together(u.p, t.p) }, func() error {
		if err := e.compare(t.p, t.tid); err != nil && !dead(t.tid) {
			return err
		}
		return nil
	})
}

// verifyAll compares the halves of every process.
func (e *engine) verifyAll() error {
	return e.atRest(func() error {
		compared := map[*process]bool{}
		for _, t := range e.threads {
			if t.p == nil || t.p.mem == nil || t.p.exiting || compared[t.p] || t.exiting {
				continue
			}
			compared[t.p] = true
			if err := e.compare(t.p, t.tid); err != nil && !dead(t.tid) {
				return err
			}
		}
		return nil
	})
}

// verifyPiece is how much of each half is compared at a time.
const verifyPiece = 1 << 20

// compare compares every mirrored byte of a stopped process with its copy. tid is any live thread of it: the leader may be
// gone.
func (e *engine) compare(p *process, tid int) error {
	before := e.verify
	defer func() { e.accountOf(p.pid).verified(before, e.verify) }()
	e.verify.Runs++
	e.how = "verify"
	defer func() { e.how = "engine" }()
	return e.eachPiece(p, tid, func(m shadowmem.Mapping, x piece) error {
		e.comparePiece(p, m, x)
		return nil
	})
}

// piece is a part of memory as both halves have it; where one cannot be read to its end, less of that.
type piece struct {
	at             shadowmem.Native
	size           uint64
	native, mirror []byte
}

// diffs are the parts that differ of what could be read of both halves.
func (x *piece) diffs() []shadowmem.Diff {
	same := min(len(x.native), len(x.mirror))
	return shadowmem.Compare(x.native[:same], x.mirror[:same], x.at)
}

// eachPiece calls f with the pages of a process's mirrored memory that either half has ever touched. tid is any live thread of it.
func (e *engine) eachPiece(p *process, tid int, f func(m shadowmem.Mapping, x piece) error) error {
	pagemap, err := os.Open("/proc/" + strconv.Itoa(tid) + "/pagemap")
	if err != nil {
		return fmt.Errorf("the pages of %d: %w", tid, err)
	}
	defer pagemap.Close()
	for _, m := range p.space.All() {
		if !m.Compared() {
			continue
		}
		parts, err := e.touched(pagemap, m, uint64(m.Start), uint64(e.layout.Mirror(m.Start)))
		if err != nil {
			return err
		}
		for _, part := range parts {
			if err := e.eachPieceOf(p, part, pagemap, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// touchedPart is the unit in which touched looks at a mapping: 512 KiB of pagemap words.
const touchedPart = 256 << 20

// touched lists the parts of a mapping in which a page exists, in any of the address ranges that start at the given
// addresses: huge reservations are mostly empty.
func (e *engine) touched(pagemap *os.File, m shadowmem.Mapping, starts ...uint64) ([]shadowmem.Mapping, error) {
	found := map[uint64]bool{}
	for _, base := range starts {
		err := ptrace.Populated(pagemap, base, base+m.Len(), func(start, end uint64) error {
			for i := (start - base) / touchedPart; i <= (end-1-base)/touchedPart; i++ {
				found[i] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var parts []shadowmem.Mapping
	for _, i := range slices.Sorted(maps.Keys(found)) {
		at := m.Start + shadowmem.Native(i*touchedPart)
		parts = append(parts, m.Clip(at, min(m.End, at+touchedPart)))
	}
	return parts, nil
}

func (e *engine) eachPieceOf(p *process, m shadowmem.Mapping, pagemap *os.File, f func(m shadowmem.Mapping, x piece) error) error {
	native, err := pagemapWords(pagemap, uint64(m.Start), m.Len())
	if err != nil {
		return err
	}
	mirror, err := pagemapWords(pagemap, uint64(e.layout.Mirror(m.Start)), m.Len())
	if err != nil {
		return err
	}
	shadowmem.Select(native, mirror, m, func(first, n int) {
		at, size := m.Start+shadowmem.Native(first*4096), uint64(n)*4096
		a, b := make([]byte, min(size, verifyPiece)), make([]byte, min(size, verifyPiece))
		for size > 0 && err == nil {
			n := min(size, verifyPiece)
			got, _ := p.mem.ReadSome(uint64(at), a[:n])
			got2, _ := p.mem.ReadSome(uint64(e.layout.Mirror(at)), b[:n])
			err = f(m, piece{at, n, a[:got], b[:got2]})
			at, size = at+shadowmem.Native(n), size-n
		}
	})
	return err
}

func (e *engine) comparePiece(p *process, m shadowmem.Mapping, x piece) {
	got, got2 := len(x.native), len(x.mirror)
	e.verify.PagesCompared += x.size / 4096
	e.verify.BytesCompared += uint64(min(got, got2))
	diffs := x.diffs()
	if (len(diffs) > 0 || got > got2) && !e.restful(p) {
		return
	}
	for _, d := range diffs {
		e.diverged(p, m, d, x.native[d.Start-x.at:d.End-x.at], x.mirror[d.Start-x.at:d.End-x.at])
	}
	if got > got2 {
		e.diverged(p, m, shadowmem.Diff{Start: x.at + shadowmem.Native(got2), End: x.at + shadowmem.Native(got)}, x.native[got2:], nil)
	}
}

// divergentMost bounds the list in a report; the count is always whole.
const divergentMost = 1000

func (e *engine) diverged(p *process, m shadowmem.Mapping, d shadowmem.Diff, native, mirror []byte) {
	if e.writtenOutside(m) {
		return
	}
	cause := e.cause(p, m, native, mirror, d)
	if cause == "flip" {
		i, f := e.flipAt(p, d) // it stays there until somebody mends it, or writes over it
		f.How, f.Bits = "verify", differingBits(native, mirror)
		at, broken := uint64(d.Start), native // of one that was not injected nothing says which half is right
		if i >= 0 && e.layout.InMirror(p.flips[i].at) {
			at, broken = uint64(e.layout.Mirror(d.Start)), mirror
		}
		f.Broken = clipped(broken)
		if i < 0 || !p.flips[i].told {
			e.failure(view.EventDetected, p, nil, at, f)
		}
		if i >= 0 {
			p.flips[i].told = true
		}
	}
	e.verify.DivergentBytes += uint64(d.End - d.Start)
	e.logf("%d: after %d system calls: %#x-%#x is %x, its copy %x, in %v", p.pid, e.sys.Total, uint64(d.Start), uint64(d.End), clipped(native), clipped(mirror), m)
	e.emit(view.Event{
		Kind: view.EventDivergent, Pid: p.pid, Addr: uint64(d.Start), Size: uint64(d.End - d.Start), Half: view.Both,
		Range: m.Kind.String() + " " + m.Name,
	})
	if len(e.verify.Divergent) < divergentMost {
		e.verify.Divergent = append(e.verify.Divergent, Divergent{uint64(d.Start), uint64(d.End), m.Kind.String() + " " + m.Name, cause})
	}
}

// pagemapWords reads the words of a range (Documentation/admin-guide/mm/pagemap.rst).
func pagemapWords(f *os.File, addr, size uint64) ([]uint64, error) {
	raw := make([]byte, size/4096*8)
	if _, err := f.ReadAt(raw, int64(addr/4096*8)); err != nil {
		return nil, fmt.Errorf("pagemap of %#x: %w", addr, err)
	}
	words := make([]uint64, size/4096)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	return words, nil
}
