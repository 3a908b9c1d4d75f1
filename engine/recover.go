package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
	"kmv/shadowmem"
)

// Recovery from an uncorrectable error: the page is made again from its copy, at once for all threads, and what faulted is
// executed again. Every fault is precise (SDM 3A 6.6: the instruction can be restarted, rep string instructions stand with
// their counters advanced), so it is the faulting instruction of the translation that is repeated, whatever it belongs to:
//
//	native load, store, string, atomic   the mirror page has the bytes; of a plain store already the new ones (mirror first)
//	mirror store                         the native page has the bytes; of a read-modify-write already the new ones
//
// Stores that other threads have under way to a page end in a fault on it too, and are repeated behind the repair: so what
// is read from the other half while they run is never missed for good.

// openMemory opens a process's memory. Accesses of the engine's own that meet a bad page repair it too.
func (e *engine) openMemory(p *process, pid int) error {
	mem, err := ptrace.OpenMemory(pid)
	if err != nil {
		return err
	}
	p.mem = mem
	for page, l := range p.lost {
		mem.Hide(page, l.mechanism == byProtection)
	}
	mem.Repair = func(at uint64) bool {
		fixed, err := e.repair(p, at, e.how)
		if err != nil {
			e.logf("%d: %v", p.pid, err)
		}
		return fixed
	}
	return nil
}

// recoverFault repairs the page that a fault is about and lets the thread go on where it stands. False means that the fault
// is not about a bad page, or that both copies are lost: the program's.
func (e *engine) recoverFault(t *thread, info ptrace.Siginfo) (bool, error) {
	if info.Signo == int32(unix.SIGBUS) && info.Code == busMceAO {
		fixed, err := e.repair(t.p, info.Addr(), "async") // if it cannot be: it will be met, or not
		switch {
		case err == nil && !fixed && t.early:
			err = e.async(t, info)
		case err == nil:
			err = e.goOn(t)
		}
		return true, err
	}
	if fixed, err := e.mend(t, info); err != nil || !fixed {
		return false, err
	}
	if len(t.deferred) > 0 { // signals wait for the next clean point
		if err := e.settle(t); err != nil {
			var f *faultError
			if errors.As(err, &f) {
				return true, e.fault(t, f.info)
			}
			return true, err
		}
		return true, e.enter(t)
	}
	return true, t.resume(0)
}

// mend repairs the page that a fault of a thread is about; the thread stays where it stands.
func (e *engine) mend(t *thread, info ptrace.Siginfo) (bool, error) {
	switch {
	case info.Signo == int32(unix.SIGBUS) && (info.Code == busAdrerr || info.Code == busMceAR):
	case info.Signo == int32(unix.SIGSEGV) && info.Code == segvAccerr && e.protectedAway(t, info.Addr()):
	default:
		return false, nil
	}
	if own := e.ownRange(info.Addr()); own != "" {
		return e.repairOwn(t, info.Addr(), own)
	}
	return e.repair(t.p, info.Addr(), "sigbus")
}

// protectedAway says whether a protection fault is about a page that was made unreadable that way, and perhaps repaired since by
// another thread that met it: then the access is repeated, once.
func (e *engine) protectedAway(t *thread, at uint64) bool {
	_, page, _, err := e.injectable(t.p, at)
	if err != nil {
		return false
	}
	if l := t.p.lost[page]; l != nil {
		return l.mechanism == byProtection
	}
	now := access{t.regs.Rip, at, t.p.repairs}
	again := e.noUserfault != nil && now.repairs > 0 && now != t.metAgain
	t.metAgain = now
	return again
}

// access is a place of the program and what it met there, at a time.
type access struct {
	rip, at uint64
	repairs int
}

// mendStep is mend for a step that failed; the error is the step's own if it was not about a bad page.
func (e *engine) mendStep(t *thread, err error) (bool, error) {
	var f *faultError
	if !errors.As(err, &f) {
		return false, err
	}
	if fixed, err := e.mend(t, f.info); fixed || err != nil {
		return fixed, err
	}
	return false, err
}

// repair makes the page at an address of either half good again, if it is bad. It is false where nothing is wrong that kmv
// could mend: then the program meets what it would have met natively. how says what noticed it.
func (e *engine) repair(p *process, at uint64, how string) (bool, error) {
	start := time.Now()
	m, page, size, err := e.injectable(p, at)
	if err != nil {
		return false, nil
	}
	l := p.lost[page]
	if l == nil {
		var b [1]byte
		if _, err := p.mem.ReadRaw(at, b[:]); err == nil {
			return how == "sigbus", nil // another thread met it first
		}
		if !m.Anonymous(e.layout.InMirror(page)) || !e.marked(p, page) {
			return false, nil // behind the end of its file, or a huge page that there is none of: the program's own error
		}
		l = &lostPage{size: size, since: start}
	}
	f := view.Failure{ID: l.id, What: "page", Mechanism: l.mechanism, How: how, Age: time.Since(l.since).Seconds()}
	content, cure := e.contents(p, m, page, l)
	if cure != shadowmem.Incurable {
		err = e.install(p, m, page, l, content)
		for try := 1; errors.Is(err, unix.ENOMEM) && try < installTries; try++ {
			err = e.install(p, m, page, l, content)
		}
	}
	if err == nil && cure != shadowmem.Incurable {
		delete(p.lost, page)
		p.repairs++
	}
	latency := since(start)
	if errors.Is(err, errNoHand) {
		return false, nil // whoever meets it next will have one
	}
	if !l.reported { // only now: to say where reads code, which may be on this page
		l.reported = true
		e.failure(view.EventDetected, p, e.threads[e.current], page, f)
	}
	f.Latency = latency
	switch {
	case errors.Is(err, unix.ESRCH):
		return false, err
	case err != nil:
		e.logf("%d: %#x could not be replaced: %v", p.pid, page, err)
		fallthrough
	case cure == shadowmem.Incurable:
		if l.hopeless {
			return false, nil
		}
		l.hopeless = true
		e.failure(view.EventUnrecovered, p, e.threads[e.current], page, f)
		return false, nil
	}
	e.failure(view.EventRecovered, p, e.threads[e.current], page, f)
	e.countLost(p, page)
	return true, nil
}

// contents are the bytes that a lost page had; nil if the mapping has them itself once the unreadable page is gone.
func (e *engine) contents(p *process, m shadowmem.Mapping, page uint64, l *lostPage) ([]byte, shadowmem.Cure) {
	mirror := e.layout.InMirror(page)
	if l.aside != 0 && m.SharedHalf(mirror) {
		return nil, shadowmem.FromFile
	}
	cure, from := m.Cure(mirror), page
	switch cure {
	case shadowmem.FromMirror:
		from = page + e.layout.Offset
	case shadowmem.FromNative:
		from = page - e.layout.Offset
	case shadowmem.FromFile:
		if l.aside == 0 {
			cure = shadowmem.Incurable
		}
		return nil, cure
	default:
		return nil, cure
	}
	b := make([]byte, l.size)
	if n, _ := p.mem.ReadRaw(from, b); n < len(b) {
		return nil, shadowmem.Incurable // lost in both halves
	}
	return b, cure
}

// marked says whether the kernel has a mark in the place of a page: it is lost, unless it is in swap.
func (e *engine) marked(p *process, page uint64) bool {
	for _, t := range e.threads {
		if t.p != p {
			continue
		}
		f, err := os.Open("/proc/" + strconv.Itoa(t.tid) + "/pagemap")
		if err != nil {
			return false
		}
		defer f.Close()
		w, err := pagemapWords(f, page, shadowmem.PageSize)
		return err == nil && w[0]&shadowmem.PageSwapped != 0
	}
	return false
}

// installTries is how often a new page is asked for: the kernel may be about to make room.
const installTries = 5

// install puts a page with the given contents in the place of a bad one, at once for all threads of the process.
func (e *engine) install(p *process, m shadowmem.Mapping, page uint64, l *lostPage, b []byte) error {
	if e.opts.testInstall != nil {
		if err := e.opts.testInstall(e); err != nil {
			return err
		}
	}
	t := e.hand(p)
	if l.aside != 0 {
		if t == nil {
			return errNoHand
		}
		return e.bringBack(t, page, l, b)
	}
	if t == nil && p.uffd == nil {
		return errNoHand
	}
	uf, err := p.uffd, error(nil)
	if uf == nil {
		uf, err = e.userfault(t)
	}
	if err != nil || e.opts.testMove == 2 {
		if t == nil {
			return errNoHand
		}
		return e.moveOver(t, m, page, b)
	}
	if e.opts.testMove == 0 {
		if err = uf.Copy(page, b); err == nil || !errors.Is(err, unix.EEXIST) {
			return err
		}
		if _, err := p.mem.ReadRaw(page, make([]byte, 1)); err == nil {
			return nil // somebody else did
		}
	}
	if t == nil {
		return errNoHand
	}
	return e.replace(t, uf, m, page, b, l)
}

// replace empties a page and fills it, while no thread runs that could see it empty: for what the kernel has given up, which
// is no mark that could be overwritten, and for a page whose frame is not trusted. Frames that were just freed are the first
// to be used again: others are taken in between.
//
// l is nil if the page is not lost. A thread that met it too may have had it repaired while it was parked, and have stored.
func (e *engine) replace(t *thread, uf *ptrace.Userfault, m shadowmem.Mapping, page uint64, b []byte, l *lostPage) error {
	if !m.Anonymous(e.layout.InMirror(page)) && m.Flags&unix.MAP_HUGETLB == 0 {
		return e.moveOver(t, m, page, b)
	}
	return e.alone(t, func() error {
		if l != nil {
			cure := shadowmem.Incurable
			if _, err := t.p.mem.ReadRaw(page, make([]byte, 1)); err == nil {
				return nil
			}
			if b, cure = e.contents(t.p, m, page, l); cure == shadowmem.Incurable {
				return unix.EIO
			}
		}
		return e.refill(t, uf, page, b)
	})
}

// refill empties a page and fills it with b.
func (e *engine) refill(t *thread, uf *ptrace.Userfault, page uint64, b []byte) error {
	const frames = 32
	bait := &call{nr: unix.SYS_MMAP, args: [6]uint64{0, frames * shadowmem.PageSize, unix.PROT_READ | unix.PROT_WRITE,
		unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_POPULATE, ^uint64(0)}}
	err := e.borrow(t, &call{nr: unix.SYS_MADVISE, args: [6]uint64{page, uint64(len(b)), unix.MADV_DONTNEED_LOCKED}}, bait)
	if err == nil {
		if err = uf.Copy(page, b); err != nil && t.p.mem.Write(page, b) == nil { // it is empty, and nobody runs
			err = nil
		}
		if err2 := e.borrow(t, &call{nr: unix.SYS_MUNMAP, args: [6]uint64{uint64(bait.ret), frames * shadowmem.PageSize}}); err == nil {
			err = err2
		}
	}
	return err
}

var errNoHand = errors.New("no thread of the process can make a system call now")

// bringBack moves the mapping that was put aside to its place, with contents if they are given.
func (e *engine) bringBack(t *thread, page uint64, l *lostPage, b []byte) error {
	if b != nil && !e.shows(t.p, l.aside, b) {
		if err := t.p.mem.Write(l.aside, b); err != nil {
			return err
		}
	}
	t.p.mem.Hide(page, false)
	return e.borrow(t, &call{nr: unix.SYS_MREMAP, args: [6]uint64{l.aside, l.size, l.size, unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED, page}})
}

// shows says whether memory has these bytes already: a page of a file that was never written stays the file's.
func (e *engine) shows(p *process, at uint64, b []byte) bool {
	old := make([]byte, len(b))
	n, _ := p.mem.ReadRaw(at, old)
	return n == len(b) && string(old) == string(b)
}

// moveOver fills a new page elsewhere and moves it over the bad one. The kernel then keeps it as a mapping of its own, which
// mremap(2) of more than that does not like: it is for pages of files, and where there is no userfaultfd.
func (e *engine) moveOver(t *thread, m shadowmem.Mapping, page uint64, b []byte) error {
	prot := hostProt(m.Prot)
	if e.layout.InMirror(page) {
		prot = m.TwinProt
	} else if t.p.guarded[page] {
		prot &^= unix.PROT_WRITE
	}
	size := uint64(len(b))
	room := &call{nr: unix.SYS_MMAP, args: [6]uint64{0, size, unix.PROT_READ | unix.PROT_WRITE, uint64(unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | m.Flags&unix.MAP_HUGETLB), ^uint64(0)}}
	if err := e.borrow(t, room); err != nil {
		return fmt.Errorf("a new page: %w", err)
	}
	at := uint64(room.ret)
	if err := t.p.mem.Write(at, b); err != nil {
		return err
	}
	return e.borrow(t,
		&call{nr: unix.SYS_MPROTECT, args: [6]uint64{at, size, uint64(prot)}},
		&call{nr: unix.SYS_MREMAP, args: [6]uint64{at, size, size, unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED, page}})
}
