package ui

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// format is what stands behind the / of x and print: a count, a letter, a size.
type format struct {
	count  int
	letter byte
	size   int
}

var sizes = map[byte]int{'b': 1, 'h': 2, 'w': 4, 'g': 8}

// parseFormat reads 16gx, s, 4i, ...; what is not given is 1, x and eight bytes.
func parseFormat(s string) (format, error) {
	f := format{count: 1, letter: 'x', size: 8}
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	if digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 4096 {
			return f, fmt.Errorf("%q is not a count up to 4096", digits)
		}
		f.count = n
	}
	sized := false
	for _, c := range []byte(s[len(digits):]) {
		switch {
		case sizes[c] != 0 && !(c == 'b' && strings.HasSuffix(s, "tb")):
			f.size, sized = sizes[c], true
		case strings.IndexByte("xduotcsiaf", c) >= 0:
			f.letter = c
		default:
			return f, fmt.Errorf("%q is neither a format (x d u o t c s i) nor a size (b h w g)", string(c))
		}
	}
	if !sized && (f.letter == 'c' || f.letter == 's') {
		f.size = 1
	}
	return f, nil
}

// value writes a number.
func (f format) value(v uint64) string {
	bits := uint(8 * f.size)
	switch f.letter {
	case 'd':
		return fmt.Sprint(int64(v<<(64-bits)) >> (64 - bits))
	case 'u':
		return fmt.Sprint(v)
	case 'o':
		return fmt.Sprintf("0%o", v)
	case 't':
		return fmt.Sprintf("%b", v)
	case 'c':
		return fmt.Sprintf("%d %q", v, rune(byte(v)))
	}
	return fmt.Sprintf("0x%0*x", 2*f.size, v)
}

// lines lays memory out as gdb's x does.
func (f format) lines(at uint64, data []byte) []string {
	if f.letter == 's' {
		text, _, _ := strings.Cut(string(data), "\x00")
		return []string{fmt.Sprintf("%x: %q", at, text)}
	}
	per := max(16/f.size, 1)
	if f.size == 8 {
		per = 2
	} else if f.size == 1 {
		per = 8
	}
	var out []string
	for i := 0; i < f.count && (i+1)*f.size <= len(data); i++ {
		var word [8]byte
		copy(word[:], data[i*f.size:(i+1)*f.size])
		if i%per == 0 {
			out = append(out, fmt.Sprintf("%x:", at+uint64(i*f.size)))
		}
		out[len(out)-1] += "  " + f.value(binary.LittleEndian.Uint64(word[:]))
	}
	return out
}

func examine(m *Model, l *Line) (tea.Cmd, error) {
	f, err := parseFormat(l.Format)
	if err != nil {
		return nil, l.bad(-1, err.Error(), "such as x/16gx $rsp")
	}
	if err := l.need(1); err != nil {
		return nil, err
	}
	text, backup := strings.CutSuffix(l.Rest(0), "@backup")
	text = strings.TrimSpace(text)
	if f.letter == 'i' {
		return examineCode(m, l, f.count)
	}
	size := f.count * f.size
	if f.letter == 's' {
		size = 256
	}
	q := view.MemoryQuery{Text: text, Size: size}
	if a, ok := parseAddress(text); ok && strings.HasPrefix(text, "0x") {
		q.Text, q.Addr = "", a
	}
	return m.glance(view.Query{Thread: m.thread, Memory: []view.MemoryQuery{q}}, func(m *Model, s *view.Snapshot) tea.Cmd {
		if len(s.Memory) == 0 || len(s.Memory[0].Native) == 0 && (!backup || len(s.Memory[0].Mirror) == 0) {
			return m.fail(l.bad(0, "is not mapped, or cannot be read", "info ranges shows what is mapped; @backup reads the other half"))
		}
		w := s.Memory[0]
		data, role := w.Native, draw.Plain
		if backup {
			if data, role = w.Mirror, draw.Mirror; len(data) == 0 {
				return m.fail(l.bad(0, "has no copy: its range is "+w.State, "mirror on SPEC makes one"))
			}
		}
		m.tell(role, "x "+l.Rest(0), f.lines(w.Addr, data))
		return nil
	}), nil
}

func examineCode(m *Model, l *Line, n int) (tea.Cmd, error) {
	return m.evaluate(l, 0, func(m *Model, v uint64) tea.Cmd {
		return m.glance(view.Query{Code: &view.CodeQuery{Addr: v, After: n}}, func(m *Model, s *view.Snapshot) tea.Cmd {
			var out []string
			for _, c := range s.Code {
				if c.Addr >= v && len(out) < n {
					out = append(out, fmt.Sprintf("%x <%s>:  %s", c.Addr, c.Symbol, c.Text))
				}
			}
			m.tell(draw.Plain, "x "+l.Rest(0), out)
			return nil
		})
	}), nil
}

func printValue(m *Model, l *Line) (tea.Cmd, error) {
	f, err := parseFormat(l.Format)
	if err != nil {
		return nil, l.bad(-1, err.Error(), "such as p/x $rax")
	}
	if l.Format == "" {
		f.letter = 'd'
	}
	if err := l.need(1); err != nil {
		return nil, err
	}
	return m.act(l, view.Command{Op: view.Eval, Text: l.Rest(0), Thread: m.thread}, func(m *Model, r view.Reply) tea.Cmd {
		value := r.Text // in both ways, and what lies there
		switch {
		case l.Format != "" && f.letter == 'x':
			value = fmt.Sprintf("%#x", r.Value)
		case l.Format != "" || value == "":
			value = f.value(r.Value)
		}
		m.say(draw.Plain, l.Rest(0)+" = "+value)
		return nil
	}), nil
}

// tell shows lines: one in the last line, more in a window; all in the log.
func (m *Model) tell(role draw.Role, title string, lines []string) {
	if len(lines) == 1 {
		m.say(role, lines[0])
		return
	}
	m.logLine(role, strings.Join(lines, "\n"))
	m.open(&viewer{name: title, lines: lines})
}
