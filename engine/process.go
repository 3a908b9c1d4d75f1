package engine

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/shadowmem"
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

	guarded   map[uint64]bool // pages that were translated, are writable, and were made read-only for that
	writes    map[uint64]int  // to guarded pages
	unguarded []uint64        // pages that are to be guarded when the translation is done
	sink      sink
	forkOps   []shadowmem.Op // what the mirror half of a forked child still needs
	buf       []byte         // for copies
	exiting   bool           // exit_group has been asked for: its memory may be gone at any time
	copied    uint64         // bytes that the engine copied to the mirror
}

// thread is one thread of the target.
type thread struct {
	tid, pid   int
	p          *process
	slot       int         // its block in the thread section
	regs       ptrace.Regs // as of the last stop; Rip is native where a comment says so
	signals    *signalTable
	mask       uint64           // the program's signal mask: bit n-1 is signal n
	during     uint64           // the mask in force inside the system call under way (sigsuspend, ppoll ...)
	swapped    bool             // during is valid
	deferred   []ptrace.Siginfo // signals to deliver when it next stands between native instructions
	held       []ptrace.Siginfo // signals that the program blocks and the kernel may not
	call       *pending         // system call under way through the gadget
	clearTID   uint64           // set_tid_address, CLONE_CHILD_CLEARTID
	robustHead uint64           // set_robust_list
	robust     []uint64         // words of that list when it asked to end
	running    bool
	stopped    ptrace.Stop // the last stop
	fetchFault bool        // the fault that is being delivered is a fetch of the next instruction
	vforking   bool        // waits inside the kernel for its vfork child; cannot be stopped
	exiting    bool        // has asked the kernel to end it

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

// textCache keeps the native bytes that were last translated from, in pieces that overlap by more than an instruction.
type textCache struct {
	at  uint64
	buf []byte
}

const (
	textPiece   = 64 << 10
	textOverlap = 64
)

// source reads native code; the slice is empty where nothing is mapped.
func (p *process) source(pc uint64) []byte {
	t := &p.text
	if pc < t.at || pc >= t.at+textPiece || t.buf == nil {
		t.at = pc &^ (textPiece - 1)
		if t.buf == nil {
			t.buf = make([]byte, textPiece+textOverlap)
		}
		t.buf = t.buf[:cap(t.buf)]
		n, _ := p.mem.ReadSome(t.at, t.buf)
		if uint64(n) <= pc-t.at { // a hole before pc: read from pc's page
			t.at = pc &^ 0xfff
			n, _ = p.mem.ReadSome(t.at, t.buf)
		}
		t.buf = t.buf[:n]
	}
	if pc-t.at >= uint64(len(t.buf)) {
		t.buf = nil
		return nil
	}
	return t.buf[pc-t.at:]
}

// ensure gives the block of a native address, translating it if need be.
func (p *process) ensure(pc uint64) *block { return p.code.ensure(pc, p.executable) }

// executable is source, restricted to what the program may execute.
func (p *process) executable(pc uint64) []byte {
	m, ok := p.space.Find(shadowmem.Native(pc))
	if !ok || m.Prot&unix.PROT_EXEC == 0 {
		return nil
	}
	if m.Writable() && !p.guarded[pc&^4095] {
		p.unguarded = append(p.unguarded, pc&^4095)
	}
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
