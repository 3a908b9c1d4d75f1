package engine

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// What to do where the copies differ and no checksum tells which one is right: see Options.OnUndecided.
const (
	TrustNative = "native"
	TrustMirror = "mirror"
	TrustNone   = "stop"
)

// decide mends what the scrubber found, with the program at rest.
func (e *engine) decide(s *scrubber, list []suspect) error {
	e.how = "scrub"
	defer func() { e.how = "engine" }()
	for _, p := range e.processes {
		if err := e.forceStuck(p); err != nil {
			return err
		}
		for _, b := range p.stuck {
			list = append(list, suspect{pid: p.pid, page: uint64(e.layout.NativeOf(b.at)) &^ (shadowmem.PageSize - 1)})
		}
	}
	done := map[suspect]bool{}
	for _, x := range list {
		x.sum = 0
		if p := e.processes[x.pid]; p != nil && p.mem != nil && !done[x] && !e.unsettled(p) {
			done[x] = true
			if err := e.decidePage(p, x.page, s.sums[x.pid]); err != nil {
				return err
			}
		}
	}
	return nil
}

// unsettled says whether a thread of a process stands in the middle of something that its stop, still to be looked at, is about.
func (e *engine) unsettled(p *process) bool {
	for _, s := range e.queue {
		if t := e.threads[s.Tid]; t != nil && t.p == p {
			return true
		}
	}
	return !e.restful(p)
}

// decidePage makes the copies of one page equal again. A lost one is repaired by being read.
func (e *engine) decidePage(p *process, page uint64, sums *shadowmem.Checksums) error {
	m, ok := p.space.Find(nativeAddr(page))
	if !ok || !m.Compared() {
		return nil
	}
	a, b := make([]byte, shadowmem.PageSize), make([]byte, shadowmem.PageSize)
	if n, _ := p.mem.ReadSome(page, a); n < len(a) {
		return nil
	}
	if n, _ := p.mem.ReadSome(page+e.layout.Offset, b); n < len(b) {
		return nil
	}
	if sums == nil {
		sums = &shadowmem.Checksums{}
	}
	for _, d := range shadowmem.Compare(a, b, nativeAddr(page)) {
		if err := e.mendDiff(p, page, a, b, d, sums); err != nil {
			return err
		}
	}
	return nil
}

// fewBits is the most that is taken for a memory error rather than for a store whose copy is missing, where such are known.
const fewBits = 8

// mendDiff makes the bytes of d equal in both halves: the right ones.
func (e *engine) mendDiff(p *process, page uint64, a, b []byte, d shadowmem.Diff, sums *shadowmem.Checksums) error {
	start := time.Now()
	low, high := uint64(d.Start)-page, uint64(d.End)-page
	native, mirror := a[low:high], b[low:high]
	changed := differingBits(native, mirror)
	quiet := uint8(0)
	if p.threads > 1 {
		quiet = 2
	}
	verdict, by := sums.Decide(nativeAddr(page), a, b, d, quiet), "checksum"
	if verdict == shadowmem.TrustMirror && changed > fewBits && len(e.unseen) > 0 {
		verdict = shadowmem.Undecided // perhaps a store that is known not to be mirrored
	}
	i, f := e.flipAt(p, d)
	told := i >= 0 && p.flips[i].told
	if i >= 0 {
		p.flips = slices.Delete(slices.Clone(p.flips), i, i+1)
	}
	if verdict == shadowmem.Undecided {
		verdict, by = e.undecided(p, changed)
	}
	at, good, bad := uint64(d.Start)+e.layout.Offset, native, mirror
	if verdict == shadowmem.TrustMirror {
		at, good, bad = uint64(d.Start), mirror, native
	}
	f.How, f.Bits = "scrub, "+by, changed
	f.Broken, f.After = clipped(bad), clipped(good)
	if !told {
		e.failure(view.EventDetected, p, nil, at, f)
	}
	if verdict == shadowmem.Undecided {
		e.failure(view.EventUnrecovered, p, nil, at, f)
		return unix.Kill(p.pid, unix.SIGKILL)
	}
	if err := p.mem.Write(at, append([]byte(nil), good...)); err != nil {
		return fmt.Errorf("mend a difference: %w", err)
	}
	f.Latency = since(start)
	e.scrubStats.Repaired++
	e.failure(view.EventRecovered, p, nil, at, f)
	return e.countError(p, at&^(shadowmem.PageSize-1))
}

// undecided lets the policy choose. Threads that raced leave their last native store: that is what the program reads.
func (e *engine) undecided(p *process, changed int) (shadowmem.Verdict, string) {
	if p.threads > 1 && changed > fewBits {
		e.scrubStats.Races++
		return shadowmem.TrustNative, "race"
	}
	e.scrubStats.Undecided++
	switch e.opts.OnUndecided {
	case TrustMirror:
		return shadowmem.TrustMirror, "policy"
	case TrustNone:
		return shadowmem.Undecided, "policy"
	}
	return shadowmem.TrustNative, "policy"
}

// flipAt is the injected error that explains a difference, if there is one: its place on the list, or -1.
func (e *engine) flipAt(p *process, d shadowmem.Diff) (i int, f view.Failure) {
	for i, f := range p.flips {
		at := e.layout.NativeOf(f.at)
		if at < d.End && at+nativeAddr(uint64(len(f.mask))) > d.Start {
			return i, view.Failure{ID: f.id, What: f.what, Mechanism: "write", Age: time.Since(f.since).Seconds()}
		}
	}
	return -1, view.Failure{What: "flip"}
}

// maskHealed strikes out injected errors that are no longer there: something was stored over them.
func (e *engine) maskHealed() {
	for _, p := range e.processes {
		if p.mem == nil || len(p.flips) == 0 {
			continue
		}
		keep := p.flips[:0:0]
		for _, f := range p.flips {
			native := uint64(e.layout.NativeOf(f.at))
			a, b := make([]byte, len(f.mask)), make([]byte, len(f.mask))
			n, _ := p.mem.ReadRaw(native, a)
			k, _ := p.mem.ReadRaw(native+e.layout.Offset, b)
			if n == len(a) && k == len(b) && !bytes.Equal(a, b) {
				keep = append(keep, f)
			} else if !bytes.Equal(a, f.broken) { // else both copies were broken alike, which nothing can see
				e.failure(view.EventMasked, p, nil, f.at, view.Failure{ID: f.id, What: f.what, Mechanism: "write", Age: time.Since(f.since).Seconds()})
			}
		}
		p.flips = keep
	}
}

func (e *engine) anyStuck() bool {
	for _, p := range e.processes {
		if len(p.stuck) > 0 {
			return true
		}
	}
	return false
}

func differingBits(a, b []byte) (n int) {
	for i := range min(len(a), len(b)) {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

// clipped is as much as an event shows.
func clipped(b []byte) []byte { return append([]byte(nil), b[:min(len(b), 16)]...) }
