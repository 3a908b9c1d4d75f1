package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

var placeActions = []*Action{
	{Name: "break", Args: "[LOCATION] [if COND]", Group: "places", When: there,
		Help: "stop at a function, file:line, *address (without one: at the selected instruction)", Do: setBreak(false)},
	{Name: "tbreak", Aliases: []string{"tb"}, Args: "[LOCATION] [if COND]", Group: "places", When: there, Help: "the same, once", Do: setBreak(true)},
	{Name: "break-here", Keys: []string{"f9"}, Group: "places", When: there, typing: true,
		Help: "set a breakpoint at the selected instruction, or take it away", Do: breakHere},
	{Name: "watch", Args: "ADDR|VARIABLE|EXPRESSION [SIZE] [if COND]", Group: "places", When: there,
		Help: "stop after a write to these bytes; as many as you like, no debug registers are used", Do: watch},
	{Name: "delete", Keys: []string{"delete", "x"}, Args: "[ID]", Group: "places", When: there,
		Help: "delete a breakpoint or watchpoint (as a key: the selected one; `delete all`: all)", Do: deleteBreak},
	{Name: "condition", Args: "ID [COND]", Group: "places", When: there, Help: "stop at a breakpoint only if COND holds (without one: always)", Do: condition},
	{Name: "ignore", Args: "ID N", Group: "places", When: there, Help: "pass over the next N hits of a breakpoint", Do: ignore},
	{Name: "enable", Args: "ID", Group: "places", When: there, Help: "enable a breakpoint", Do: able(view.Enable)},
	{Name: "disable", Args: "ID", Group: "places", When: there, Help: "disable it", Do: able(view.Disable)},
}

// conditional splits `X if COND`.
func conditional(l *Line, from int) (text, cond string) {
	rest := l.Rest(from)
	if cond, ok := strings.CutPrefix(rest, "if "); ok {
		return "", strings.TrimSpace(cond)
	}
	if text, cond, ok := strings.Cut(rest, " if "); ok {
		return strings.TrimSpace(text), strings.TrimSpace(cond)
	}
	return rest, ""
}

func setBreak(temporary bool) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		c := view.Command{Op: view.Break, Temporary: temporary}
		c.Text, c.If = conditional(l, 0)
		if n := len(l.Args); n > 0 && l.Args[n-1].Text == "if" {
			return nil, l.bad(n, "is missing: a condition", "such as: break main if $rdi==3")
		}
		if c.Text == "" {
			line := m.code().Line()
			if line == nil {
				return nil, l.bad(0, "is missing: a place", "such as: break main")
			}
			c.Addr = line.Addr
		}
		return m.act(l, c, made("breakpoint")), nil
	}
}

// made tells of a new breakpoint.
func made(what string) func(m *Model, r view.Reply) tea.Cmd {
	return func(m *Model, r view.Reply) tea.Cmd {
		text := r.Text
		if text == "" {
			text = fmt.Sprintf("%s %d at %x", what, r.ID, r.Addr)
		}
		m.say(draw.Good, text)
		return nil
	}
}

func breakHere(m *Model, l *Line) (tea.Cmd, error) {
	line := m.code().Line()
	if line == nil {
		return nil, l.bad(-1, "no instruction is selected", "pause the program first (F6)")
	}
	if line.Break != 0 {
		id := line.Break
		return m.do(view.Command{Op: view.Delete, ID: id}, deleted(id)), nil
	}
	return m.do(view.Command{Op: view.Break, Addr: line.Addr}, made("breakpoint")), nil
}

func deleted(id int) func(m *Model, r view.Reply) tea.Cmd {
	return func(m *Model, r view.Reply) tea.Cmd {
		m.say(draw.Plain, fmt.Sprintf("%d deleted", id))
		return nil
	}
}

func watch(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	c := view.Command{Op: view.Watch, Thread: m.thread, Frame: m.chosen()}
	c.Text, c.If = conditional(l, 0)
	if head, size, ok := lastWord(c.Text); ok {
		if n, err := parseNumber(size); err == nil && head != "" {
			c.Text, c.Size = head, n
		}
	}
	if a, ok := parseAddress(c.Text); ok && strings.HasPrefix(c.Text, "0x") {
		c.Text, c.Addr = "", a
		if c.Size == 0 {
			c.Size = 8
		}
	}
	return m.act(l, c, made("watchpoint")), nil
}

func lastWord(s string) (head, last string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", s, false
	}
	return strings.TrimSpace(s[:i]), s[i+1:], true
}

func deleteBreak(m *Model, l *Line) (tea.Cmd, error) {
	if l.Arg(0) == "all" {
		return m.do(view.Command{Op: view.Delete}, func(m *Model, r view.Reply) tea.Cmd {
			m.say(draw.Plain, "all breakpoints and watchpoints deleted")
			return nil
		}), nil
	}
	if len(l.Args) > 0 {
		n, err := l.number(0)
		if err != nil {
			return nil, err
		}
		return m.act(l, view.Command{Op: view.Delete, ID: int(n)}, deleted(int(n))), nil
	}
	b := m.breaks().Selected(&m.data)
	if m.focus != pane.IDBreaks || b == nil {
		return nil, l.bad(0, "is missing: which one", "delete ID, delete all, or the key in the list of breakpoints")
	}
	return m.do(view.Command{Op: view.Delete, ID: b.ID}, deleted(b.ID)), nil
}

func (m *Model) breaks() *pane.Breaks { return m.panes[pane.IDBreaks].(*pane.Breaks) }

// condition changes a breakpoint's condition.
func condition(m *Model, l *Line) (tea.Cmd, error) {
	return changed(m, l, 1, view.Command{Op: view.Condition, If: l.Rest(1)})
}

func ignore(m *Model, l *Line) (tea.Cmd, error) {
	c := view.Command{Op: view.Ignore}
	if len(l.Args) > 1 {
		n, err := l.number(1)
		if err != nil {
			return nil, err
		}
		c.Count = int(n)
	}
	return changed(m, l, 2, c)
}

// changed sends a command about the breakpoint that a line names first.
func changed(m *Model, l *Line, need int, c view.Command) (tea.Cmd, error) {
	if err := l.need(need); err != nil {
		return nil, err
	}
	n, err := l.number(0)
	if err != nil {
		return nil, err
	}
	c.ID = int(n)
	return m.act(l, c, nil), nil
}

func able(op view.Op) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		if err := l.need(1); err != nil {
			return nil, err
		}
		n, err := l.number(0)
		if err != nil {
			return nil, err
		}
		return m.act(l, view.Command{Op: op, ID: int(n)}, nil), nil
	}
}

func toggleBreak(m *Model, l *Line) (tea.Cmd, error) {
	b := m.breaks().Selected(&m.data)
	if b == nil {
		return nil, l.bad(-1, "there is no breakpoint", "F9 sets one")
	}
	op := view.Enable
	if b.Enabled {
		op = view.Disable
	}
	return m.do(view.Command{Op: op, ID: b.ID}, nil), nil
}
