package ctype

import (
	"fmt"
	"strings"
)

// array writes elements, and those that come often in a row once.
func (p *Printer) array(t *Type, at Place) string {
	e := t.Elem
	n := t.Count
	if n < 0 {
		return p.address(at.Addr)
	}
	if e.Bare().Text() && !p.bytewise(t) {
		data, bad := p.bytes(at, min(n, 4*most))
		if bad != "" {
			return bad
		}
		if len(data) == n && n > 0 && data[n-1] == 0 {
			data = data[:n-1]
		}
		return quote(data, len(data) < n-1)
	}
	var parts []string
	written := 0
	for i := 0; i < n; {
		if written >= most {
			return "{" + strings.Join(parts, ", ") + "...}"
		}
		s := p.value(e, at.at(i*e.Size))
		run := 1
		for i+run < n && run < 1<<16 && p.same(at, i, i+run, e.Size) {
			run++
		}
		if run > threshold {
			parts = append(parts, fmt.Sprintf("%s <repeats %d times>", s, run))
			written += threshold
			i += run
			continue
		}
		for range min(run, most-written) {
			parts = append(parts, s)
			written++
			i++
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// same says whether two elements have the same bytes.
func (p *Printer) same(at Place, i, j, size int) bool {
	a, bad := p.bytes(at.at(i*size), size)
	b, bad2 := p.bytes(at.at(j*size), size)
	return bad == bad2 && string(a) == string(b)
}

// quote writes characters as C has them; those that come often in a row apart. cut says that there are more.
func quote(text []byte, cut bool) string {
	var parts []string
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			parts = append(parts, `"`+run.String()+`"`)
			run.Reset()
		}
	}
	written, octal := 0, false
	for i := 0; i < len(text); {
		if written >= most {
			cut = true
			break
		}
		n := 1
		for i+n < len(text) && text[i+n] == text[i] {
			n++
		}
		if n > threshold {
			flush()
			parts = append(parts, fmt.Sprintf("'%s' <repeats %d times>", escape(text[i], '\''), n))
			written += threshold
			octal = false
		} else {
			n = 1
			c := text[i]
			if octal && c >= '0' && c <= '7' { // it would be taken as a part of the number before it
				fmt.Fprintf(&run, `\%03o`, c)
			} else {
				run.WriteString(escape(c, '"'))
			}
			octal = c < ' ' && !strings.ContainsRune("\a\b\t\n\v\f\r\x1b", rune(c)) || c >= 0x7f
			written++
		}
		i += n
	}
	flush()
	if len(parts) == 0 {
		parts = []string{`""`}
	}
	s := strings.Join(parts, ", ")
	if cut {
		s += "..."
	}
	return s
}

var escapes = map[byte]string{'\a': `\a`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\033`, '\\': `\\`}

func escape(c, around byte) string {
	if s, ok := escapes[c]; ok {
		return s
	}
	switch {
	case c == around:
		return `\` + string(c)
	case c < ' ' || c >= 0x7f:
		return fmt.Sprintf(`\%03o`, c)
	}
	return string(c)
}

// formatted writes a number as a format letter asks.
func (p *Printer) formatted(t *Type, data []byte) string {
	v := bits(data)
	mask := ^uint64(0)
	if t.Size < 8 {
		mask = 1<<(8*t.Size) - 1
	}
	if len(data) > 8 && p.Format != 'f' {
		switch p.Format {
		case 'd':
			return wide(data, false)
		case 'u':
			return wide(data, true)
		}
		return "0x" + hexBytes(data)
	}
	switch p.Format {
	case 'x':
		return fmt.Sprintf("%#x", v&mask)
	case 'z':
		return fmt.Sprintf("0x%0*x", 2*t.Size, v&mask)
	case 'o':
		if v&mask == 0 {
			return "0"
		}
		return fmt.Sprintf("0%o", v&mask)
	case 't':
		return fmt.Sprintf("%b", v&mask)
	case 'd':
		signed := *t
		signed.Unsigned, signed.Kind = false, Int
		return number(&signed, v)
	case 'u':
		return fmt.Sprint(v & mask)
	case 'c':
		if t.Size > 1 { // the lowest byte, of a number that may be more
			return p.character(&Type{Kind: Char, Size: 1, Unsigned: t.Unsigned}, v&0xff)
		}
		return p.character(t, v)
	case 'a':
		return p.address(v & mask)
	case 'f':
		if t.Size == 4 || t.Size >= 8 {
			return float(data)
		}
		return number(t, v)
	}
	return number(t, v)
}
