package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
)

// How a page is made unreadable. What happens to the program is the same: its contents are gone, and every access faults.
const (
	byHWPoison   = "hwpoison"    // madvise(2), MADV_HWPOISON: the kernel gives up the frame. Needs CAP_SYS_ADMIN
	byUserfault  = "uffd-poison" // UFFDIO_POISON: the kernel's own marker for such a page, without losing a frame
	byProtection = "protection"  // PROT_NONE, on kernels that have neither
)

// lostPage is a page of either half whose contents are lost. Recovery does not rely on this note: it is what an injection
// must be able to undo, and to be named by.
type lostPage struct {
	id        int
	size      uint64
	mechanism string
	aside     uint64 // where the mapping itself waits, if an unreadable page stands in its place; its contents are lost too
	since     time.Time
	reported  bool
	hopeless  bool // both copies are lost, and that was told
	inherited bool // by fork
}

// injectable says why a page cannot be made unreadable, nil if it can. at is an address of either half.
func (e *engine) injectable(p *process, at uint64) (m shadowmem.Mapping, start, size uint64, err error) {
	native, mirror := e.layout.NativeOf(at), e.layout.InMirror(at)
	size = shadowmem.PageSize
	m, ok := p.space.Find(native)
	switch {
	case !ok:
		return m, 0, 0, fmt.Errorf("nothing is mapped at %#x", uint64(native))
	case m.Kind == shadowmem.VDSO || m.Kind == shadowmem.Special:
		return m, 0, 0, fmt.Errorf("%v: not memory of the program", m)
	case mirror && !m.Copied():
		return m, 0, 0, fmt.Errorf("%v: it has no copy", m)
	case !mirror:
		size = m.PageSize()
	}
	return m, at &^ (size - 1), size, nil
}

// poison makes the page at an address of either half unreadable and its contents lost, as an uncorrectable memory error
// does. The process is at rest; t is a thread of it that can make system calls. It says by what mechanism. id is the
// injected error's, for the events.
func (e *engine) poison(t *thread, at uint64, id int) (mechanism string, err error) {
	if e.ownRange(at) != "" {
		return e.poisonOwn(t, at)
	}
	m, page, size, err := e.injectable(t.p, at)
	if err != nil {
		return "", err
	}
	if t.p.lost[page] != nil {
		return "", fmt.Errorf("the page at %#x is bad already", page)
	}
	l := &lostPage{id: id, size: size, since: time.Now()}
	mirror := e.layout.InMirror(page)
	direct := m.Anonymous(mirror) || m.Flags&unix.MAP_HUGETLB != 0 && !mirror
	if !direct {
		if err := e.moveAside(t, page, l, m.SharedHalf(mirror)); err != nil {
			return "", err
		}
	}
	if err := e.makeUnreadable(t, page, l, direct); err != nil {
		return "", err
	}
	if t.p.lost == nil {
		t.p.lost = map[uint64]*lostPage{}
	}
	t.p.lost[page] = l
	return l.mechanism, nil
}

// moveAside puts an empty anonymous page in the place of one that the kernel cannot mark: pages of files. The mapping
// itself waits elsewhere. A private page's contents are dropped there; those of a shared one belong to others too.
func (e *engine) moveAside(t *thread, page uint64, l *lostPage, shared bool) error {
	room := &call{nr: unix.SYS_MMAP, args: [6]uint64{0, l.size, unix.PROT_NONE, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, ^uint64(0)}}
	if err := e.borrow(t, room); err != nil {
		return err
	}
	l.aside = uint64(room.ret)
	calls := []*call{
		{nr: unix.SYS_MREMAP, args: [6]uint64{page, l.size, l.size, unix.MREMAP_MAYMOVE | unix.MREMAP_FIXED, l.aside}},
		{nr: unix.SYS_MMAP, args: [6]uint64{page, l.size, unix.PROT_READ | unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE, ^uint64(0)}},
	}
	if !shared {
		calls = append(calls, &call{nr: unix.SYS_MADVISE, args: [6]uint64{l.aside, l.size, unix.MADV_DONTNEED}})
	}
	return e.borrow(t, calls...)
}

// makeUnreadable drops the page and marks it.
func (e *engine) makeUnreadable(t *thread, page uint64, l *lostPage, direct bool) error {
	if direct && e.hwpoison(t, page) {
		l.mechanism = byHWPoison
		return nil
	}
	uf, err := e.userfault(t)
	if err != nil {
		l.mechanism = byProtection
		return e.protectAway(t, page, l, direct)
	}
	content := make([]byte, l.size)
	if direct {
		if _, err := t.p.mem.ReadRaw(page, content); err != nil {
			return err
		}
	}
	l.mechanism = byUserfault
	if err := e.dropAndMark(t, uf, page, l.size, direct); err != nil {
		e.logf("%d: UFFDIO_POISON at %#x: %v", t.pid, page, err)
		if direct { // nothing has happened, then
			err = errors.Join(err, t.p.mem.Write(page, content))
		}
		return fmt.Errorf("UFFDIO_POISON at %#x: %w", page, err)
	}
	return nil
}

// dropAndMark gives up a page's contents, where it has some of its own, and marks it. Who reads the page in between, as the
// scrubber may, makes a new one there (EEXIST).
func (e *engine) dropAndMark(t *thread, uf *ptrace.Userfault, page, size uint64, own bool) (err error) {
	for range 10 {
		if own {
			if err := e.borrow(t, &call{nr: unix.SYS_MADVISE, args: [6]uint64{page, size, unix.MADV_DONTNEED_LOCKED}}); err != nil {
				return fmt.Errorf("drop the page: %w", err)
			}
		}
		if err = uf.Poison(page, size); !own || !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return err
}

// protectAway is for kernels without UFFDIO_POISON.
func (e *engine) protectAway(t *thread, page uint64, l *lostPage, direct bool) error {
	if direct {
		if err := e.moveAside(t, page, l, false); err != nil {
			return err
		}
	}
	t.p.mem.Hide(page, true)
	return e.borrow(t, &call{nr: unix.SYS_MPROTECT, args: [6]uint64{page, l.size, unix.PROT_NONE}})
}

// hwpoison lets the kernel give up a page's frame, if it can (CONFIG_MEMORY_FAILURE) and may, and nobody else has the frame.
func (e *engine) hwpoison(t *thread, page uint64) bool {
	const madvHWPoison = 100
	if e.noHWPoison || !e.ownFrame(t, page) {
		return false
	}
	err := e.borrow(t, &call{nr: unix.SYS_MADVISE, args: [6]uint64{page, shadowmem.PageSize, madvHWPoison}})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) {
		e.noHWPoison = true
	}
	return err == nil
}

// userfault is the process's userfaultfd, opened on first use. The program never sees the descriptor.
func (e *engine) userfault(t *thread) (*ptrace.Userfault, error) {
	if t.p.uffd != nil {
		return t.p.uffd, nil
	}
	if e.opts.testOld {
		e.noUserfault = unix.ENOSYS
	}
	if e.noUserfault != nil {
		return nil, e.noUserfault
	}
	open := &call{nr: unix.SYS_USERFAULTFD, args: [6]uint64{ptrace.UserfaultFlags}}
	if err := e.borrow(t, open); err != nil {
		e.noUserfault = fmt.Errorf("userfaultfd: %w", err)
		return nil, e.noUserfault
	}
	fd, err := ptrace.TakeFD(t.pid, int(open.ret))
	if err2 := e.borrow(t, &call{nr: unix.SYS_CLOSE, args: [6]uint64{uint64(open.ret)}}); err == nil {
		err = err2
	}
	if err != nil {
		return nil, err
	}
	if t.p.uffd, err = ptrace.NewUserfault(fd); err != nil {
		e.noUserfault = err
	}
	return t.p.uffd, err
}

// borrow makes system calls in a stopped thread and puts its registers back as they were, wherever it stands. The error
// is that of the first call that fails.
func (e *engine) borrow(t *thread, calls ...*call) error {
	was, native := ptrace.Regs{}, t.regs
	if err := ptrace.GetRegs(t.tid, &was); err != nil {
		return err
	}
	stopped := t.stopped
	err := t.inject(calls...)
	if t.regs = native; err != nil {
		return err
	}
	if t.stopped.Kind == ptrace.Signaled && stopped.Kind != ptrace.Signaled {
		stopped.Kind = ptrace.Signaled // from which it can be turned into a delivery
	}
	t.stopped = stopped
	if err := ptrace.SetRegs(t.tid, &was); err != nil {
		return err
	}
	for _, c := range calls {
		if err := c.err(); err != nil {
			return err
		}
	}
	return nil
}

// hand is a stopped thread of a process that can make system calls, nil if there is none now.
func (e *engine) hand(p *process) *thread {
	if t := e.threads[e.current]; t != nil && t.p == p && e.usable(t) {
		return t
	}
	for _, t := range e.threads {
		if t.p == p && e.usable(t) {
			return t
		}
	}
	return nil
}

func (e *engine) usable(t *thread) bool {
	if t.running || t.exiting || t.vforking || t.parent != 0 || e.threads[t.tid] != t {
		return false
	}
	if t.stopped.Kind != ptrace.Signaled && t.stopped.Kind != ptrace.Interrupted && t.stopped.Kind != ptrace.Other {
		return false
	}
	for _, s := range e.queue {
		if s.Tid == t.tid { // its stop is still to be looked at
			return false
		}
	}
	return true
}

// ownFrame says whether a page is private and its frame in nobody else's use.
func (e *engine) ownFrame(t *thread, page uint64) bool {
	f, err := os.Open("/proc/" + strconv.Itoa(t.tid) + "/pagemap")
	if err != nil {
		return false
	}
	defer f.Close()
	w, err := pagemapWords(f, page, shadowmem.PageSize)
	return err == nil && w[0]&(shadowmem.PagePresent|shadowmem.PageFile|shadowmem.PageExclusive) == shadowmem.PagePresent|shadowmem.PageExclusive
}
