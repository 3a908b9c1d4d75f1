package ui

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
)

var sessionActions = []*Action{
	{Name: "record", Args: "FILE|off", Group: "session", When: live, Do: startRecording, Help: "record the run from now on, or end that; kmv tui --replay FILE shows it"},
	{Name: "source", Args: "FILE", Group: "session", Help: "do the commands in a file, one a line, # begins a comment", Do: source},
	{Name: "detach", Group: "session", When: live, Help: "leave the screen; the program runs on under kmv", Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.leave(Detached), nil }},
	{Name: "quit", Aliases: []string{"exit"}, Keys: []string{"q"}, Group: "session", Help: "leave: kill the program, detach from it, or stay", Do: quit},
}

func quit(m *Model, l *Line) (tea.Cmd, error) {
	if m.live.Stops > 0 || m.live.State == view.Ended || m.flow.ended {
		return m.leave(Ended), nil
	}
	choices := []choice{
		{"d", "detach: the program runs on under kmv", func(m *Model) tea.Cmd { return m.leave(Detached) }},
		{"s", "stay", func(m *Model) tea.Cmd { return nil }},
	}
	if m.opt.Where == "" {
		choices = choices[1:]
	}
	if !m.opt.ReadOnly {
		choices = append([]choice{{"k", "kill the program, with its children", func(m *Model) tea.Cmd { return m.leave(Killed) }}}, choices...)
	}
	m.open(&chooser{name: "leave " + filepath.Base(m.live.Program) + "?", choices: choices})
	return nil, nil
}

// leave ends the screen. Detached, a paused program is let go on: nobody would be there to do it.
func (m *Model) leave(how Outcome) tea.Cmd {
	m.quit = how
	var last tea.Cmd
	switch {
	case how == Killed:
		last = m.do(view.Command{Op: view.Shutdown}, quiet)
	case how == Detached && m.live.State == view.Paused:
		last = m.do(view.Command{Op: view.Continue}, quiet)
	}
	return tea.Sequence(last, tea.Quit)
}

// Outcome says how the screen was left.
func (m *Model) Outcome() Outcome { return m.quit }

// Close lets go of the run.
func (m *Model) Close() { m.link.close() }

// source reads a file and does its lines.
func source(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	name := l.Rest(0)
	return func() tea.Msg {
		data, err := os.ReadFile(name)
		return funcMsg(func(m *Model) tea.Cmd {
			if err != nil {
				return m.fail(l.bad(0, "cannot be read: "+err.Error(), "a file of commands"))
			}
			return m.script(splitLines(string(data)))
		})
	}, nil
}

// script does lines one after the other; each waits until the program stands again, and an error ends it.
func (m *Model) script(lines []string) tea.Cmd {
	for len(lines) > 0 {
		text, _, _ := strings.Cut(lines[0], "#")
		lines = lines[1:]
		if strings.TrimSpace(text) == "" {
			continue
		}
		m.logLine(draw.Key, ": "+text)
		m.note, m.failed = note{}, false
		cmd := m.command(text)
		rest := lines
		return tea.Sequence(cmd, m.whenPaused(func(m *Model) tea.Cmd {
			if m.failed {
				if n := len(rest); n > 0 {
					m.logLine(draw.Warn, fmt.Sprintf("%d more lines are left out", n))
				}
				return nil
			}
			return m.script(rest)
		}))
	}
	return nil
}

// whenPaused does something when no step is under way.
func (m *Model) whenPaused(f funcMsg) tea.Cmd {
	return later(frame, func(m *Model) tea.Cmd {
		if (m.flow.resumed || m.flow.looking || m.flow.planned) && !m.flow.ended && m.live.State != view.Ended {
			return m.whenPaused(f)
		}
		return f(m)
	})
}

// export writes lists to a file.
func export(m *Model, l *Line) (tea.Cmd, error) {
	what := l.Arg(0)
	switch what {
	case "":
		m.openCommand("export " + m.exportDefault() + " ")
		return nil, nil
	case "gaps", "ranges", "failures", "log", "screen", "all":
	default:
		return nil, l.bad(0, "is nothing that can be exported", l.act.Args)
	}
	file := l.Rest(1)
	if file == "" {
		file = "kmv-" + what + map[bool]string{true: ".txt", false: ".json"}[what == "log" || what == "screen"]
	}
	text := ""
	switch what {
	case "log":
		for _, e := range m.log {
			text += fmt.Sprintf("%10.6f %s\n", e.Time, e.Text)
		}
	case "screen":
		text = m.canvas().Plain()
	}
	return m.glance(view.Query{Ranges: true, Gaps: true, Failures: true, Breaks: true, Threads: true, Stack: true, Registers: true, Blocks: true},
		func(m *Model, s *view.Snapshot) tea.Cmd { return save(file, what, text, s) }), nil
}

func (m *Model) exportDefault() string {
	switch string(m.focus) {
	case "gaps", "ranges", "failures", "log":
		return string(m.focus)
	}
	return "all"
}

// save writes one of the lists.
func save(file, what, text string, s *view.Snapshot) tea.Cmd {
	return func() tea.Msg {
		var v any = s
		switch what {
		case "gaps":
			v = s.Gaps
		case "ranges":
			v = s.Ranges
		case "failures":
			v = s.Failures
		}
		data := []byte(text)
		var err error
		if what != "log" && what != "screen" {
			data, err = json.MarshalIndent(v, "", "  ")
		}
		if err == nil {
			err = os.WriteFile(file, append(data, '\n'), 0o644)
		}
		return funcMsg(func(m *Model) tea.Cmd {
			if err != nil {
				return m.fail(fmt.Errorf("export: %w", err))
			}
			m.say(draw.Good, what+" written to "+file)
			return nil
		})
	}
}

// campaign runs kmv campaign beside the screen; what it prints comes into the log.
func campaign(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(2); err != nil {
		return nil, err
	}
	n, err := l.number(0)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"campaign", "--runs", fmt.Sprint(n)}
	for i := 1; i < len(l.Args); i++ {
		args = append(args, "--inject", l.Arg(i))
	}
	args = append(append(args, "--", m.live.Program), m.live.Argv[min(1, len(m.live.Argv)):]...)
	m.say(draw.Plain, "kmv "+strings.Join(args, " "))
	return m.background(exec.CommandContext(m.ctx, self, args...)), nil
}

// background starts a command whose output goes into the log, line by line.
func (m *Model) background(c *exec.Cmd) tea.Cmd {
	r, w := io.Pipe()
	c.Stdout, c.Stderr = w, w
	if err := c.Start(); err != nil {
		return m.fail(err)
	}
	go func() { w.CloseWithError(orEOF(c.Wait())) }()
	return outputOf(bufio.NewReader(r))
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// outputOf brings the next line.
func outputOf(r *bufio.Reader) tea.Cmd {
	return func() tea.Msg {
		line, err := r.ReadString('\n')
		return funcMsg(func(m *Model) tea.Cmd {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				m.say(draw.Plain, line)
			}
			switch {
			case err == io.EOF:
				return nil
			case err != nil:
				return m.fail(fmt.Errorf("campaign: %w", err))
			}
			return outputOf(r)
		})
	}
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q is not positive", s)
	}
	return d, err
}
