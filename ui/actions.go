package ui

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
	"kmv/ui/pane"
)

// Action is one thing that can be done. Keys, commands, palette, help and docs are made of the table.
type Action struct {
	Name    string
	Aliases []string
	Keys    []string // as Bubble Tea names them; "g g" is two in a row
	Args    string   // as in the help: LOCATION [if COND]
	Group   string
	Help    string
	When    func(m *Model) string // why it does not work now, "" if it does; nil works always
	Do      func(m *Model, l *Line) (tea.Cmd, error)
	Choices func(m *Model) []string // what completes its argument
	typing  bool                    // its keys work while the program has the others
}

// Table is everything that can be done, in the order of the help. Where several actions share a key, the first one that
// works now has it.
var Table []*Action

// groups are the chapters of the help, in order.
var groups = []string{"run", "places", "memory", "failures", "look", "history", "screen", "move", "session"}

func init() {
	Table = slices.Concat(runActions, placeActions, memoryActions, failureActions, lookActions, displayActions, historyActions, screenActions, moveActions, sessionActions)
}

// find is the action of a name or alias. A prefix that fits one action only will do.
func find(name string) (*Action, []string) {
	var found *Action
	var names []string
	for _, a := range Table {
		if a.Name == name || slices.Contains(a.Aliases, name) {
			return a, nil
		}
		if strings.HasPrefix(a.Name, name) && name != "" {
			found = a
			names = append(names, a.Name)
		}
	}
	if len(names) == 1 {
		return found, nil
	}
	return nil, names
}

// bind makes the table of keys; own are the user's: action to keys.
func bind(own map[string][]string) (map[string][]*Action, error) {
	for name := range own {
		if a, _ := find(name); a == nil || a.Name != name {
			return nil, fmt.Errorf("keys: %q is not an action; docs/tui.md lists them", name)
		}
	}
	keys := map[string][]*Action{}
	for _, a := range Table {
		for _, k := range a.keys(own) {
			keys[k] = append(keys[k], a)
			if first, _, two := strings.Cut(k, " "); two {
				keys[first] = append(keys[first], prefixAction)
			}
		}
	}
	return keys, nil
}

// prefixAction stands for the first of two keys.
var prefixAction = &Action{Name: "(first of two keys)"}

// keys are an action's, the user's before its own.
func (a *Action) keys(own map[string][]string) []string {
	if k, ok := own[a.Name]; ok {
		return k
	}
	return a.Keys
}

// why says why an action does not work now.
func (a *Action) why(m *Model) string {
	if a.When == nil {
		return ""
	}
	return a.When(m)
}

// byKey is the action that a key stands for now, or why there is none.
func (m *Model) byKey(key string) (*Action, string) {
	why := ""
	for _, a := range m.keys[key] {
		w := a.why(m)
		if w == "" {
			return a, ""
		}
		if why == "" {
			why = a.Name + ": " + w
		}
	}
	return nil, why
}

// run does an action that a key stands for.
func (m *Model) run(a *Action) tea.Cmd { return m.execute(Line{Text: a.Name, Name: a.Name}, a) }

// command does what a line says.
func (m *Model) command(text string) tea.Cmd {
	l := splitLine(text)
	if l.Name == "" {
		return nil
	}
	a, names := find(l.Name)
	if a == nil {
		l.act = &Action{}
		if len(names) > 1 {
			return m.fail(l.bad(-1, "is the start of "+strings.Join(names, ", "), "write more of it"))
		}
		return m.fail(l.bad(-1, "is not a command", nearest(l.Name)))
	}
	if why := a.why(m); why != "" {
		l.act = a
		return m.fail(l.bad(-1, why, "? shows what works now"))
	}
	return m.execute(l, a)
}

func (m *Model) execute(l Line, a *Action) tea.Cmd {
	l.act, l.pressed = a, m.pressed
	cmd, err := a.Do(m, &l)
	if err != nil {
		return m.fail(err)
	}
	return cmd
}

// act sends a command that a line gave; an error of its text is shown in the line.
func (m *Model) act(l *Line, c view.Command, then func(m *Model, r view.Reply) tea.Cmd) tea.Cmd {
	inner := m.do(c, then)
	return func() tea.Msg {
		d := inner().(doneMsg)
		if e, ok := d.err.(*view.CommandError); ok {
			d.err = l.relocate(e)
		}
		return d
	}
}

// nearest is the command that a name was probably meant to be.
func nearest(name string) string {
	best, least := "", 3
	for _, a := range Table {
		for _, n := range append([]string{a.Name}, a.Aliases...) {
			if d := distance(name, n); d < least {
				best, least = n, d
			}
		}
	}
	if best == "" {
		return "? lists them"
	}
	return "did you mean " + best + "?"
}

// distance is how many letters must be changed, added or left out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Conditions for When.

// paused is the condition that the program can go on; a recording always can.
func paused(m *Model) string {
	switch {
	case m.live.Stops > 0:
		return ""
	case m.live.State == view.Ended:
		return "the program has ended"
	case m.live.State == view.Starting:
		return "the program is starting"
	}
	return ""
}

func live(m *Model) string {
	if m.live.Stops > 0 {
		return "this is a recording"
	}
	return ""
}

func alive(m *Model) string {
	if m.live.State == view.Ended {
		return "the program has ended"
	}
	return live(m)
}

// there is the condition that something can be asked of the run.
func there(m *Model) string {
	if m.live.State == view.Ended && m.live.Stops == 0 {
		return "the program has ended"
	}
	return ""
}

func running(m *Model) string {
	if m.live.State != view.Running && !m.flow.resumed && !m.animate.on {
		return "the program does not run"
	}
	return ""
}

func changes(m *Model) string {
	if m.opt.ReadOnly {
		return "the screen is read-only (--readonly)"
	}
	return alive(m)
}

func both(conditions ...func(*Model) string) func(*Model) string {
	return func(m *Model) string {
		for _, c := range conditions {
			if why := c(m); why != "" {
				return why
			}
		}
		return ""
	}
}

// on is the condition that a pane has the keys.
func on(ids ...pane.ID) func(*Model) string {
	return func(m *Model) string {
		if slices.Contains(ids, m.focus) {
			return ""
		}
		names := make([]string, len(ids))
		for i, id := range ids {
			names[i] = string(id)
		}
		sort.Strings(names)
		return "works in " + strings.Join(names, ", ")
	}
}
