package shadowmem

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// OpKind is a thing to do to the mirror half.
type OpKind uint8

// The kinds of Op. Each is one call in the target, but for OpCopy.
const (
	OpMap     OpKind = iota // mmap(Addr, Len, Prot, Flags, fd of Source, FileOff)
	OpUnmap                 // munmap(Addr, Len)
	OpProtect               // mprotect(Addr, Len, Prot)
	OpRemap                 // mremap(From, FromLen, Len, Flags, Addr)
	OpAdvise                // madvise(Addr, Len, Advice)
	OpCopy                  // copy Len bytes from native to Addr as Op says
)

var opNames = [...]string{"map", "unmap", "protect", "remap", "advise", "copy"}

func (k OpKind) String() string { return opNames[k] }

// Op is one thing to do to the mirror half, in the order given. The addresses are known to be free: a map that fails with
// EEXIST means that the model and the target disagree.
//
// A copy happens whatever the protection (process_vm_writev minds it, /proc/PID/mem does not), and page by page: a native
// page that cannot be read, past the end of its file or a guard, holds nothing to copy. Pages whose pagemap words Select
// would call equal before the copy may be left out: that keeps untouched memory untouched.
type Op struct {
	Kind    OpKind
	Addr    Mirror
	Len     uint64
	Prot    int    // OpMap, OpProtect; OpRemap: the protection that the twin has, for Instead
	Flags   int    // OpMap: of mmap; OpRemap: of mremap
	Source  Source // OpMap: what to map. SourceFile: the file that Birth.File promised
	FileOff int64  // OpMap of SourceFile and SourceSink
	From    Mirror // OpRemap: the old address
	FromLen uint64
	Advice  int  // OpAdvise
	Hint    bool // the bytes do not depend on it: if it fails, go on
}

func (o Op) String() string {
	text := fmt.Sprintf("%v %#x+%#x", o.Kind, uint64(o.Addr), o.Len)
	switch o.Kind {
	case OpMap:
		text += fmt.Sprintf(" prot %d flags %#x %v+%#x", o.Prot, o.Flags, o.Source, o.FileOff)
	case OpProtect:
		text += fmt.Sprintf(" prot %d", o.Prot)
	case OpRemap:
		text += fmt.Sprintf(" from %#x+%#x flags %d", uint64(o.From), o.FromLen, o.Flags)
	case OpAdvise:
		text += fmt.Sprintf(" advice %d", o.Advice)
	}
	return text
}

// Birth says how a native mapping came to be, as far as its twin depends on that.
type Birth struct {
	Fresh bool // it was just made by mmap or brk: anonymous memory is zero, a private file mapping is the file
	File  bool // its file can be mapped again: the descriptor of the program's mmap call, or one opened anew (see Instead)
	Twin  bool // a shared object has, or can be given, one twin for all processes of the tree that map it
}

// The sink takes the mirror writes of what is not mirrored, so that translated code need not ask. It is one memfd of the
// process, mapped shared, again and again from its beginning, over the mirror of such a range. At most sinkFolds mappings
// go to one native mapping, so that vm.max_map_count lasts; so the memfd's size is the largest fold of all, and the memory
// lost to sinks is at most 2 MiB or 1/64 of the largest unmirrored mapping, whichever is more, and only what was written.
const (
	sinkFold  = 2 << 20
	sinkFolds = 64
)

// SinkSize is how long the sink must be for ops: the engine extends the memfd before it does them.
func SinkSize(ops []Op) int64 {
	var size int64
	for _, op := range ops {
		if op.Kind == OpMap && op.Source == SourceSink {
			size = max(size, op.FileOff+int64(op.Len))
		}
	}
	return size
}

// twinMost is the largest shared file of which a twin is made: its contents are copied when it is mapped.
const twinMost = 4 << 30

// decision is what Twin does with a mapping.
type decision struct {
	state  State
	source Source
	copy   bool // fill the twin from native
	why    string
}

// decide says what a mapping gets. m.State is the policy's answer.
//
// Rules, first match:
//
//	the kernel's own pages      none: nobody writes them
//	not wanted                  sink while it is writable
//	a device or kernel ring     sink while it is writable: mapping it a second time would have effects
//	shared anonymous            shared anonymous memory, with any protection: forked children share both
//	shared or file, read-only   none until mprotect adds PROT_WRITE: then its contents are copied
//	shared, up to 4 GiB         the twin of the whole object, which every process of the tree maps beside the object
//	shared                      private twin: the program's stores are doubled, those of others cannot be: a gap
//	droppable                   private twin; the kernel may zero the native page at any time: a gap
//	private file                the same file, private, at the same offset: untouched pages cost nothing and follow the
//	                            file when others write it; without the file at hand, a copy, which does not follow
//	private anonymous           the same, with any protection: reserves what the original reserves
//	hugetlb                     ordinary memory: the pool has pages for the program only
func (m Mapping) decide(b Birth) decision {
	sink := SourceNone
	if m.Writable() {
		sink = SourceSink
	}
	source, filled := SourceAnon, !b.Fresh || m.HasFile()
	if m.HasFile() && b.File && m.Flags&unix.MAP_HUGETLB == 0 {
		source, filled = SourceFile, !b.Fresh && !m.IsShared()
	}
	switch {
	case m.Kind == VDSO:
		return decision{ReadOnly, SourceNone, false, "the kernel's own page"}
	case m.State == Off:
		return decision{Off, sink, false, ""}
	case m.Kind == Special && m.Writable():
		return decision{Unprotected, sink, false, "device memory or a ring shared with the kernel"}
	case m.IsShared() && !m.HasFile():
		return decision{m.State, SourceShared, !b.Fresh, ""}
	case m.hasOffset() && !m.Writable():
		return decision{ReadOnly, SourceNone, false, "not writable"}
	case m.IsShared() && b.Twin && m.Len() <= twinMost:
		return decision{m.State, SourceShared, true, ""}
	case m.IsShared():
		return decision{Unprotected, source, filled, "shared: writes through other mappings and by other processes do not reach the copy"}
	case m.Flags&unix.MAP_TYPE == unix.MAP_DROPPABLE:
		return decision{Unprotected, source, filled, "droppable: the kernel may empty it at any time"}
	}
	if m.HasFile() && source == SourceAnon {
		return decision{m.State, source, filled, "copied from its file: if others change that, untouched pages do not follow"}
	}
	return decision{m.State, source, filled, ""}
}

// Twin plans the mirror of a native mapping that has none yet, and returns the mapping as it is with its twin. m.State is
// the policy's answer (see Policy.Split): Mirrored, Fenced or Off. Nothing is recorded.
func (s *Space) Twin(m Mapping, b Birth) (Mapping, []Op) {
	d := m.decide(b)
	if d.source == SourceSink && s.Policy.None() && !s.Sinks {
		d.source = SourceNone // no translated code writes to the mirror at all
	}
	m.State, m.Why, m.Twin = d.state, d.why, d.source
	switch d.source {
	case SourceNone:
		m.TwinProt = 0
		return m, nil
	case SourceSink:
		m.TwinProt = unix.PROT_READ | unix.PROT_WRITE
		return m, sinkOps(s.Layout.Mirror(m.Start), m.Len())
	}
	m.TwinProt = m.Prot &^ unix.PROT_EXEC
	if d.source == SourceShared { // nobody, not even through /proc/PID/mem, writes to a shared mapping that is read-only
		m.TwinProt = unix.PROT_READ | unix.PROT_WRITE
	}
	return m, s.build(m, d.copy)
}

// build maps the twin that m says, advises it like m, and fills it if asked.
func (s *Space) build(m Mapping, filled bool) []Op {
	ops := []Op{m.twinMap(s.Layout)}
	if s.KSM {
		ops = append(ops, s.advise(m, unix.MADV_UNMERGEABLE))
	}
	for _, advice := range m.Advice.calls() {
		ops = append(ops, s.advise(m, advice))
	}
	if m.PageSize() > PageSize {
		ops = append(ops, s.advise(m, unix.MADV_HUGEPAGE))
	}
	if filled {
		ops = append(ops, s.copyOf(m.Start, m.End))
	}
	return ops
}

// twinFlags are the flags of a native mapping that its twin has too: they decide what is reserved, how it grows, and
// whether the kernel joins it with its neighbours (MAP_STACK means MADV_NOHUGEPAGE since Linux 6.7). MAP_LOCKED and
// MAP_POPULATE are not among them: RLIMIT_MEMLOCK is the program's, and untouched pages shall cost nothing.
const twinFlags = unix.MAP_NORESERVE | unix.MAP_GROWSDOWN | unix.MAP_STACK

func (m Mapping) twinMap(l Layout) Op {
	op := Op{Kind: OpMap, Addr: l.Mirror(m.Start), Len: m.Len(), Prot: m.TwinProt, Source: m.Twin, FileOff: m.FileOff,
		Flags: unix.MAP_PRIVATE | unix.MAP_FIXED_NOREPLACE | m.Flags&twinFlags}
	switch {
	case m.Twin == SourceAnon:
		op.Flags, op.FileOff = op.Flags|unix.MAP_ANONYMOUS, 0
	case m.Twin == SourceShared:
		op.Flags = op.Flags&^(unix.MAP_PRIVATE|unix.MAP_GROWSDOWN) | unix.MAP_SHARED | unix.MAP_NORESERVE
		if !m.HasFile() {
			op.Flags, op.FileOff = op.Flags|unix.MAP_ANONYMOUS, 0
		}
	}
	return op
}

func (s *Space) advise(m Mapping, advice int) Op {
	return Op{Kind: OpAdvise, Addr: s.Layout.Mirror(m.Start), Len: m.Len(), Advice: advice, Hint: true}
}

func (s *Space) copyOf(start, end Native) Op {
	return Op{Kind: OpCopy, Addr: s.Layout.Mirror(start), Len: uint64(end - start)}
}

// sinkOps maps the sink over size bytes at addr.
func sinkOps(addr Mirror, size uint64) []Op {
	fold := max(sinkFold, ((size+sinkFolds-1)/sinkFolds+sinkFold-1)/sinkFold*sinkFold)
	var ops []Op
	for done := uint64(0); done < size; done += fold {
		ops = append(ops, Op{Kind: OpMap, Addr: addr + Mirror(done), Len: min(fold, size-done), Source: SourceSink,
			Prot:  unix.PROT_READ | unix.PROT_WRITE,
			Flags: unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE | unix.MAP_NORESERVE})
	}
	return ops
}
