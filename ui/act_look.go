package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

var lookActions = []*Action{
	{Name: "open", Keys: []string{"enter"}, Group: "look", Do: opened,
		Help: "what is selected: explain an instruction, tell who wrote a byte, go to a range, frame, thread or gap, tell a failure's story"},
	{Name: "explain", Args: "[ADDR]", Group: "look", Help: "the translation of an instruction, in words: which write, how many bytes, why this form", Do: explain},
	{Name: "up", Keys: []string{"u"}, Group: "look", Help: "select the calling frame",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.want(), m.frame(m.stack().Frame() + 1) }},
	{Name: "down", Keys: []string{"d"}, Group: "look", Help: "select the called frame",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return m.want(), m.frame(m.stack().Frame() - 1) }},
	{Name: "frame", Aliases: []string{"f"}, Args: "[N]", Group: "look", Help: "select call N of the stack: expressions, locals and registers are about it, until the program stops again", Do: frameNumber},
	{Name: "thread", Args: "ID", Group: "look", Help: "select a thread: its registers, stack and code are shown, and steps are its own", Do: threadNumber},
	{Name: "where", Aliases: []string{"bt", "backtrace"}, Keys: []string{"w"}, Group: "look", Help: "the call stack", Do: where},
	{Name: "variables", Keys: []string{"v"}, Group: "look", Help: "only the named variables in the list of ranges (again: all)", Do: variables},
	{Name: "vectors", Keys: []string{"V"}, Group: "look", Help: "vector registers too, or not",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.registers().Vectors = !m.registers().Vectors
			m.show(pane.IDRegisters)
			return m.want(), nil
		}},
	{Name: "x", Args: "ADDR|EXPRESSION [@backup]", Group: "look", Help: "examine memory: x/16gx &buf @backup (formats x d u c s i f, sizes b h w g)", Do: examine},
	{Name: "print", Aliases: []string{"p"}, Args: "EXPRESSION", Group: "look", Do: printValue,
		Help: "the value of a C expression, as its type has it: p accounts[2].name, p *list@5, p/x $rax (formats x d u o t c a f s)"},
	{Name: "ptype", Args: "EXPRESSION|TYPE", Group: "look", Help: "its type, with all members", Do: typed(true)},
	{Name: "whatis", Args: "EXPRESSION|TYPE", Group: "look", Help: "the name of its type", Do: typed(false)},
	{Name: "info", Aliases: []string{"i"}, Args: "locals|args|registers|threads|ranges|gaps|blocks|breakpoints|failures|stack|sessions", Group: "look", Do: info,
		Help: "one of these as text; locals and args are the selected frame's", Choices: words("locals", "args", "registers", "threads", "ranges", "gaps", "blocks", "breakpoints", "failures", "stack", "sessions")},
	{Name: "list", Aliases: []string{"l"}, Args: "[FILE:LINE|LINE|FUNCTION]", Group: "look", Help: "the source around a place, or where the frame is; again: the lines behind", Do: listSource},
	{Name: "disas", Aliases: []string{"disassemble"}, Args: "[LOCATION]", Group: "look", Help: "show the code of a place", Do: disas},
	{Name: "here", Group: "look", Help: "back to the instruction that the program stands at (Esc does that too)",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.show(pane.IDCode)
			m.code().Follow()
			return m.want(), nil
		}},
	{Name: "next-block", Keys: []string{"}"}, Group: "look", Help: "select the next translated block",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.show(pane.IDCode)
			m.code().Blocks(&m.data, 1)
			return m.want(), nil
		}},
	{Name: "previous-block", Keys: []string{"{"}, Group: "look", Help: "select the one before",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.show(pane.IDCode)
			m.code().Blocks(&m.data, -1)
			return m.want(), nil
		}},
	{Name: "compact", Keys: []string{"z"}, Group: "look", Help: "hide translated instructions that only make room, or show them",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.code().Compact = !m.code().Compact
			return nil, nil
		}},
	{Name: "set", Args: "$REG=VALUE | var VARIABLE=EXPRESSION | palette NAME | layout NAME | speed DURATION", Group: "look", Do: set,
		Help: "change a register, a variable (in both halves), or how the screen looks", Choices: setChoices},
}

func setChoices(*Model) []string {
	out := []string{"speed 100ms"}
	for _, p := range append([]string{"auto", "colorblind"}, draw.Palettes...) {
		out = append(out, "palette "+p)
	}
	for _, n := range Layouts {
		out = append(out, "layout "+n)
	}
	return out
}

func explain(m *Model, l *Line) (tea.Cmd, error) {
	ask := func(m *Model, at uint64) tea.Cmd {
		return m.do(view.Command{Op: view.Explain, Addr: at}, func(m *Model, r view.Reply) tea.Cmd {
			m.answerLogged(l, fmt.Sprintf("the translation of %x", at), splitLines(r.Text))
			return nil
		})
	}
	if len(l.Args) > 0 {
		return m.evaluate(l, 0, ask), nil
	}
	line := m.code().Line()
	if line == nil {
		return nil, l.bad(-1, "no instruction is selected", "pause the program first (F6)")
	}
	return ask(m, line.Addr), nil
}

// frame selects a call and shows its code.
func (m *Model) frame(n int) error {
	frames := m.data.Now.Stack
	if len(frames) == 0 {
		return &view.CommandError{Text: "frame", End: 5, Problem: "no call stack is known", Hint: "pause the program first (F6)"}
	}
	n = max(min(n, len(frames)-1), 0)
	m.stack().Select(n)
	if n == 0 {
		m.code().Follow()
	} else {
		m.code().Goto(frames[n].PC)
	}
	m.note = note{text: fmt.Sprintf("#%d %x %s %s", n, frames[n].PC, pane.Call(frames[n]), frames[n].Source), role: draw.Plain}
	return nil
}

func frameNumber(m *Model, l *Line) (tea.Cmd, error) {
	n := m.stack().Frame()
	if len(l.Args) > 0 {
		v, err := l.number(0)
		if err != nil {
			return nil, err
		}
		if n = int(v); n >= len(m.data.Now.Stack) {
			return nil, l.bad(0, fmt.Sprintf("is not a frame: there are %d", len(m.data.Now.Stack)), "bt shows them")
		}
	}
	return m.want(), m.frame(n)
}

func threadNumber(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	n, err := l.number(0)
	if err != nil {
		return nil, err
	}
	return m.glance(view.Query{Threads: true}, func(m *Model, s *view.Snapshot) tea.Cmd {
		for i, t := range s.Threads {
			if t.ID == int(n) || i+1 == int(n) && n < 100 { // gdb counts them from 1
				m.selectThread(t.ID)
				m.say(draw.Plain, fmt.Sprintf("thread %d %s %s %s", t.ID, t.Name, t.State, t.Symbol))
				return m.want()
			}
		}
		return m.fail(l.bad(0, "is no thread of the program", "info threads lists them"))
	}), nil
}

// selectThread shows a thread from its innermost frame on.
func (m *Model) selectThread(id int) {
	m.thread = id
	m.stack().Select(0)
	m.code().Follow()
	m.past.leave(m)
}

func where(m *Model, l *Line) (tea.Cmd, error) {
	m.show(pane.IDStack)
	return m.want(), nil
}

func variables(m *Model, l *Line) (tea.Cmd, error) {
	m.ranges().Variables = !m.ranges().Variables
	m.show(pane.IDRanges)
	return m.want(), nil
}

func disas(m *Model, l *Line) (tea.Cmd, error) {
	if len(l.Args) == 0 {
		m.show(pane.IDCode)
		m.code().Follow()
		return m.want(), nil
	}
	return m.evaluate(l, 0, func(m *Model, v uint64) tea.Cmd {
		m.show(pane.IDCode)
		m.code().Goto(v)
		return m.want()
	}), nil
}

// intoRegister shows the memory that the selected register points to.
func (m *Model) intoRegister(l *Line) error {
	f := strings.Fields(m.registers().Copy(&m.data))
	if len(f) < 2 {
		return l.bad(-1, "no register is selected", "pause the program first (F6)")
	}
	v, ok := parseAddress(f[1])
	if !ok {
		return l.bad(-1, "this register holds no address", "select another one")
	}
	m.show(pane.IDMemory)
	m.memory().Goto(v)
	return nil
}

// infoPanes are the lists that info can show as text.
var infoPanes = map[string]pane.ID{"registers": pane.IDRegisters, "threads": pane.IDThreads, "ranges": pane.IDRanges, "gaps": pane.IDGaps,
	"breakpoints": pane.IDBreaks, "watchpoints": pane.IDBreaks, "failures": pane.IDFailures, "stack": pane.IDStack}

func info(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	what := l.Arg(0)
	for _, name := range []string{"locals", "args", "registers", "threads", "ranges", "gaps", "blocks", "breakpoints", "watchpoints", "failures", "stack", "sessions"} {
		if strings.HasPrefix(name, what) {
			what = name
			break
		}
	}
	switch what {
	case "locals", "args":
		return localVariables(m, l, what == "args"), nil
	case "blocks":
		return m.glance(view.Query{Blocks: true}, func(m *Model, s *view.Snapshot) tea.Cmd {
			m.answerLogged(l, "the most executed blocks", blockLines(s))
			return nil
		}), nil
	case "sessions":
		text := "no recording; record FILE starts one"
		if m.header.Badge == badgeRecording {
			text = "recording"
		}
		if m.live.Stops > 0 {
			text = fmt.Sprintf("a recording of %s: stop %d of %d", m.live.Program, m.live.Stop, m.live.Stops)
		}
		m.open(&viewer{name: "sessions", lines: []string{text}})
		return nil, nil
	}
	id, ok := infoPanes[what]
	if !ok {
		return nil, l.bad(0, "is none of them", l.act.Args)
	}
	q := view.Query{Thread: m.thread, Frame: m.chosen()}
	m.panes[id].Ask(&q)
	return m.glance(q, func(m *Model, s *view.Snapshot) tea.Cmd {
		m.answerLogged(l, what, m.listing(id, s))
		return nil
	}), nil
}

// listing is a pane's content as plain lines, however many.
func (m *Model) listing(id pane.ID, s *view.Snapshot) []string {
	d := m.data
	d.Now = s
	width := min(m.w-10, 200) // what a window has room for
	height := 40 + len(s.Ranges) + len(s.Gaps) + len(s.Threads) + len(s.Processes) + len(s.Failures)*4 + len(s.Stack) + len(s.Breaks)
	p := m.fresh(id)
	p.Size(width, height)
	mono, _ := draw.NewTheme("mono")
	c := draw.NewCanvas(width, height, mono)
	p.Draw(c, &d, false)
	return splitLines(strings.TrimRight(c.Plain(), "\n "))
}

// fresh is a pane of a kind with nothing scrolled or filtered.
func (m *Model) fresh(id pane.ID) pane.Pane {
	switch id {
	case pane.IDRegisters:
		r := pane.NewRegisters()
		r.Vectors = m.registers().Vectors
		return r
	case pane.IDThreads:
		return pane.NewThreads()
	case pane.IDRanges:
		return pane.NewRanges()
	case pane.IDGaps:
		return pane.NewGaps()
	case pane.IDBreaks:
		return pane.NewBreaks()
	case pane.IDStack:
		return pane.NewStack()
	}
	return pane.NewFailures()
}

func blockLines(s *view.Snapshot) []string {
	out := []string{"     count  address   bytes  inst  stores  cache         symbol"}
	for _, b := range s.Blocks {
		out = append(out, fmt.Sprintf("%10d  %-8x  %5d  %4d  %6d  %x+%-4d  %s", b.Count, b.Addr, b.Size, b.Instructions, b.Stores, b.Cache, b.CacheSize, b.Symbol))
	}
	if len(s.Blocks) > 0 && s.Blocks[0].Count == 0 {
		out = append(out, "", "executions are not counted; H counts them")
	}
	return out
}

func set(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	what, value := l.Arg(0), l.Rest(1)
	if name, v, ok := strings.Cut(l.Rest(0), "="); ok && strings.HasPrefix(name, "$") {
		return setRegister(m, l, strings.TrimSpace(name[1:]), strings.TrimSpace(v))
	}
	if err := l.need(2); err != nil {
		return nil, err
	}
	switch what {
	case "var", "variable":
		if why := changes(m); why != "" {
			return nil, l.bad(0, why, "? shows what works now")
		}
		return m.act(l, view.Command{Op: view.Assign, Text: value, Thread: m.thread, Frame: m.chosen()}, func(m *Model, r view.Reply) tea.Cmd {
			m.say(draw.Warn, r.Text)
			m.flow.stopped = true
			return nil
		}), nil
	case "palette":
		old := m.config.Palette
		m.config.Palette = value
		if err := m.retheme(); err != nil {
			m.config.Palette = old
			return nil, l.bad(1, "is not a palette", strings.Join(draw.Palettes, ", "))
		}
		return nil, nil
	case "layout":
		return layout(m, l, 1)
	case "speed":
		d, err := parseDuration(value)
		if err != nil {
			return nil, l.bad(1, "is not a duration", "such as 200ms")
		}
		m.animate.period = d
		return nil, nil
	}
	return nil, l.bad(0, "is nothing that can be set", l.act.Args)
}

func setRegister(m *Model, l *Line, name, value string) (tea.Cmd, error) {
	if why := changes(m); why != "" {
		return nil, l.bad(0, why, "? shows what works now")
	}
	send := func(m *Model, v uint64) tea.Cmd {
		return m.act(l, view.Command{Op: view.SetReg, Thread: m.thread, Text: name, Value: v}, func(m *Model, r view.Reply) tea.Cmd {
			m.say(draw.Warn, fmt.Sprintf("%s = %#x", name, v))
			m.flow.stopped = true
			return nil
		})
	}
	if v, err := parseNumber(value); err == nil {
		return send(m, v), nil
	}
	return m.act(l, view.Command{Op: view.Eval, Text: value, Thread: m.thread, Frame: m.chosen()}, func(m *Model, r view.Reply) tea.Cmd { return send(m, r.Value) }), nil
}
