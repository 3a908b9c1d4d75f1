package shadowmem

import (
	"fmt"
	"slices"
	"strings"
)

// Rule is one --mirror or --no-mirror option.
type Rule struct {
	Spec  Spec
	State State // Mirrored, Fenced or Off
}

// Policy says what is mirrored: the options in the user's order. The last rule that matches a byte decides; where none
// matches, the first rule tells what was meant: "--mirror heap" alone is only the heap, "--no-mirror stack" alone is all
// but the stack. No rule at all, the zero Policy, mirrors everything.
//
// Twins can only be toggled by whole pages, but a range or a symbol may end inside one: a page is as protected as its
// best protected byte.
type Policy struct{ Rules []Rule }

// Mirror adds a --mirror option.
func (p *Policy) Mirror(text string) error {
	spec, err := ParseSpec(text)
	if err != nil {
		return err
	}
	rule := Rule{spec, Mirrored}
	switch {
	case spec.Class == ClassNone:
		rule = Rule{Spec{Text: text, Class: ClassAll}, Off}
	case spec.Fenced:
		rule.State = Fenced
	}
	p.Rules = append(p.Rules, rule)
	return nil
}

// NoMirror adds a --no-mirror option.
func (p *Policy) NoMirror(text string) error {
	spec, err := ParseSpec(text)
	switch {
	case err != nil:
		return err
	case spec.Class == ClassNone:
		return &SpecError{text, 0, len(text), "leaves nothing out", "write --mirror all to mirror everything, --mirror none to mirror nothing"}
	case spec.Fenced:
		at := len(text) - len("=fenced")
		return &SpecError{text, at, len("=fenced"), "is for --mirror", "write --no-mirror " + text[:at] + ", or --mirror " + text}
	}
	p.Rules = append(p.Rules, Rule{spec, Off})
	return nil
}

// base is the state of bytes that no rule matches.
func (p Policy) base() State {
	if len(p.Rules) == 0 || p.Rules[0].State == Off && p.Rules[0].Spec.Class != ClassAll {
		return Mirrored
	}
	return Off
}

// None says whether nothing at all is mirrored: then translated code needs no mirror writes, and no sink.
func (p Policy) None() bool {
	state := p.base()
	for _, r := range p.Rules {
		if r.State != Off {
			state = r.State
		} else if r.Spec.Class == ClassAll {
			state = Off
		}
	}
	return state == Off
}

// AnyFenced says whether some range wants the race-proof form of stores.
func (p Policy) AnyFenced() bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.State == Fenced })
}

// Symbols lists the names in sym: rules; where they are is for the caller to find out.
func (p Policy) Symbols() []string {
	var names []string
	for _, r := range p.Rules {
		if r.Spec.Class == ClassSym && !slices.Contains(names, r.Spec.Symbol) {
			names = append(names, r.Spec.Symbol)
		}
	}
	return names
}

// Resolve gives the sym: rules their ranges. Until then they match nothing. A name that is missing or empty is an error.
func (p *Policy) Resolve(symbols map[string]Range) error {
	rules := slices.Clone(p.Rules)
	for i, r := range rules {
		if r.Spec.Class != ClassSym {
			continue
		}
		where, found := symbols[r.Spec.Symbol]
		if !found || where.End <= where.Start {
			at := strings.Index(r.Spec.Text, r.Spec.Symbol)
			return &SpecError{r.Spec.Text, at, len(r.Spec.Symbol), "is not a variable of the executable with a known size",
				"write a name that nm -S shows for it, or a range of addresses"}
		}
		rules[i].Spec.Range = where
	}
	p.Rules = rules
	return nil
}

// Piece is a part of a mapping and what the policy says about it: Mirrored, Fenced or Off.
type Piece struct {
	Start, End Native
	State      State
}

// Split cuts a mapping where the policy's answer changes, at page boundaries (m's pages: huge ones are not cut).
func (p Policy) Split(m Mapping) []Piece {
	var pieces []Piece
	pages, edges := p.edges(m)
	for i := 1; i < len(pages); i++ {
		piece := Piece{pages[i-1], pages[i], p.at(m, pages[i-1])}
		for ; len(edges) > 0 && edges[0] < piece.End; edges = edges[1:] {
			piece.State = better(piece.State, p.at(m, edges[0]))
		}
		if n := len(pieces); n > 0 && pieces[n-1].State == piece.State {
			pieces[n-1].End = piece.End
			continue
		}
		pieces = append(pieces, piece)
	}
	return pieces
}

// edges are the addresses inside m where the answer may change, and the page boundaries around them with m's own ends:
// what lies between two of those boundaries has one answer, or is a single page.
func (p Policy) edges(m Mapping) (pages, edges []Native) {
	unit := m.PageSize()
	pages = []Native{m.Start, m.End}
	for _, r := range p.Rules {
		for _, a := range []Native{r.Spec.Range.Start, r.Spec.Range.End} {
			if a > m.Start && a < m.End {
				edges = append(edges, a)
				pages = append(pages, max(down(a, unit), m.Start), min(up(a, unit), m.End))
			}
		}
	}
	slices.Sort(edges)
	slices.Sort(pages)
	return slices.Compact(pages), slices.Compact(edges)
}

// better is the state that protects more.
func better(a, b State) State {
	strength := [States]int{Off: 0, Mirrored: 1, Fenced: 2}
	if strength[b] > strength[a] {
		return b
	}
	return a
}

// at is the policy's answer for the byte at a of m.
func (p Policy) at(m Mapping, a Native) State {
	state := p.base()
	for _, r := range p.Rules {
		if r.Spec.Matches(m, a) {
			state = r.State
		}
	}
	return state
}

// Matches says whether the spec names the byte at a of m.
func (s Spec) Matches(m Mapping, a Native) bool {
	switch s.Class {
	case ClassAll:
		return true
	case ClassHeap:
		return m.Kind == Heap
	case ClassStack:
		return m.Kind == Stack || m.Kind == ThreadStack
	case ClassData:
		return m.Kind == Data
	case ClassAnon:
		return m.Kind == Anon || m.Kind == Shared && !m.HasFile()
	case ClassFile:
		name := strings.TrimSuffix(m.Name, " (deleted)")
		return name != "" && Glob(s.Glob, name) || m.Object != "" && Glob(s.Glob, m.Object)
	case ClassRange, ClassSym:
		return a >= s.Range.Start && a < s.Range.End
	}
	panic(fmt.Sprintf("BUG: class %d", s.Class))
}
