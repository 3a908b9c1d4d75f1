package ui

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
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
		case strings.IndexByte("xduotcsiafz", c) >= 0:
			f.letter = c
		default:
			return f, fmt.Errorf("%q is neither a format (x z d u o t c s i f) nor a size (b h w g)", string(c))
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
	case 'f':
		if f.size == 4 {
			return strconv.FormatFloat(float64(math.Float32frombits(uint32(v))), 'g', 9, 64)
		}
		return strconv.FormatFloat(math.Float64frombits(v), 'g', 17, 64)
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
	return m.glance(view.Query{Thread: m.thread, Frame: m.chosen(), Memory: []view.MemoryQuery{q}}, func(m *Model, s *view.Snapshot) tea.Cmd {
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
		m.tell(l, role, "x "+l.Rest(0), f.lines(w.Addr, data))
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
			m.tell(l, draw.Plain, "x "+l.Rest(0), out)
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
	c := view.Command{Op: view.Eval, Text: l.Rest(0), Thread: m.thread, Frame: m.chosen()}
	if l.Format != "" {
		c.Format = string(f.letter)
	}
	return m.act(l, c, func(m *Model, r view.Reply) tea.Cmd {
		value := r.Text
		switch { // a recording knows numbers only
		case value == "" && f.letter == 'x':
			value = fmt.Sprintf("%#x", r.Value)
		case value == "":
			value = f.value(r.Value)
		}
		m.tell(l, draw.Plain, "print "+l.Rest(0), m.wrapped(l.Rest(0)+" = "+value))
		return nil
	}), nil
}

// chosen is the frame that expressions are about.
func (m *Model) chosen() int {
	if m.past.at >= 0 || m.live.State != view.Paused {
		return 0
	}
	return m.stack().Frame()
}

// wrapped breaks a long text behind commas, for a window.
func (m *Model) wrapped(text string) []string {
	width := max(min(m.w-10, 160), 40)
	var lines []string
	for draw.Width(text) > width {
		cut := strings.LastIndex(text[:min(width, len(text))], ", ")
		if cut < 20 {
			break
		}
		lines = append(lines, text[:cut+1])
		text = "    " + text[cut+2:]
	}
	return append(lines, text)
}

// typed shows a type: its name, or with what it is made of.
func typed(whole bool) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		if err := l.need(1); err != nil {
			return nil, err
		}
		return m.act(l, view.Command{Op: view.Type, Text: l.Rest(0), On: whole, Thread: m.thread, Frame: m.chosen()}, func(m *Model, r view.Reply) tea.Cmd {
			m.tell(l, draw.Plain, "type of "+l.Rest(0), splitLines("type = "+r.Text))
			return nil
		}), nil
	}
}

// localVariables shows the variables of the chosen frame, or its arguments.
func localVariables(m *Model, l *Line, args bool) tea.Cmd {
	return m.act(l, view.Command{Op: view.Locals, On: args, Thread: m.thread, Frame: m.chosen()}, func(m *Model, r view.Reply) tea.Cmd {
		name := "locals"
		if args {
			name = "arguments"
		}
		if f := m.chosen(); f < len(m.data.Now.Stack) {
			name += fmt.Sprintf(" of #%d %s", f, m.data.Now.Stack[f].Symbol)
		}
		var lines []string
		for _, v := range splitLines(r.Text) {
			lines = append(lines, m.wrapped(v)...)
		}
		m.tell(l, draw.Plain, name, lines)
		return nil
	})
}

// listSource shows lines of the source; without a place those behind the ones before.
func listSource(m *Model, l *Line) (tea.Cmd, error) {
	c := view.Command{Op: view.List, Text: l.Rest(0), Thread: m.thread, Frame: m.chosen()}
	if next := m.listed; c.Text == "" && next.seq == m.live.Seq && next.frame == c.Frame && next.where != "" {
		c.Text, c.On = fmt.Sprintf("%s:%d", next.where, next.line), true
	}
	return m.act(l, c, func(m *Model, r view.Reply) tea.Cmd {
		m.listed = listing{r.Where, int(r.Value), c.Frame, m.live.Seq}
		m.answerLogged(l, filepath.Base(r.Where), splitLines(r.Text))
		return nil
	}), nil
}

// listing is where the next list goes on.
type listing struct {
	where string
	line  int
	frame int
	seq   uint64 // of the stop that it was about
}

// tell shows lines: one in the last line, more in a window; all in the log.
func (m *Model) tell(l *Line, role draw.Role, title string, lines []string) {
	if len(lines) == 1 {
		m.say(role, lines[0])
		return
	}
	m.logLine(role, strings.Join(lines, "\n"))
	m.answer(l, title, lines)
}
