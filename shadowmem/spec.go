package shadowmem

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Class is what a SPEC names.
type Class uint8

// The classes of SPEC.
const (
	ClassAll Class = iota
	ClassNone
	ClassHeap
	ClassStack
	ClassData
	ClassAnon
	ClassFile  // file:GLOB
	ClassRange // ADDR-ADDR, ADDR+SIZE
	ClassSym   // sym:NAME
)

// forms are the ways to write a SPEC, with what each covers; the command line's help is made of them. Those without a
// placeholder are whole words.
var forms = []struct {
	form, covers string
	class        Class
}{
	{"all", "everything that the program can write", ClassAll},
	{"none", "nothing", ClassNone},
	{"heap", "the brk heap (what malloc takes by mmap is anon)", ClassHeap},
	{"stack", "the stacks of all threads", ClassStack},
	{"data", "writable segments of the executable and libraries", ClassData},
	{"anon", "anonymous memory from mmap that is none of the above", ClassAnon},
	{"file:GLOB", "mappings of files whose whole path matches, and their bss; * also matches /", ClassFile},
	{"ADDR-ADDR", "the addresses from the first up to the last, hexadecimal", ClassRange},
	{"ADDR+SIZE", "SIZE bytes, such as 4096, 0x1000 or 64K", ClassRange},
	{"sym:NAME", "a variable of the executable", ClassSym},
}

// Forms is how a SPEC may look, in one line.
const Forms = "all, none, heap, stack, data, anon, file:GLOB, ADDR-ADDR, ADDR+SIZE or sym:NAME, each but none also with =fenced"

// Help explains every form, a line each.
func Help() string {
	var b strings.Builder
	for _, f := range forms {
		fmt.Fprintf(&b, "  %-10s %s\n", f.form, f.covers)
	}
	b.WriteString("  X=fenced   X, with stores that stay equal even under data races\n")
	return b.String()
}

// Spec is one parsed SPEC.
type Spec struct {
	Text   string // as the user wrote it
	Class  Class
	Glob   string // of ClassFile
	Symbol string // of ClassSym
	Range  Range  // of ClassRange, and of ClassSym once resolved
	Fenced bool
}

// SpecError says which part of a SPEC is wrong, and what to write instead.
type SpecError struct {
	Spec    string // whole
	At, Len int    // the bad token
	Problem string
	Hint    string
}

func (e *SpecError) Error() string {
	return fmt.Sprintf("SPEC %q: %q %s; %s", e.Spec, e.Token(), e.Problem, e.Hint)
}

// Token is the part that is wrong.
func (e *SpecError) Token() string { return e.Spec[e.At : e.At+e.Len] }

// Underlined shows the SPEC with the bad token underlined, for a terminal.
func (e *SpecError) Underlined() string {
	return fmt.Sprintf("%s\n%s%s %s\n%s", e.Spec, strings.Repeat(" ", e.At), strings.Repeat("^", max(e.Len, 1)), e.Problem, e.Hint)
}

// ParseSpec parses one SPEC. Addresses are hexadecimal, with or without 0x, as /proc/PID/maps shows them; sizes are
// decimal or 0x hexadecimal and may end in K, M, G or T.
func ParseSpec(text string) (Spec, error) {
	p := specParser{text}
	spec := Spec{Text: text}
	body := text
	if kind, _, _ := strings.Cut(text, ":"); kind == "file" {
		// A file name may hold '='; only a last "=fenced" is ours.
		body = strings.TrimSuffix(text, "=fenced")
		spec.Fenced = body != text
	} else if at := strings.LastIndexByte(text, '='); at >= 0 {
		if body = text[:at]; text[at+1:] != "fenced" {
			return spec, p.bad(at+1, len(text), "is not a form of protection", "write "+body+"=fenced, or "+body+" alone")
		}
		spec.Fenced = true
	}
	return p.body(spec, body)
}

// specParser keeps the whole text for its errors.
type specParser struct{ text string }

func (p specParser) bad(from, to int, problem, hint string) error {
	return &SpecError{p.text, from, to - from, problem, hint}
}

func (p specParser) body(spec Spec, body string) (Spec, error) {
	for _, f := range forms {
		if body != f.form || !isWord(f.form) {
			continue
		}
		if spec.Class = f.class; f.class == ClassNone && spec.Fenced {
			return spec, p.bad(0, len(p.text), "mirrors nothing, so nothing can be fenced", "write none")
		}
		return spec, nil
	}
	if kind, name, found := strings.Cut(body, ":"); found {
		return p.named(spec, kind, name)
	}
	if at := strings.IndexAny(body, "-+"); at >= 0 {
		return p.rangeOf(spec, body, at)
	}
	return spec, p.bad(0, len(body), "is not a range of memory", "write "+nearest(body))
}

// named parses file:GLOB and sym:NAME.
func (p specParser) named(spec Spec, kind, name string) (Spec, error) {
	at := len(kind) + 1
	switch {
	case kind == "file" && name == "":
		return spec, p.bad(0, at, "lacks a pattern", "write file: and a pattern of the whole path, such as file:*libc.so*")
	case kind == "sym" && name == "":
		return spec, p.bad(0, at, "lacks a name", "write sym: and a variable of the executable, such as sym:counter")
	case kind == "file":
		if open := BadGlob(name); open >= 0 {
			return spec, p.bad(at+open, at+len(name), "never ends", `write a whole [set], or \[ for the character itself`)
		}
		spec.Class, spec.Glob = ClassFile, name
	case kind == "sym":
		spec.Class, spec.Symbol = ClassSym, name
	default:
		return spec, p.bad(0, len(kind), "is not a kind of name", "write file:"+name+" or sym:"+name)
	}
	return spec, nil
}

// rangeOf parses ADDR-ADDR and ADDR+SIZE; the sign is at position at.
func (p specParser) rangeOf(spec Spec, body string, at int) (Spec, error) {
	start, ok := parseAddress(body[:at])
	if !ok {
		return spec, p.bad(0, at, "is not an address", "write a hexadecimal one, such as 0x7ffe0000; or "+nearest(body))
	}
	second := body[at+1:]
	var end uint64
	if body[at] == '-' {
		if end, ok = parseAddress(second); !ok {
			return spec, p.bad(at+1, len(body), "is not an address", "write a hexadecimal one, such as 0x7fff0000")
		}
	} else {
		size, ok := parseSize(second)
		if !ok {
			return spec, p.bad(at+1, len(body), "is not a size", "write a number of bytes, such as 4096, 0x1000 or 64K")
		}
		end = start + size
	}
	if end <= start {
		return spec, p.bad(0, len(body), "is empty", "write the lower address first, and the first one that is not in the range last")
	}
	spec.Class, spec.Range = ClassRange, Range{Native(start), Native(end)}
	return spec, nil
}

func parseAddress(text string) (uint64, bool) {
	v, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	return v, err == nil
}

func parseSize(text string) (uint64, bool) {
	shift := 0
	if text != "" {
		if i := strings.IndexByte("KMGT", text[len(text)-1]&^0x20); i >= 0 {
			shift, text = 10*(i+1), text[:len(text)-1]
		}
	}
	base := 10
	if digits, found := strings.CutPrefix(text, "0x"); found {
		base, text = 16, digits
	}
	v, err := strconv.ParseUint(text, base, 64)
	return v << shift, err == nil && v != 0 && bits.Len64(v)+shift <= 64
}

// isWord says whether a form is written as it stands.
func isWord(form string) bool { return form == strings.ToLower(form) }

// nearest is the word that text was probably meant to be, or all forms.
func nearest(text string) string {
	for _, f := range forms {
		if isWord(f.form) && distance(strings.ToLower(text), f.form) <= len(f.form)/2 {
			return f.form
		}
	}
	return Forms
}

// distance counts the characters to insert, delete, replace or swap with their neighbour to turn a into b.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
		for j := 1; j <= len(b); j++ {
			if i == 0 {
				d[i][j] = j
				continue
			}
			d[i][j] = min(d[i-1][j], d[i][j-1]) + 1
			if a[i-1] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-1][j-1])
			} else {
				d[i][j] = min(d[i][j], d[i-1][j-1]+1)
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
