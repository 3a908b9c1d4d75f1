package ui

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/shadowmem"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

var memoryActions = []*Action{
	{Name: "mirror", Args: "on|off SPEC", Group: "memory", When: changes, Do: setMirror,
		Help: "mirror what SPEC names, or stop: " + shadowmem.Forms, Choices: words("on", "off", "on all", "off heap", "off stack", "off data", "off anon")},
	{Name: "verify", Keys: []string{"="}, Group: "memory", When: there, Help: "compare all mirrored bytes with their copies now", Do: verify},
	{Name: "scrub", Args: "[RATE]", Group: "memory", When: alive, Help: "one pass of the scrubber now, or set its rate (such as 64M)",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			return m.act(l, view.Command{Op: view.Scrub, Text: l.Rest(0)}, nil), nil
		}},
	{Name: "next-difference", Keys: []string{"]"}, Group: "memory", Help: "go to the next byte that is not as its copy",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.difference(1), nil }},
	{Name: "previous-difference", Keys: []string{"["}, Group: "memory", Help: "go to the one before",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.difference(-1), nil }},
	{Name: "memory", Aliases: []string{"mem"}, Args: "ADDR|VARIABLE|EXPRESSION", Group: "memory", Help: "show these bytes in both halves", Do: showMemory},
	{Name: "follow", Keys: []string{"t"}, Args: "[rsp|last|EXPRESSION|off]", Group: "memory", Do: follow, Choices: words("rsp", "last", "off"),
		Help: "let the memory pair follow the stack pointer, the last write, or an expression (as a key: the next of these)"},
	{Name: "edit", Keys: []string{"e"}, Args: "[native|backup|both] ADDR|VARIABLE BYTES", Group: "memory", When: changes, Do: edit,
		Help: `write bytes (hexadecimal, or "text") into one half or both, after a question`, Choices: words("native", "backup", "both")},
	{Name: "why", Keys: []string{"W"}, Args: "[ADDR|VARIABLE]", Group: "memory", Help: "who wrote this byte last, or why it differs from its copy", Do: why},
}

// toggleRange switches the selected range.
func toggleRange(m *Model, l *Line) (tea.Cmd, error) {
	g := m.ranges().Selected(&m.data)
	if g == nil {
		return nil, l.bad(-1, "no range is selected", "j and k move")
	}
	on := g.State != "mirrored" && g.State != "fenced"
	if g.State == "read-only" {
		return nil, l.bad(-1, "the range is read-only: nothing writes it", "select another one")
	}
	return m.mirror(l, on, fmt.Sprintf("%x-%x", g.Start, g.End), orElse(pane.Called(g), g.Kind)), nil
}

func setMirror(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(2); err != nil {
		return nil, err
	}
	state := l.Arg(0)
	if state != "on" && state != "off" {
		return nil, l.bad(0, "is neither on nor off", "mirror on SPEC, mirror off SPEC")
	}
	if _, err := shadowmem.ParseSpec(l.Rest(1)); err != nil {
		if e, ok := err.(*shadowmem.SpecError); ok {
			at := l.Args[1].Start
			return nil, &view.CommandError{Text: l.Text, Start: at + e.At, End: at + e.At + e.Len, Problem: e.Problem, Hint: e.Hint}
		}
		return nil, err
	}
	return m.mirror(l, state == "on", l.Rest(1), l.Rest(1)), nil
}

// mirror switches, and tells what that did to the coverage and to what it costs.
func (m *Model) mirror(l *Line, on bool, spec, name string) tea.Cmd {
	counted := view.Query{Ranges: true, Rates: true} // the memory of copies too
	return m.glance(counted, func(m *Model, before *view.Snapshot) tea.Cmd {
		return m.act(l, view.Command{Op: view.Mirror, On: on, Text: spec}, func(m *Model, r view.Reply) tea.Cmd {
			if r.Text != "" {
				m.say(draw.Warn, r.Text)
				return nil
			}
			return m.glance(counted, func(m *Model, s *view.Snapshot) tea.Cmd {
				how := map[bool]string{true: "is mirrored now", false: "is no longer mirrored"}[on]
				m.say(draw.Good, fmt.Sprintf("%s %s: coverage %s -> %s, copies take %s -> %s%s", name, how, coverage(before), coverage(s),
					draw.Bytes(before.Counters.BytesResident), draw.Bytes(s.Counters.BytesResident), doubled(before.Counters, s.Counters)))
				m.expect(fmt.Sprintf("%s %s", name, how), before)
				return nil
			})
		})
	})
}

func coverage(s *view.Snapshot) string {
	if s.Counters.BytesWritable == 0 {
		return "0%"
	}
	return fmt.Sprintf("%.1f%%", pane.Share(s.Counters))
}

func verify(m *Model, l *Line) (tea.Cmd, error) {
	return m.do(view.Command{Op: view.Verify}, func(m *Model, r view.Reply) tea.Cmd {
		m.data.Divergent = r.Divergent
		m.say(verdict(r))
		return nil
	}), nil
}

// verdict is a verification in a line.
func verdict(r view.Reply) (draw.Role, string) {
	var n uint64
	for _, d := range r.Divergent {
		n += d.End - d.Start
	}
	if n == 0 {
		return draw.Good, "verified " + draw.Bytes(r.Compared) + ": every byte equals its copy"
	}
	d := r.Divergent[0]
	return draw.Differ, fmt.Sprintf("verified %s: %d bytes differ in %s, first at %x (%s, %s)", draw.Bytes(r.Compared), n,
		draw.Plural(len(r.Divergent), "place"), d.Start, d.Range, d.Cause)
}

// difference goes to the next place that differs, as a verification finds it.
func (m *Model) difference(direction int) tea.Cmd {
	jump := func(m *Model) tea.Cmd {
		at := m.memory().Cursor()
		all := slices.Clone(m.data.Divergent)
		slices.SortFunc(all, func(a, b view.Divergent) int { return direction * int(int64(a.Start-b.Start)) })
		if len(all) == 0 {
			m.say(draw.Good, "every byte equals its copy")
			return nil
		}
		next := all[0]
		for _, d := range all {
			if direction > 0 && d.Start > at || direction < 0 && d.Start < at {
				next = d
				break
			}
		}
		m.show(pane.IDMemory)
		m.memory().Goto(next.Start)
		m.say(draw.Differ, fmt.Sprintf("%x to %x differ: %s, %s", next.Start, next.End, next.Range, next.Cause))
		return m.want()
	}
	if there(m) != "" {
		return jump(m)
	}
	return m.do(view.Command{Op: view.Verify}, func(m *Model, r view.Reply) tea.Cmd {
		m.data.Divergent = r.Divergent
		return jump(m)
	})
}

// evaluate finds the value of an expression: numbers and addresses here, the rest at the run.
func (m *Model) evaluate(l *Line, from int, then func(m *Model, v uint64) tea.Cmd) tea.Cmd {
	text := l.Rest(from)
	if a, ok := parseAddress(text); ok && strings.HasPrefix(text, "0x") {
		return then(m, a)
	}
	return m.act(l, view.Command{Op: view.Eval, Text: text, Thread: m.thread, Frame: m.chosen()}, func(m *Model, r view.Reply) tea.Cmd { return then(m, r.Value) })
}

var (
	aName    = regexp.MustCompile(`^[A-Za-z_][\w:]*$`)
	aPlace   = regexp.MustCompile(`^[0-9][0-9a-f]*[a-f][0-9a-f]*$`)
	aDecimal = regexp.MustCompile(`^[0-9]+$`)
)

// locate finds the address that a text means: of a variable where it lies, of an expression its value; and addresses as the
// screen shows them.
func (m *Model) locate(l *Line, text string, then func(m *Model, at uint64) tea.Cmd) tea.Cmd {
	if a, ok := parseAddress(text); ok && (strings.HasPrefix(text, "0x") || aPlace.MatchString(text) || aDecimal.MatchString(text) && len(text) > 5) {
		return then(m, a)
	}
	expression := text
	if aName.MatchString(text) {
		expression = "&" + text
	}
	return m.act(l, view.Command{Op: view.Eval, Text: expression, Thread: m.thread, Frame: m.chosen()}, func(m *Model, r view.Reply) tea.Cmd { return then(m, r.Value) })
}

func showMemory(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	return m.locate(l, l.Rest(0), func(m *Model, v uint64) tea.Cmd {
		m.show(pane.IDMemory)
		m.memory().Goto(v)
		return m.want()
	}), nil
}

func follow(m *Model, l *Line) (tea.Cmd, error) {
	mem := m.memory()
	modes := []string{"$rsp", pane.LastWrite, ""}
	switch l.Rest(0) {
	case "":
		mem.Expr = modes[(slices.Index(modes, mem.Expr)+1)%len(modes)]
	case "rsp":
		mem.Expr = "$rsp"
	case "last":
		mem.Expr = pane.LastWrite
	case "off":
		mem.Expr = ""
	default:
		mem.Expr = l.Rest(0)
	}
	text, known := map[string]string{"$rsp": "the stack pointer", pane.LastWrite: "the last write", "": "nothing"}[mem.Expr]
	if !known {
		text = mem.Expr
	}
	m.say(draw.Plain, "memory follows "+text)
	return m.want(), nil
}

func edit(m *Model, l *Line) (tea.Cmd, error) {
	mem := m.memory()
	if len(l.Args) == 0 {
		at, half := mem.Cursor(), mem.Half
		m.ask(fmt.Sprintf("%s bytes at %x: ", half, at), "", func(m *Model, text string) (tea.Cmd, error) {
			data, err := parseBytes(text)
			if err != nil {
				return nil, &view.CommandError{Text: text, End: len(text), Problem: err.Error(), Hint: `such as: 00 ff 10, or "text"`}
			}
			return m.write(half, at, data), nil
		})
		return nil, nil
	}
	half, i := view.Native, 0
	switch l.Arg(0) {
	case "native", "both":
		half, i = view.Half(l.Arg(0)), 1
	case "backup", "mirror":
		half, i = view.Backup, 1
	}
	if err := l.need(i + 2); err != nil {
		return nil, err
	}
	data, err := parseBytes(l.Rest(i + 1))
	if err != nil {
		return nil, l.bad(i+1, err.Error(), `such as: 00 ff 10, or "text"`)
	}
	return m.locate(l, l.Arg(i), func(m *Model, at uint64) tea.Cmd { return m.write(half, at, data) }), nil
}

// parseBytes reads pairs of hexadecimal digits, a number with 0x (eight bytes, little endian), or quoted text.
func parseBytes(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return []byte(s[1 : len(s)-1]), nil
	}
	if strings.HasPrefix(s, "0x") {
		v, err := parseNumber(s)
		if err != nil {
			return nil, fmt.Errorf("is not a number of eight bytes")
		}
		return binary.LittleEndian.AppendUint64(nil, v), nil
	}
	data, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil || len(data) == 0 {
		return nil, fmt.Errorf("is not a row of bytes")
	}
	return data, nil
}

// write changes memory, after a question, and says so in the log.
func (m *Model) write(half view.Half, at uint64, data []byte) tea.Cmd {
	text := fmt.Sprintf("write % x to %x in the %s half", data, at, half)
	if half == view.Both {
		text = fmt.Sprintf("write % x to %x in both halves", data, at)
	}
	do := func(m *Model) tea.Cmd {
		return m.do(view.Command{Op: view.Write, Half: half, Addr: at, Data: data}, func(m *Model, r view.Reply) tea.Cmd {
			m.say(draw.Warn, "did "+text)
			return nil
		})
	}
	if half == view.Both {
		return m.confirm(text+"?", do)
	}
	m.open(&chooser{name: text + "?", choices: []choice{{"n", "no", func(*Model) tea.Cmd { return nil }},
		{"y", "yes: as a memory error, which the scrubber finds and repairs", do},
		{"b", "in both halves, to stay", func(m *Model) tea.Cmd { return m.write(view.Both, at, data) }}}})
	return nil
}

func why(m *Model, l *Line) (tea.Cmd, error) {
	ask := func(m *Model, at uint64) tea.Cmd {
		return m.do(view.Command{Op: view.Why, Addr: at}, func(m *Model, r view.Reply) tea.Cmd {
			m.answerLogged(l, fmt.Sprintf("why %x", at), splitLines(r.Text))
			return nil
		})
	}
	if len(l.Args) > 0 {
		return m.locate(l, l.Rest(0), ask), nil
	}
	return ask(m, m.memory().Cursor()), nil
}
