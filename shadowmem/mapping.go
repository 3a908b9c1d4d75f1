package shadowmem

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Range is a range of native bytes, End excluded. Unlike a Mapping it need not be page aligned.
type Range struct{ Start, End Native }

// Kind says what a mapping is for. The engine knows when it makes one; the kernel would not tell.
type Kind uint8

// The kinds. Each belongs to one class of the --mirror option.
const (
	Anon        Kind = iota // anonymous memory: mmap, big mallocs, arenas of other threads
	Heap                    // the brk area
	Stack                   // the main thread's stack
	ThreadStack             // anonymous memory mapped with MAP_STACK
	Data                    // a writable segment of the executable or a library, with its bss
	Text                    // a segment of the executable or a library that is not writable
	File                    // any other private file mapping
	Shared                  // a shared mapping of a file, a memfd or anonymous memory
	VDSO                    // vdso, vvar and other pages of the kernel's own
	Special                 // device memory, rings shared with the kernel: writes have effects or come from elsewhere
)

var kindNames = [...]string{"anon", "heap", "stack", "thread stack", "data", "text", "file", "shared", "vdso", "special"}

func (k Kind) String() string { return kindNames[k] }

// State says what protects the bytes of a mapping.
type State uint8

// The states. Why in the Mapping says more for Unprotected and ReadOnly.
const (
	Mirrored    State = iota // each store is doubled; native and mirror are equal between instructions
	Fenced                   // the same, with the race-proof form of a store
	Off                      // the user does not want it: copies go to the sink
	Unprotected              // stores are doubled, but somebody else's writes are not (or the copy goes to the sink): a gap
	ReadOnly                 // the program cannot write it, so there is no copy yet
	States                   // how many there are
)

var stateNames = [...]string{"mirrored", "fenced", "off", "unprotected", "read-only"}

func (s State) String() string { return stateNames[s] }

// Source says what a mirror mapping is made of.
type Source uint8

// The sources.
const (
	SourceNone   Source = iota // no mirror mapping: a mirror write faults
	SourceAnon                 // private anonymous memory
	SourceFile                 // the native mapping's own file, MAP_PRIVATE at the same offset
	SourceSink                 // the sink: memory that is written and never read
	SourceShared               // a twin of the whole shared object, shared by the processes that share the object
)

var sourceNames = [...]string{"none", "anon", "file", "sink", "shared"}

func (s Source) String() string { return sourceNames[s] }

// Mapping is a piece of the native half with the same attributes throughout. Flags are those of mmap (MAP_SHARED,
// MAP_ANONYMOUS, MAP_NORESERVE, ...); a hugetlbfs file has MAP_HUGETLB too. Name is what /proc/PID/maps shows.
type Mapping struct {
	Start, End Native
	Prot       int // as the program asked, PROT_EXEC included
	Flags      int
	Kind       Kind
	Name       string
	Object     string // for bss: the executable or library that it belongs to
	FileOff    int64
	Dev, Ino   uint64
	Advice     Advice
	State      State
	Why        string // a reason for the state, for people
	Twin       Source // what stands at the mirror address
	TwinProt   int    // its protection; it may allow more than Prot, never less than PROT_WRITE of Prot
}

// Len is the number of bytes of the mapping.
func (m Mapping) Len() uint64 { return uint64(m.End - m.Start) }

// Writable says whether the program may write to it now.
func (m Mapping) Writable() bool { return m.Prot&unix.PROT_WRITE != 0 }

// IsShared says whether others see the program's writes. MAP_SHARED_VALIDATE has MAP_SHARED's bit.
func (m Mapping) IsShared() bool { return m.Flags&unix.MAP_SHARED != 0 }

// HasFile says whether a file, a memfd or a device stands behind it.
func (m Mapping) HasFile() bool { return m.Flags&unix.MAP_ANONYMOUS == 0 }

// Compared says whether its bytes must equal their copies.
func (m Mapping) Compared() bool {
	return (m.State == Mirrored || m.State == Fenced) && m.Copied()
}

// Copied says whether its mirror holds a copy of its bytes.
func (m Mapping) Copied() bool {
	return m.Twin == SourceAnon || m.Twin == SourceFile || m.Twin == SourceShared
}

// SharedHalf says whether other mappings show the same memory as this half does.
func (m Mapping) SharedHalf(mirror bool) bool {
	if mirror {
		return m.Twin == SourceShared
	}
	return m.IsShared()
}

// PageSize is the unit in which it can be cut: 4 KiB, or more for MAP_HUGETLB.
func (m Mapping) PageSize() uint64 {
	if m.Flags&unix.MAP_HUGETLB == 0 {
		return PageSize
	}
	if log := m.Flags >> unix.MAP_HUGE_SHIFT & unix.MAP_HUGE_MASK; log != 0 {
		return 1 << log
	}
	return 2 << 20
}

// Clip is the part of m inside [start, end), which must not be empty.
func (m Mapping) Clip(start, end Native) Mapping {
	start, end = max(start, m.Start), min(end, m.End)
	if start >= end {
		panic(fmt.Sprintf("BUG: no part of %v in %#x-%#x", m, uint64(start), uint64(end)))
	}
	if m.hasOffset() {
		m.FileOff += int64(start - m.Start)
	}
	m.Start, m.End = start, end
	return m
}

// at is m moved to start.
func (m Mapping) at(start Native) Mapping {
	m.Start, m.End = start, start+m.End-m.Start
	return m
}

// hasOffset says whether position in an object matters: shared anonymous memory is an object too.
func (m Mapping) hasOffset() bool { return m.HasFile() || m.IsShared() }

// joins says whether the kernel could keep m and next, which begins where m ends, as one mapping.
func (m Mapping) joins(next Mapping) bool {
	if m.End != next.Start || m.hasOffset() && m.FileOff+int64(m.Len()) != next.FileOff {
		return false
	}
	m.Start, m.End, m.FileOff = next.Start, next.End, next.FileOff
	return m == next
}

// String shows it like a line of /proc/PID/maps with its state.
func (m Mapping) String() string {
	perms := []byte("---p")
	for i, bit := range []int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
		if m.Prot&bit != 0 {
			perms[i] = "rwx"[i]
		}
	}
	if m.IsShared() {
		perms[3] = 's'
	}
	line := fmt.Sprintf("%x-%x %s %08x %v %v twin %v %s", uint64(m.Start), uint64(m.End), perms, m.FileOff, m.Kind,
		m.State, m.Twin, m.Name)
	return strings.TrimRight(line, " ")
}
