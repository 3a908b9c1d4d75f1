package symbols

import (
	"debug/dwarf"
	"slices"
	"strings"
)

// made is what the compiler has made of a function that may be inlined.
type made struct {
	copies []uint64 // where those in its callers begin
	clones []uint64 // and those that have a name of their own: total.isra.0
}

// Made are the addresses where copies of a function begin that the compiler has put into its callers, and where clones of it do, which
// have another name. known says that there is such a function at all.
func (im *Image) Made(name string) (copies, clones []uint64, known bool) {
	if !im.waitLines(long) || im.lines.data == nil {
		return nil, nil, false
	}
	t := &im.lines
	if t.inlined == nil {
		t.inlined = map[string]*made{}
		t.findInlined()
	}
	for full, m := range t.inlined {
		if Matches(full, name) {
			copies, clones, known = append(copies, m.copies...), append(clones, m.clones...), true
		}
	}
	slices.Sort(copies)
	slices.Sort(clones)
	return slices.Compact(copies), slices.Compact(clones), known
}

// findInlined reads all of the DWARF once.
func (t *lineTable) findInlined() {
	names := map[dwarf.Offset]string{}
	r := t.data.Reader()
	for {
		e, err := r.Next()
		if err != nil || e == nil {
			return
		}
		off, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if kind, _ := e.Val(dwarf.AttrInline).(int64); kind != 0 {
			off, ok = e.Offset, true
		}
		if !ok || e.Tag != dwarf.TagInlinedSubroutine && e.Tag != dwarf.TagSubprogram {
			continue
		}
		n, known := names[off]
		if !known {
			n = t.fullName(off)
			names[off] = n
		}
		if n == "" {
			continue
		}
		m := t.inlined[n]
		if m == nil {
			m = &made{}
			t.inlined[n] = m
		}
		at, begins := t.start(e)
		switch {
		case begins && e.Tag == dwarf.TagInlinedSubroutine:
			m.copies = append(m.copies, at)
		case begins:
			m.clones = append(m.clones, at)
		}
	}
}

// fullName is a function's name with its namespaces and parameters, as far as the DWARF has them.
func (t *lineTable) fullName(off dwarf.Offset) string {
	e := t.entry(off)
	if e == nil {
		return ""
	}
	if raw, ok := t.attr(e, dwarf.AttrLinkageName).(string); ok {
		return Demangled(raw)
	}
	n, _ := t.attr(e, dwarf.AttrName).(string)
	return n
}

// start is where the code of an entry is entered.
func (t *lineTable) start(e *dwarf.Entry) (uint64, bool) {
	ranges, err := t.data.Ranges(e)
	if err != nil || len(ranges) == 0 {
		return 0, false
	}
	switch at := e.Val(dwarf.AttrEntrypc).(type) {
	case uint64:
		return at, true
	case int64: // from the lowest address
		return ranges[0][0] + uint64(at), true
	}
	return ranges[0][0], true
}

// Matches says whether a function is one that a name means: the last parts of its name, with or without parameters, as gdb has it.
func Matches(full, name string) bool {
	if !strings.Contains(name, "(") {
		full = withoutParameters(full)
	}
	return full == name || strings.HasSuffix(full, "::"+name)
}

// withoutParameters cuts a demangled name in front of its parameters; parentheses in its namespaces stay.
func withoutParameters(full string) string {
	full = strings.TrimSuffix(full, " const")
	if !strings.HasSuffix(full, ")") {
		return full
	}
	depth := 0
	for i := len(full) - 1; i > 0; i-- {
		switch full[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				return full[:i]
			}
		}
	}
	return full
}

// Functions are the code that a name means: one function, or all of that name with other parameters or in other classes.
func (im *Image) Functions(name string) []Symbol {
	im.load()
	if i, ok := im.byName[name]; ok && !im.symbols[i].Object {
		return []Symbol{im.demangled(&im.symbols[i])}
	}
	last := name
	if i := strings.IndexAny(last, "(<"); i > 0 {
		last = last[:i]
	}
	last = last[strings.LastIndexByte(last, ':')+1:]
	var list []Symbol
	seen := map[uint64]bool{}
	for i := range im.symbols {
		s := &im.symbols[i]
		if s.Object || s.Size == 0 || !strings.HasPrefix(s.Raw, "_Z") && !strings.HasPrefix(s.Raw, "_R") || !strings.Contains(s.Raw, last) || seen[s.Addr] {
			continue
		}
		if strings.Contains(s.Raw, ".cold") {
			continue
		}
		if d := im.demangled(s); Matches(d.Name, name) {
			seen[s.Addr] = true
			list = append(list, d)
		}
	}
	return list
}
