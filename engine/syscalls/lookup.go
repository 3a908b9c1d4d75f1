package syscalls

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Rows for the numbers without one. A program that probes for a new call falls back; one that needs it shows in the report.
var (
	hole   = Row{Name: "hole", Rule: Rule{Kind: Unsupported, Errno: unix.ENOSYS}} // never given out, or negative
	future = Row{Name: "future", Rule: Rule{Kind: Unsupported, Errno: unix.ENOSYS, Why: "a system call newer than kmv", Gap: true}}
	x32ABI = Row{Name: "x32", Rule: Rule{Kind: Unsupported, Errno: unix.ENOSYS, Why: "a system call of the x32 ABI", Gap: true}}
)

// x32Bit in a number selects the x32 ABI, whose structures differ.
const x32Bit = 0x40000000

// Lookup gives the row of a system call number; it is never nil. Only eax counts: the kernel extends it with movslq.
func Lookup(nr uint64) *Row {
	n := uint32(nr)
	switch {
	case n < Max && table[n].Name != "":
		return &table[n]
	case n < Max || int32(n) < 0:
		return &hole
	case n&x32Bit != 0:
		return &x32ABI
	}
	return &future
}

// Name is the name of a system call, or its number in brackets.
func Name(nr uint64) string {
	if n := uint32(nr); n < Max && table[n].Name != "" {
		return table[n].Name
	}
	return fmt.Sprintf("syscall(%d)", int32(nr))
}

// Describe names a call for people and reports, with its operation where one argument selects it: "ioctl(TCGETS)",
// "prctl(59)", "openat".
func Describe(nr uint64, args [6]uint64) string {
	r := Lookup(nr)
	if uint32(nr) == unix.SYS_IOCTL {
		return "ioctl(" + ioctlName(uint32(args[1])) + ")"
	}
	if r.Sub == nil || r.Kind != Unsupported && r.Kind != Engine {
		return Name(nr)
	}
	return fmt.Sprintf("%s(%d)", r.Name, int32(args[r.Sub.Arg]))
}

// For is the rule of a call with these arguments.
func (r *Row) For(args [6]uint64) Rule {
	rule := r.Rule
	if c := r.Match(args); c != nil {
		rule = c.Rule
	}
	if r.MaskArg != 0 && args[r.MaskArg] != 0 {
		rule.Kind = Engine
	}
	return rule
}

// Match is the case that holds for these arguments, or nil.
func (r *Row) Match(args [6]uint64) *Case {
	if r.Sub == nil {
		return nil
	}
	for i := range r.Sub.Cases {
		if c := &r.Sub.Cases[i]; c.Holds(uint32(args[r.Sub.Arg])) {
			return c
		}
	}
	return nil
}

// Holds says whether the case applies to a value of the argument.
func (c *Case) Holds(arg uint32) bool { return slices.Contains(c.Values, arg&c.Mask) }

// Stops says whether the engine must be asked. An Unsupported call without a gap needs no stop either: a stub can answer it.
func (r *Rule) Stops() bool { return r.Gap || r.Kind == Irregular || r.Kind == Engine }

// MayRunInTarget says whether any call of the row can be run by a stub without a stop.
func (r *Row) MayRunInTarget() bool {
	if !r.Stops() {
		return true
	}
	return r.Sub != nil && slices.ContainsFunc(r.Sub.Cases, func(c Case) bool { return !c.Stops() })
}

// Range is what the effect wrote, given the result of the call: the empty range when nothing was. torn is Rule.Torn.
func (e Effect) Range(args [6]uint64, ret int64, torn unix.Errno) Range {
	if args[e.Ptr] == 0 {
		return Range{}
	}
	max := uint64(e.N)
	if e.Len != Fixed {
		max = saturatingMul(args[e.Arg], max)
	}
	switch {
	case failed(ret):
		if e.OnError || isTorn(ret, torn) {
			return clip(args[e.Ptr], max)
		}
		return Range{}
	case e.Len == FromRet && ret <= 0:
		return Range{}
	case e.Len == FromRet:
		return clip(args[e.Ptr], min(max, saturatingMul(uint64(ret), uint64(e.N))))
	}
	return clip(args[e.Ptr], max)
}

// failed says whether a result is an errno: the kernel's own convention (IS_ERR_VALUE).
func failed(ret int64) bool { return ret < 0 && ret >= -4095 }

// isTorn says whether a failed call may have written a part of its effects.
func isTorn(ret int64, torn unix.Errno) bool {
	return ret == -int64(unix.EFAULT) || torn != 0 && ret == -int64(torn)
}
