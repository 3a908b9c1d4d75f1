package engine

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/saved"
	"kmv/engine/seccomp"
	"kmv/shadowmem"
	"kmv/translator/x86"
)

// process is one address space of the target and what the kernel keeps with it. A vfork child lives in its parent's.
type process struct {
	pid     int // thread group of the address space's first user
	mem     *ptrace.Memory
	space   *shadowmem.Space
	code    *codeCache
	heap    heap
	signals *signalTable
	exe     string
	threads int // that use the address space
	text    textCache
	saved   *saved.Store // translations of other address spaces and runs

	guarded   map[uint64]bool // pages that were translated, are writable, and were made read-only for that
	guardLow  uint64          // the range around guarded, as the threads' blocks have it
	guardHigh uint64
	writes    map[uint64]int   // to guarded pages
	unguarded []uint64         // pages that are to be guarded when the translation is done
	objects   map[*object]bool // shared objects of which it maps twins
	limit     *unix.Rlimit     // RLIMIT_AS, once the program has set it, or as kmv was started with
	shares    bool             // memory, with other processes
	lockNew   lockNew          // mlockall's MCL_FUTURE
	mostSize  uint64           // of its memory and of what is resident, in KiB, as far as seen
	mostRSS   uint64
	noDump    bool           // PR_SET_DUMPABLE 0: see setDumpable
	leftOver  bool           // parts of the mirror half could not be unmapped
	sole      *sole          // a system call of one thread, for which the others wait
	forkOps   []shadowmem.Op // what the mirror half of a forked child still needs
	buf       []byte         // for copies
	exiting   bool           // exit_group has been asked for, or a fatal signal delivered: its memory may be gone at any time
	copied    uint64         // bytes that the engine copied to the mirror

	lost    map[uint64]*lostPage // unreadable pages, by address in their half
	repairs int                  // lost pages that were repaired
	uffd    *ptrace.Userfault    // nil until it is needed

	flips []flipped // bits that an injection changed, and that nobody has found yet
	stuck []stuckBits

	errors    map[uint64]int // repaired ones, by page
	watches   *watching      // nil if nothing is watched
	modules   []module       // the ELF files in it; nil when the mappings have changed
	lastStore uint64         // the last store that a watcher was told of
	lastSize  int
}

// thread is one thread of the target.
type thread struct {
	tid, pid   int
	p          *process
	slot       int         // its block in the thread section
	regs       ptrace.Regs // as of the last stop; Rip is native where a comment says so
	signals    *signalTable
	mask       uint64           // the program's signal mask, while it has no block: see signalMask
	during     uint64           // the mask in force inside the system call under way (sigsuspend, ppoll ...)
	swapped    bool             // during is valid
	deferred   []ptrace.Siginfo // signals to deliver when it next stands between native instructions
	held       []ptrace.Siginfo // signals that the program blocks and the kernel may not
	call       *pending         // system call under way through the gadget
	rest       *remainder       // of one that a stop of the engine's own has cut short, when it goes on from behind it
	clearTID   uint64           // set_tid_address, CLONE_CHILD_CLEARTID
	wait       wait             // the last one that was interrupted
	robust     []uint64         // words of the list of set_robust_list when it asked to end
	running    bool
	clean      bool          // it stands where it may be stopped for long
	stopDue    bool          // a stopping signal took effect while the engine used the thread
	ranAt      int64         // when it was let run last, in microseconds: see near
	pace       time.Duration // how long it runs between stops
	stops      int           // since the kernel was asked what time it has used, and when that was
	used       time.Duration
	looked     time.Time
	borrows    bool         // it is a child of vfork, whose parent waits
	ownCPUs    bool         // it has chosen its processors
	cpus       *unix.CPUSet // those that it had when it was kept near last
	stopped    ptrace.Stop  // the last stop
	limit      *unix.Rlimit // of the program that it executes next
	filters    *seccomp.Chain
	readExec   bool   // READ_IMPLIES_EXEC
	fetchFault bool   // the fault that is being delivered is a fetch of the next instruction
	repairs    int    // of its process, when a call or a frame of it last met a page that could not be reached
	early      bool   // it wants to be told of memory errors before it meets them
	metAgain   access // that a protection fault was about, where errors are made by protection
	vforking   bool   // waits inside the kernel for its vfork child; cannot be stopped
	exiting    bool   // has asked the kernel to end it
	watched    bool   // stops when it ends: see dying
	killed     bool   // while the engine was about to bring it to rest
	half       extent // what it may have written to one half only when it was

	goal    *goal             // what a watcher wants it to do
	skipped []shadowmem.Range // writes to the mirror that the engine left out, to be copied
	over    uint64            // the breakpoint here was hit already
	doom    *ptrace.Siginfo   // a signal that will kill it, of which a watcher was told first

	birth     *cloneArgs // of the clone under way, or of the thread itself until its first stop
	parked    []*thread  // that wait for its fork
	birthRegs ptrace.Regs
	parent    int // thread that made it, 0 once it has begun
}

// slotAt reads one of the translator's slots of the thread.
func (t *thread) slotAt(slot int32) uint64 {
	return binary.LittleEndian.Uint64(t.p.code.thread(t.slot)[slot:])
}

func (t *thread) setSlot(slot int32, v uint64) {
	binary.LittleEndian.PutUint64(t.p.code.thread(t.slot)[slot:], v)
}

// textCache keeps native code that was translated from, in pieces that overlap by more than an instruction.
type textCache struct {
	pieces map[uint64][]byte
	buf    []byte
}

const (
	textPiece   = 16 << 10
	textOverlap = 64
	textMost    = 512
)

// forget drops what was read of [start, end).
func (t *textCache) forget(start, end uint64) {
	first, last := (start-min(start, textOverlap))/textPiece, (end-1)/textPiece
	if last-first > uint64(len(t.pieces)) {
		clear(t.pieces)
		return
	}
	for i := first; i <= last; i++ {
		delete(t.pieces, i)
	}
}

// source reads native code; the slice is empty where nothing is mapped.
func (p *process) source(pc uint64) []byte {
	t := &p.text
	at := pc &^ (textPiece - 1)
	b, ok := t.pieces[pc/textPiece]
	if !ok {
		if t.pieces == nil || len(t.pieces) > textMost {
			t.pieces = map[uint64][]byte{}
		}
		b = make([]byte, textPiece+textOverlap)
		n, _ := p.mem.ReadSome(at, b)
		b = b[:n]
		if uint64(n) <= pc-at { // a hole before pc: read from pc's page
			at = pc &^ 0xfff
			n, _ = p.mem.ReadSome(at, b[:cap(b)])
			return b[min(int(pc-at), n):n]
		}
		t.pieces[pc/textPiece] = b
	}
	if pc-at >= uint64(len(b)) {
		delete(t.pieces, pc/textPiece)
		return nil
	}
	return b[pc-at:]
}

// readable says whether there is a whole instruction at a native address, one that can be decoded or not.
func (p *process) readable(pc uint64) bool {
	p.text.forget(pc, pc+1)
	var in x86.Inst
	return x86.Decode(p.executable(pc), &in) != x86.ErrTruncated
}

// ensure gives the block of a native address, translating it if need be.
func (p *process) ensure(pc uint64) *block {
	c := p.code
	if b, ok := c.find(pc); ok {
		return b
	}
	p.recall(pc)
	first := len(c.blocks)
	c.ensure(pc, p.executable)
	for i := range c.blocks[first:] {
		b := &c.blocks[first+i]
		if last := b.native + uint64(max(b.size, 1)) - 1; last>>12 != b.native>>12 {
			p.watch(last)
		}
	}
	b, _ := c.find(pc)
	return b
}

// watch notes that code of a native address's page has been translated: if the page can be written, it is to be guarded.
func (p *process) watch(pc uint64) {
	page := pc &^ 4095
	if m, ok := p.space.Find(shadowmem.Native(pc)); ok && m.Writable() && !p.guarded[page] {
		p.unguarded = append(p.unguarded, page)
	}
}

// executable is source, restricted to what the program may execute.
func (p *process) executable(pc uint64) []byte {
	m, ok := p.space.Find(shadowmem.Native(pc))
	if !ok || m.Prot&unix.PROT_EXEC == 0 {
		return nil
	}
	if m.Writable() {
		p.text.forget(pc, pc+1) // it may have been written since it was read, if it is not guarded yet
	}
	p.watch(pc)
	if pc >= uint64(p.code.layout.Code.High) {
		p.code.farCode = true
	}
	b := p.source(pc)
	if most := uint64(m.End) - pc; uint64(len(b)) > most {
		if next, ok := p.space.Find(m.End); !ok || next.Prot&unix.PROT_EXEC == 0 {
			b = b[:most]
		}
	}
	return b
}
