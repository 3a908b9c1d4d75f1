package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

// stepping makes the function of a command that resumes, with an optional count.
func stepping(op view.Op) func(m *Model, l *Line) (tea.Cmd, error) {
	return func(m *Model, l *Line) (tea.Cmd, error) {
		n, err := l.count(0)
		if err != nil {
			return nil, err
		}
		m.animate.on = false
		return m.resume(view.Command{Op: op, Count: n}), nil
	}
}

var runActions = []*Action{
	{Name: "step", Aliases: []string{"s"}, Keys: []string{"s", "f11"}, Args: "[N]", Group: "run", When: paused, Do: stepping(view.Step),
		Help: "go on to another source line, into calls (to the next instruction where there are no lines)", typing: true},
	{Name: "next", Aliases: []string{"n"}, Keys: []string{"n", "f10"}, Args: "[N]", Group: "run", When: both(paused, notSearching), Do: stepping(view.Next),
		Help: "the same, calls as one", typing: true},
	{Name: "stepi", Aliases: []string{"si"}, Keys: []string{"i"}, Args: "[N]", Group: "run", When: paused, Do: stepping(view.StepInst),
		Help: "execute one native instruction, into calls"},
	{Name: "nexti", Aliases: []string{"ni"}, Keys: []string{"o"}, Args: "[N]", Group: "run", When: paused, Do: stepping(view.NextInst),
		Help: "the same, calls as one"},
	{Name: "block", Keys: []string{"b"}, Args: "[N]", Group: "run", When: paused, Do: stepping(view.Block),
		Help: "run one translated block"},
	{Name: "toggle", Keys: []string{"space", "m"}, Group: "memory", When: both(on(pane.IDRanges), changes), Do: toggleRange,
		Help: "turn mirroring of the selected range off or on, while the program runs"},
	{Name: "toggle-break", Keys: []string{"space"}, Group: "places", When: both(on(pane.IDBreaks), there), Do: toggleBreak,
		Help: "disable or enable the selected breakpoint"},
	{Name: "store", Keys: []string{"m"}, Args: "[N]", Group: "run", When: paused, Do: stepping(view.ToStore),
		Help: "go on to the next mirrored store"},
	{Name: "continue", Aliases: []string{"c"}, Keys: []string{"c", "f5"}, Group: "run", When: paused, typing: true,
		Help: "let the program run", Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.animate.on = false
			return m.resume(view.Command{Op: view.Continue}), nil
		}},
	{Name: "finish", Aliases: []string{"fin"}, Keys: []string{"f", "shift+f11"}, Group: "run", When: paused, typing: true,
		Help: "run until the selected frame has returned", Do: func(m *Model, l *Line) (tea.Cmd, error) {
			m.animate.on = false
			return m.resume(view.Command{Op: view.Finish, Frame: m.stack().Frame()}), nil
		}},
	{Name: "until", Aliases: []string{"advance"}, Args: "LOCATION", Group: "run", When: paused,
		Help: "run to a place (a function, file:line, *address; without one: the selected instruction), or until the frame returns", Do: until},
	{Name: "start", Group: "run", When: paused, Help: "run to the beginning of main", Do: start},
	{Name: "pause", Aliases: []string{"interrupt"}, Keys: []string{"ctrl+c", "f6"}, Group: "run", When: both(live, running), typing: true,
		Help: "pause the program; nothing of it is between an instruction and its mirror write", Do: pause},
	{Name: "animate", Keys: []string{"a"}, Args: "[step|stepi|block|store]", Group: "run", Do: animate,
		Help: "go on in steps with a picture of each (again: end it)", Choices: words("step", "stepi", "block", "store")},
	{Name: "faster", Keys: []string{">"}, Group: "run", Help: "shorten the pause between animated steps",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return nil, m.pace(3, 2) }},
	{Name: "slower", Keys: []string{"<"}, Group: "run", Help: "lengthen it",
		Do: func(m *Model, l *Line) (tea.Cmd, error) { return nil, m.pace(2, 3) }},
	{Name: "kill", Keys: []string{"shift+f5"}, Group: "run", When: changes, typing: true, Help: "kill the program with its children",
		Do: func(m *Model, l *Line) (tea.Cmd, error) {
			return m.confirm("kill the program?", func(m *Model) tea.Cmd { return m.do(view.Command{Op: view.Kill}, nil) }), nil
		}},
	{Name: "restart", Aliases: []string{"run", "r"}, Keys: []string{"ctrl+shift+f5"}, Group: "run", typing: true,
		When: writable, Help: "kill the program and start it again with the same options", Do: restart},
	{Name: "signal", Args: "N", Group: "run", When: changes, Help: "send a signal to the shown process", Do: sendSignal},
	{Name: "counts", Aliases: []string{"heat"}, Keys: []string{"H"}, Group: "run", When: alive, Do: counts,
		Help: "count executions of blocks and stores, or stop counting (it costs time; stores/s is estimated without)"},
}

func notSearching(m *Model) string {
	if m.search.active {
		return "n goes to the next match; Esc ends the search"
	}
	return ""
}

func writable(m *Model) string {
	if m.opt.ReadOnly {
		return "the screen is read-only (--readonly)"
	}
	return ""
}

// words completes with fixed words.
func words(w ...string) func(*Model) []string { return func(*Model) []string { return w } }

func until(m *Model, l *Line) (tea.Cmd, error) {
	c := view.Command{Op: view.Until, Text: l.Rest(0)}
	if len(l.Args) == 0 {
		line := m.code().Line()
		if line == nil {
			return nil, l.need(1)
		}
		c.Addr = line.Addr
	}
	m.animate.on = false
	return m.resume(c), nil
}

// start runs to main, which a program that was just started has not come to.
func start(m *Model, l *Line) (tea.Cmd, error) {
	m.animate.on = false
	return m.act(l, view.Command{Op: view.Break, Text: "main", Temporary: true}, func(m *Model, r view.Reply) tea.Cmd {
		return m.resume(view.Command{Op: view.Continue})
	}), nil
}

func pause(m *Model, l *Line) (tea.Cmd, error) {
	m.animate.on, m.flow.waiting = false, nil
	return m.do(view.Command{Op: view.Pause}, quiet), nil
}

func restart(m *Model, l *Line) (tea.Cmd, error) {
	again := func(m *Model) tea.Cmd { return m.keepBreaks((*Model).startAgain) }
	if m.live.State == view.Ended || m.live.Stops > 0 {
		return again(m), nil
	}
	return m.confirm("kill the program and start it again?", again), nil
}

// startAgain is restart, decided.
func (m *Model) startAgain() tea.Cmd {
	ended := m.live.State == view.Ended
	m.forget()
	switch {
	case m.opt.Again == nil || m.live.Stops > 0:
		return m.do(view.Command{Op: view.Restart}, nil)
	case ended:
		return m.anew
	}
	return m.do(view.Command{Op: view.Shutdown}, func(m *Model, r view.Reply) tea.Cmd { return m.anew })
}

// keepBreaks notes the breakpoints and watchpoints, which are to be in the next run too.
func (m *Model) keepBreaks(then func(m *Model) tea.Cmd) tea.Cmd {
	run, ctx := m.link.run, m.link.ctx
	return func() tea.Msg {
		s, err := run.Look(ctx, view.Query{Breaks: true})
		return funcMsg(func(m *Model) tea.Cmd {
			if err == nil {
				m.kept = s.Breaks
			}
			return then(m)
		})
	}
}

// setAgain makes the breakpoints of the run before.
func (m *Model) setAgain() tea.Cmd {
	var all []tea.Cmd
	for _, b := range m.kept {
		c := view.Command{Op: view.Break, Text: b.Text, If: b.If, Temporary: b.Temporary}
		if b.Kind == "watch" {
			c.Op, c.Size = view.Watch, b.Size
		}
		if c.Text == "" {
			c.Addr = b.Addr
		}
		all = append(all, m.do(c, func(m *Model, r view.Reply) tea.Cmd {
			if b.Enabled {
				return nil
			}
			return m.do(view.Command{Op: view.Disable, ID: r.ID}, quiet)
		}))
	}
	return tea.Sequence(all...)
}

// forget drops what was known of the run so far.
func (m *Model) forget() {
	m.past, m.rates, m.flow = past{at: -1}, rates{}, flow{looking: m.flow.looking, ticking: m.flow.ticking, planned: m.flow.planned}
	m.animate.on = false
	m.data.Before, m.data.Broken, m.data.Divergent = nil, nil, nil
	m.code().Follow()
}

// anew starts a new run in the place of the one that ended.
func (m *Model) anew() tea.Msg {
	run, where, err := m.opt.Again()
	return funcMsg(func(m *Model) tea.Cmd {
		if err != nil {
			return m.fail(err)
		}
		m.link.close()
		m.forget()
		m.link, m.opt.Where, m.root, m.flow = newLink(run), where, 0, flow{planned: m.flow.planned}
		m.screen().Screen = m.terminal
		m.live = &view.Snapshot{State: view.Starting, Program: m.live.Program}
		m.data.Now = m.live
		return tea.Batch(m.wait, m.arrange(), m.setAgain(), m.want())
	})
}

func sendSignal(m *Model, l *Line) (tea.Cmd, error) {
	if err := l.need(1); err != nil {
		return nil, err
	}
	n, err := l.number(0)
	if err != nil {
		return nil, err
	}
	return m.act(l, view.Command{Op: view.Signal, Value: n, Pid: m.data.Now.Pid}, nil), nil
}

func counts(m *Model, l *Line) (tea.Cmd, error) {
	on := !m.live.Counters.Counting
	return m.do(view.Command{Op: view.Count, On: on}, func(m *Model, r view.Reply) tea.Cmd {
		m.say(draw.Plain, map[bool]string{true: "executions and stores are counted", false: "no longer counted"}[on])
		return nil
	}), nil
}

var paces = map[string]view.Op{"step": view.Step, "stepi": view.StepInst, "block": view.Block, "store": view.ToStore, "": view.StepInst}

func animate(m *Model, l *Line) (tea.Cmd, error) {
	op, ok := paces[l.Arg(0)]
	if !ok {
		return nil, l.bad(0, "is not a pace", "step, stepi, block or store")
	}
	m.animate.turn++
	if m.animate.on = !m.animate.on || l.Arg(0) != ""; !m.animate.on {
		m.say(draw.Plain, "the animation ends")
		return nil, nil
	}
	if why := paused(m); why != "" {
		m.animate.on = false
		return nil, l.bad(-1, why, "? shows what works now")
	}
	m.animate.op = op
	m.say(draw.Plain, "animated by "+string(op)+": < slower, > faster, a ends it")
	return m.animate.next(m), nil
}

// pace changes the animation's period.
func (m *Model) pace(over, under time.Duration) error {
	m.animate.period = min(max(m.animate.period*under/over, 20*time.Millisecond), 10*time.Second)
	m.say(draw.Plain, "a step every "+m.animate.period.Round(time.Millisecond).String())
	return nil
}
