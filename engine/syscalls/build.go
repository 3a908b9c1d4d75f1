package syscalls

import "golang.org/x/sys/unix"

// The words that table.go is written in.

func pass(name string) Row { return Row{Name: name} }

func regular(name string, e ...Effect) Row {
	return Row{Name: name, Rule: Rule{Kind: Regular, Effects: e}}
}

func irregular(name string, e ...Effect) Row {
	return Row{Name: name, Rule: Rule{Kind: Irregular, Effects: e}}
}

func engine(name string, e ...Effect) Row {
	return Row{Name: name, Rule: Rule{Kind: Engine, Effects: e}}
}

// absent answers an errno that loses nothing: the call does nothing natively either, or every caller has another way.
func absent(name string, errno unix.Errno) Row {
	return Row{Name: name, Rule: Rule{Kind: Unsupported, Errno: errno}}
}

// refused answers an errno that loses something, which the report names.
func refused(name string, errno unix.Errno, why string) Row {
	return Row{Name: name, Rule: Rule{Kind: Unsupported, Errno: errno, Why: why, Gap: true}}
}

func (r Row) blocks() Row               { r.Blocks = true; return r }
func (r Row) torn(errno unix.Errno) Row { r.Torn = errno; return r }
func (r Row) reads(e ...Effect) Row     { r.Sources = e; return r }
func (r Row) mask(arg uint8) Row        { r.MaskArg = arg; return r }
func (r Row) path(arg uint8) Row        { r.Path = &arg; return r }
func (r Row) gap(why string) Row        { r.Gap, r.Why = true, why; return r }

// by adds rules for the values of one argument.
func (r Row) by(arg uint8, cases ...Case) Row { r.Sub = &Sub{Arg: arg, Cases: cases}; return r }

// all compares the whole 32-bit argument.
const all = ^uint32(0)

// when makes a case of a rule; r's name is not used.
func when(r Row, values ...uint32) Case { return Case{Mask: all, Values: values, Rule: r.Rule} }

// masked compares only some bits.
func (c Case) masked(mask uint32) Case { c.Mask = mask; return c }

// fixed is n bytes at argument ptr.
func fixed(ptr uint8, n uint32) Effect { return Effect{Ptr: ptr, N: n} }

// each is args[arg] elements of n bytes at argument ptr.
func each(ptr uint8, n uint32, arg uint8) Effect {
	return Effect{Ptr: ptr, Len: FromArg, N: n, Arg: arg}
}

// got is as many elements of n bytes as the call returned, and at most args[arg].
func got(ptr uint8, n uint32, arg uint8) Effect {
	return Effect{Ptr: ptr, Len: FromRet, N: n, Arg: arg}
}

// vector is an array of args[arg] struct iovec at argument ptr; header is a struct msghdr.
func vector(ptr, arg uint8) Effect { return Effect{Ptr: ptr, Len: FromVector, N: 1, Arg: arg} }
func header(ptr uint8) Effect      { return Effect{Ptr: ptr, Len: FromMessage, N: 1} }

func (e Effect) always() Effect { e.OnError = true; return e }
func (e Effect) atomic() Effect { e.Atomic = true; return e }
func (e Effect) loose() Effect  { e.Loose = true; return e }
