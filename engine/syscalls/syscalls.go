// Package syscalls says which bytes of user memory the kernel wrote, for every x86-64 system call.
//
// The kernel's writes have no instruction that could be doubled, so they are data here: one Row per system call. Most
// rows are simple enough for a generated stub that runs the call in the target and copies what it wrote; the rest stop.
//
//	                   Lookup(nr).For(args)
//	                            │
//	  ┌──────────┬──────────────┼─────────────┬─────────────┐
//	Pass      Regular       Irregular       Engine     Unsupported
//	run it    run it, copy  stop: Plan,     stop: the    answer Errno
//	          Effects       run, copy       engine does
//	└── no stop, in stub ─┘ Pending.Writes  it itself
//
// The package is pure: it makes no system call and keeps no state. To add a system call, add its row to table.go; to add
// an ioctl request, its row to ioctl_table.go; a call whose writes cannot be data gets a planner in plans (plan.go).
//
// Rule of thumb for the data: naming too many bytes is harmless (copying equal bytes native to mirror changes nothing,
// and a copy that runs off a mapping ends there; Loose says that they are many), naming too few is silent divergence.
package syscalls

import "golang.org/x/sys/unix"

// Kind says who runs a system call and how its writes are found.
type Kind uint8

// The kinds.
const (
	Pass        Kind = iota // writes no user memory and changes nothing that kmv virtualises: runs in the target without a stop
	Regular                 // writes described wholly by Effects: runs in the target, the stub copies, no stop
	Irregular               // writes found by Plan (nested pointers, value-result lengths): stops, the engine runs it and copies
	Engine                  // the engine implements or wraps it: memory map, signals, threads, processes, segment bases
	Unsupported             // answered with Errno without reaching the kernel
)

// String is the kind as the report shows it.
func (k Kind) String() string {
	return [...]string{"pass", "regular", "irregular", "engine", "unsupported"}[k]
}

// LenKind says how many bytes an Effect covers.
type LenKind uint8

// The kinds of length.
const (
	Fixed       LenKind = iota // N bytes
	FromArg                    // args[Arg]*N bytes, the declared maximum
	FromVector                 // of Sources only: what args[Arg] struct iovec at the pointer name
	FromMessage                // of Sources only: what the struct msghdr at the pointer names
	FromRet                    // min(ret, args[Arg])*N bytes when ret > 0; the minimum because recv(MSG_TRUNC), getxattr(size 0) return more than they write
)

// MaxEffects bounds Rule.Effects, for the stub generator.
const MaxEffects = 4

// Effect is one buffer that a call writes. A null pointer in it means no write.
//
// After a failure: EFAULT and Rule.Torn may come after a part was written, so the declared maximum of every effect is
// copied; after other errors only the effects with OnError, at their maximum.
type Effect struct {
	Ptr     uint8 // argument index 0..5 that points to the buffer
	Len     LenKind
	N       uint32
	Arg     uint8 // argument index of the count, for FromArg and FromRet
	OnError bool  // also written when the call fails
	Atomic  bool  // a futex word that other threads change by locked operations meanwhile: copy it in the fenced form
	Loose   bool  // mostly more than what is written: the rest may belong to other threads, and be changing
}

// Rule is what to do with a call.
type Rule struct {
	Kind    Kind
	Sources []Effect // buffers that it reads: those that may be long
	Effects []Effect // all writes of Regular; the simple ones of Irregular; of Engine what the kernel writes if it is let through
	Errno   unix.Errno
	Torn    unix.Errno // besides EFAULT, an error that may come after a part was written; 0 = none
	Why     string     // for Unsupported and gaps, in words for the report
	Gap     bool       // using it loses something: stop once so that it can be reported, then go by Kind
	Blocks  bool       // may sleep for long
}

// Row is a system call: its rule and the exceptions to it.
type Row struct {
	Name string
	Rule
	Path    *uint8 // argument index of the path of a file that it opens; paths that begin like ProcWords make it Engine
	MaskArg uint8  // argument index of a temporary signal mask; when that is non-null the call is Engine. 0 = none
	Sub     *Sub   // rules by the value of one argument; without a matching case the row's own rule holds
}

// Sub picks a rule by one argument (an operation, a request). Its cases never overlap, so a stub may test them in any
// order. A stub of a row that stops may leave out the cases that stop too; a stub of a row that does not must test them all.
type Sub struct {
	Arg   uint8
	Cases []Case
}

// Case applies when uint32(args[Arg]) & Mask is one of Values. The kernel declares all these arguments as 32 bits wide.
type Case struct {
	Mask   uint32
	Values []uint32
	Rule
}
