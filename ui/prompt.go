package ui

import (
	"os"
	"path/filepath"
	"sort"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"kmv/ui/draw"
)

// prompt is the last line while something is typed into it.
type prompt struct {
	label   string
	input   textinput.Model
	done    func(m *Model, text string) (tea.Cmd, error)
	command bool // the command line: with history and completion
	at      int  // in the history, its length is the line that is being typed
	typed   string
	more    []string // lines that were pasted behind it
	choices []string // of the last completion
	choice  int
}

var commandHistory []string

func newPrompt(label, text string) *prompt {
	p := &prompt{label: label, input: textinput.New(), choice: -1}
	p.input.SetValue(text)
	p.input.CursorEnd()
	p.input.Focus()
	return p
}

// ask opens the last line for an answer.
func (m *Model) ask(label, text string, done func(m *Model, text string) (tea.Cmd, error)) {
	m.prompt = newPrompt(label, text)
	m.prompt.done = done
	m.note = note{}
}

// openCommand opens the command line.
func (m *Model) openCommand(text string) {
	m.ask(":", text, func(m *Model, text string) (tea.Cmd, error) {
		m.logLine(draw.Key, ": "+text)
		return m.command(text), nil
	})
	m.prompt.command, m.prompt.at = true, len(commandHistory)
}

// promptKey takes a key.
func (m *Model) promptKey(k tea.KeyPressMsg) tea.Cmd {
	p := m.prompt
	key := k.String()
	if key != "tab" && key != "shift+tab" {
		p.choices, p.choice = nil, -1
	}
	m.note = note{}
	switch {
	case key == "esc" || key == "ctrl+c" || key == "ctrl+g" || key == "backspace" && p.input.Value() == "":
		m.prompt = nil
		return nil
	case key == "enter":
		return m.submit()
	case p.command && key == "tab":
		p.complete(m, 1)
		return nil
	case p.command && key == "shift+tab":
		p.complete(m, -1)
		return nil
	case p.command && (key == "up" || key == "ctrl+p"):
		p.recall(-1)
		return nil
	case p.command && (key == "down" || key == "ctrl+n"):
		p.recall(1)
		return nil
	}
	p.input, _ = p.input.Update(k) // what it would have done later is to blink
	return nil
}

func (m *Model) submit() tea.Cmd {
	p := m.prompt
	text := p.input.Value()
	if p.command {
		if n := len(commandHistory); strings.TrimSpace(text) != "" && (n == 0 || commandHistory[n-1] != text) {
			commandHistory = append(commandHistory, text)
		}
	}
	m.prompt = nil
	if len(p.more) > 0 {
		return m.script(append([]string{text}, p.more...))
	}
	cmd, err := p.done(m, text)
	if err != nil {
		return m.fail(err)
	}
	return cmd
}

// recall goes through the history.
func (p *prompt) recall(n int) {
	if p.at == len(commandHistory) {
		p.typed = p.input.Value()
	}
	p.at = max(min(p.at+n, len(commandHistory)), 0)
	text := p.typed
	if p.at < len(commandHistory) {
		text = commandHistory[p.at]
	}
	p.input.SetValue(text)
	p.input.CursorEnd()
}

// complete puts the next of the possible endings.
func (p *prompt) complete(m *Model, n int) {
	if p.choices == nil {
		p.choices, p.choice = completions(m, p.input.Value()), -1
	}
	if len(p.choices) == 0 {
		return
	}
	p.choice = (p.choice + n + len(p.choices)) % len(p.choices)
	if p.choice < 0 {
		p.choice = len(p.choices) - 1
	}
	p.input.SetValue(p.choices[p.choice])
	p.input.CursorEnd()
}

// completions are whole lines that begin with what was typed.
func completions(m *Model, text string) []string {
	name, rest, args := strings.Cut(text, " ")
	var out []string
	if !args {
		for _, a := range Table {
			for _, n := range append([]string{a.Name}, a.Aliases...) {
				if strings.HasPrefix(n, name) && len(n) > 1 {
					out = append(out, n+map[bool]string{true: " ", false: ""}[a.Args != ""])
				}
			}
		}
		sort.Strings(out)
		return out
	}
	a, _ := find(strings.SplitN(name, "/", 2)[0])
	if a == nil {
		return nil
	}
	for _, c := range argumentChoices(m, a, rest) {
		if strings.HasPrefix(c, rest) {
			out = append(out, name+" "+c)
		}
	}
	return out
}

// argumentChoices are an action's own, files where it takes one, symbols and registers where it takes a place.
func argumentChoices(m *Model, a *Action, rest string) []string {
	if a.Choices != nil {
		return a.Choices(m)
	}
	var out []string
	switch {
	case strings.Contains(a.Args, "FILE"):
		out, _ = filepath.Glob(rest + "*")
		for i, f := range out {
			if s, err := os.Stat(f); err == nil && s.IsDir() {
				out[i] += "/"
			}
		}
	case strings.Contains(a.Args, "LOCATION") || strings.Contains(a.Args, "EXPRESSION"):
		head := rest[:strings.LastIndexAny(rest, " &*(")+1]
		for _, s := range m.symbols() {
			out = append(out, head+s)
		}
	}
	return out
}

// symbols are the names that the screen knows at present: functions on the stack and in the code, variables, registers.
func (m *Model) symbols() []string {
	seen := map[string]bool{}
	add := func(s string) {
		if s, _, _ = strings.Cut(s, "+"); s != "" {
			seen[s] = true
		}
	}
	for _, c := range m.live.Code {
		add(c.Symbol)
	}
	for _, f := range m.live.Stack {
		add(f.Symbol)
	}
	for _, g := range m.live.Ranges {
		if g.Kind == "variable" {
			add(g.Name)
		}
	}
	add("main")
	if m.live.Registers != nil {
		for _, r := range m.live.Registers.Names {
			add("$" + r)
		}
	}
	var out []string
	for s := range seen {
		out = append(out, s)
	}
	sort.Strings(out)
	return out
}
