package ui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// display is an expression whose value is shown at each stop.
type display struct {
	id     int
	text   string
	format string
}

var displayActions = []*Action{
	{Name: "display", Args: "[EXPRESSION]", Group: "look", Help: "show its value now and at each stop, in the log (display/x: in a format; without one: all of them now)", Do: addDisplay},
	{Name: "undisplay", Args: "[N]", Group: "look", Help: "no longer show it (without a number: all)", Do: dropDisplay},
}

func addDisplay(m *Model, l *Line) (tea.Cmd, error) {
	if len(l.Args) == 0 {
		return m.showDisplays(m.displays), nil
	}
	f, err := parseFormat(l.Format)
	if err != nil {
		return nil, l.bad(-1, err.Error(), "such as display/x count")
	}
	d := display{m.lastDisplay + 1, l.Rest(0), ""}
	if l.Format != "" {
		d.format = string(f.letter)
	}
	return m.act(l, d.command(m), func(m *Model, r view.Reply) tea.Cmd {
		m.lastDisplay = d.id
		m.displays = append(m.displays, d)
		m.say(draw.Plain, d.line(r.Text))
		return nil
	}), nil
}

func dropDisplay(m *Model, l *Line) (tea.Cmd, error) {
	if len(l.Args) == 0 {
		m.displays = nil
		return nil, nil
	}
	n, err := l.number(0)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(m.displays, func(d display) bool { return d.id == int(n) })
	if i < 0 {
		return nil, l.bad(0, "is no display", "display shows them with their numbers")
	}
	m.displays = slices.Delete(slices.Clone(m.displays), i, i+1)
	return nil, nil
}

func (d display) command(m *Model) view.Command {
	return view.Command{Op: view.Eval, Text: d.text, Format: d.format, Thread: m.thread, Frame: m.chosen()}
}

func (d display) line(value string) string { return fmt.Sprintf("%d: %s = %s", d.id, d.text, value) }

// showDisplays shows the values of expressions one after the other. What has none here is left out, as in gdb.
func (m *Model) showDisplays(list []display) tea.Cmd {
	if len(list) == 0 {
		return nil
	}
	from, d := m.link, list[0]
	c := d.command(m)
	return func() tea.Msg {
		r, err := from.run.Do(from.ctx, c)
		return funcMsg(func(m *Model) tea.Cmd {
			if err == nil {
				m.logLine(draw.Good, strings.ReplaceAll(d.line(r.Text), "\n", " "))
			}
			return m.showDisplays(list[1:])
		})
	}
}
