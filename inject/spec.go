package inject

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"kmv/engine/view"
	"kmv/shadowmem"
)

// Forms is how an injection's SPEC may look, in one line.
const Forms = "WHAT@WHERE[,when=MOMENT][,every=DURATION][,half=native|mirror|both][,seed=N]"

// Spec is one parsed SPEC.
type Spec struct {
	Text  string // as the user wrote it
	Kind  Kind
	Bits  int // of flip
	Where Where
	When  Moment
	Every time.Duration // 0: once
	Half  view.Half
	Seed  uint64
}

// Where says which memory is meant.
type Where struct {
	shadowmem.Spec
	Thread int // whose stack, of stack:TID; 0: any
}

// Moment says when. The zero Moment is as soon as there is a page to choose.
type Moment struct {
	Stops    uint64        // after so many stops of the engine
	Syscalls uint64        // after so many system calls
	After    time.Duration // from the program's first instruction
	Place    string        // at a function, or an address 0x...
}

// IsNow says whether there is nothing to wait for but a page.
func (m Moment) IsNow() bool { return m == Moment{} }

// keys are the options behind WHERE.
var keys = []struct {
	name  string
	parse func(p parser, s *Spec, at int, value string) error
}{
	{"when", parser.when},
	{"every", parser.every},
	{"half", parser.half},
	{"seed", parser.seed},
}

// Parse parses a SPEC. The error is a *shadowmem.SpecError: it can show the SPEC with the bad token underlined.
func Parse(text string) (Spec, error) {
	p := parser{text}
	s := Spec{Text: text, Half: view.Native, Seed: 1}
	at := strings.IndexByte(text, '@')
	if at < 0 {
		return s, p.bad(0, len(text), "does not say where", "write "+Forms+", such as page@heap")
	}
	if err := p.what(&s, text[:at]); err != nil {
		return s, err
	}
	parts := p.split(at + 1)
	if err := p.where(&s, parts[0].at, parts[0].text); err != nil {
		return s, err
	}
	for _, part := range parts[1:] {
		if err := p.option(&s, part); err != nil {
			return s, err
		}
	}
	return s, nil
}

// parser keeps the whole text for its errors.
type parser struct{ text string }

func (p parser) bad(from, to int, problem, hint string) error {
	return &shadowmem.SpecError{Spec: p.text, At: from, Len: to - from, Problem: problem, Hint: hint}
}

// part is a piece of the text between commas.
type part struct {
	at   int
	text string
}

// split cuts WHERE and the options at commas; a file's name may have commas too, unless a key and = follow.
func (p parser) split(from int) []part {
	var parts []part
	start, file := from, strings.HasPrefix(p.text[from:], "file:")
	for i := from; i < len(p.text); i++ {
		if p.text[i] != ',' || file && !beginsWithKey(p.text[i+1:]) {
			continue
		}
		parts = append(parts, part{start, p.text[start:i]})
		start = i + 1
	}
	return append(parts, part{start, p.text[start:]})
}

func beginsWithKey(text string) bool {
	for _, k := range keys {
		if strings.HasPrefix(text, k.name+"=") {
			return true
		}
	}
	return false
}

// what parses WHAT.
func (p parser) what(s *Spec, text string) error {
	name, arg, hasArg := strings.Cut(text, ":")
	i := slices.IndexFunc(kinds[:], func(k kind) bool { return k.name == name })
	if i < 0 {
		return p.bad(0, len(name), "is not a kind of memory error", "write one of "+kindList())
	}
	s.Kind, s.Bits = Kind(i), 1
	if !hasArg {
		return nil
	}
	at := len(name) + 1
	n, err := strconv.Atoi(arg)
	switch {
	case s.Kind != Flip:
		return p.bad(at, len(text), "is too much: only flip has a number", "write "+name)
	case err != nil || n < 1 || n > 64:
		return p.bad(at, max(at, len(text)), "is not a number of bits of one word", "write flip:1 to flip:64")
	}
	s.Bits = n
	return nil
}

// where parses WHERE: what --mirror takes, and stack:TID.
func (p parser) where(s *Spec, at int, text string) error {
	if tid, found := strings.CutPrefix(text, "stack:"); found {
		n, err := strconv.Atoi(tid)
		if err != nil || n <= 0 {
			return p.bad(at+len("stack:"), at+len(text), "is not a thread", "write the id that ps -L shows, such as stack:1234, or stack for any")
		}
		s.Where = Where{Spec: shadowmem.Spec{Text: text, Class: shadowmem.ClassStack}, Thread: n}
		return nil
	}
	spec, err := shadowmem.ParseSpec(text)
	var bad *shadowmem.SpecError
	switch {
	case errors.As(err, &bad):
		return p.bad(at+bad.At, at+bad.At+bad.Len, bad.Problem, bad.Hint)
	case err != nil:
		return err
	case spec.Class == shadowmem.ClassNone:
		return p.bad(at, at+len(text), "is no memory", "write all for any")
	case spec.Fenced:
		return p.bad(at+len(text)-len("=fenced"), at+len(text), "is for --mirror", "write "+strings.TrimSuffix(text, "=fenced"))
	}
	s.Where = Where{Spec: spec}
	return nil
}

// option parses KEY=VALUE.
func (p parser) option(s *Spec, o part) error {
	name, value, found := strings.Cut(o.text, "=")
	for _, k := range keys {
		if k.name != name {
			continue
		}
		if !found || value == "" {
			return p.bad(o.at, o.at+len(o.text), "lacks a value", "write "+Forms)
		}
		return k.parse(p, s, o.at+len(name)+1, value)
	}
	return p.bad(o.at, o.at+len(name), "is not an option of an injection", "write when=, every=, half= or seed=")
}

// when parses a MOMENT.
func (p parser) when(s *Spec, at int, value string) error {
	s.When = Moment{}
	if value[0] < '0' || value[0] > '9' || strings.HasPrefix(value, "0x") {
		return p.place(s, at, value)
	}
	digits := strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyzµ")
	unit := value[len(digits):]
	n, err := strconv.ParseUint(digits, 10, 63)
	if counted := map[string]*uint64{"stops": &s.When.Stops, "stop": &s.When.Stops, "syscalls": &s.When.Syscalls, "syscall": &s.When.Syscalls}[unit]; counted != nil && err == nil && n > 0 {
		*counted = n
		return nil
	}
	if s.When.After, err = time.ParseDuration(value); err == nil && s.When.After > 0 {
		return nil
	}
	return p.bad(at, at+len(value), "is not a moment", "write such as 300stops, 5000syscalls, 20ms, main or 0x401136")
}

// place parses a function's name or an address.
func (p parser) place(s *Spec, at int, value string) error {
	if digits, hex := strings.CutPrefix(value, "0x"); hex {
		if _, err := strconv.ParseUint(digits, 16, 64); err != nil {
			return p.bad(at, at+len(value), "is not an address", "write a hexadecimal one, such as 0x401136")
		}
	} else if strings.ContainsAny(value[:1], "-+=,. ") {
		return p.bad(at, at+len(value), "is not a moment", "write such as 300stops, 5000syscalls, 20ms, main or 0x401136")
	}
	s.When.Place = value
	return nil
}

func (p parser) every(s *Spec, at int, value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Millisecond {
		return p.bad(at, at+len(value), "is not a duration of a millisecond or more", "write such as 20ms or 1s")
	}
	s.Every = d
	return nil
}

func (p parser) half(s *Spec, at int, value string) error {
	s.Half = view.Half(value)
	if s.Half != view.Native && s.Half != view.Backup && s.Half != view.Both {
		return p.bad(at, at+len(value), "is not a half", "write native, mirror or both")
	}
	return nil
}

func (p parser) seed(s *Spec, at int, value string) error {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return p.bad(at, at+len(value), "is not a number", "write seed=7")
	}
	s.Seed = n
	return nil
}
