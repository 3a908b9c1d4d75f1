package ui

import (
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kmv/ui/draw"
)

func TestMain(m *testing.M) {
	frame = time.Millisecond // a test need not wait for eyes
	os.Exit(m.Run())
}

// driver runs a model without Bubble Tea's program: each message's commands are carried out until nothing is left to do, so
// that a test sees a settled screen and never has to wait.
type driver struct {
	t    *testing.T
	m    *Model
	run  *fake
	msgs chan tea.Msg
	open int // commands under way, but the wait for events
	seen int // events that the model has
	copy string
	quit bool
}

func drive(t *testing.T, w, h int, o Options) *driver {
	t.Helper()
	f := newFake()
	if o.Run == nil {
		o.Run = f
	}
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{t: t, m: m, run: f, msgs: make(chan tea.Msg, 1000)}
	t.Cleanup(m.Close)
	d.start(m.Init())
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.settle()
	return d
}

// start carries a command out in the background, as a tea.Program does.
func (d *driver) start(c tea.Cmd) {
	if c == nil {
		return
	}
	if waits(c) {
		go func() { d.msgs <- inSequence{c()} }()
		return
	}
	d.open++
	go func() { d.msgs <- doneCmd{c()} }()
}

// waits says that a command is the model's wait for events, which ends when there are some. A batch that holds it is none: it
// ends at once.
func waits(c tea.Cmd) bool {
	return strings.HasSuffix(runtime.FuncForPC(reflect.ValueOf(c).Pointer()).Name(), ".wait-fm")
}

type doneCmd struct{ msg tea.Msg }

func (d *driver) send(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			d.start(c)
		}
	case tea.QuitMsg:
		d.quit = true
	default:
		if strings.HasSuffix(typeName(msg), "sequenceMsg") {
			d.sequence(msg)
			return
		}
		if s, ok := clipboard(msg); ok {
			d.copy = s
			return
		}
		if e, ok := msg.(eventsMsg); ok {
			d.seen += len(e.events)
		}
		_, c := d.m.Update(msg)
		d.start(c)
	}
}

// settle goes on until only the wait for events is left.
func (d *driver) settle() {
	d.t.Helper()
	limit := time.After(20 * time.Second)
	for d.open > 0 || !d.quiet() {
		select {
		case m := <-d.msgs:
			d.receive(m)
		case <-limit:
			d.t.Fatalf("the screen does not settle:\n%s", d.screen())
		}
		if d.m.live.State == "running" && d.m.flow.ticking {
			break
		}
	}
	d.m.View() // as Bubble Tea does after each message
}

// receive takes what a command brought.
func (d *driver) receive(m tea.Msg) {
	switch m := m.(type) {
	case doneCmd:
		d.open--
		d.send(m.msg)
	case inSequence:
		d.send(m.msg)
	}
}

// quiet says that no event waits to be seen.
func (d *driver) quiet() bool {
	d.run.mu.Lock()
	sent := d.run.rare
	d.run.mu.Unlock()
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	return d.seen == sent && len(d.m.typed) == 0 && len(d.m.input) == 0
}

// until goes on until a condition holds.
func (d *driver) until(what string, ok func() bool) {
	d.t.Helper()
	limit := time.After(20 * time.Second)
	for !ok() {
		select {
		case m := <-d.msgs:
			d.receive(m)
		case <-limit:
			d.t.Fatalf("never: %s\n%s", what, d.screen())
		}
	}
}

// keys presses keys, by their names in the table, and settles.
func (d *driver) keys(names ...string) {
	d.t.Helper()
	for _, n := range names {
		d.send(press(n))
		d.settle()
	}
}

// typed types text.
func (d *driver) typed(text string) {
	d.t.Helper()
	for _, r := range text {
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	d.settle()
}

// command types a command.
func (d *driver) command(text string) {
	d.t.Helper()
	d.keys(":")
	d.typed(text)
	d.keys("enter")
}

func (d *driver) screen() string { return d.m.canvas().Plain() }

// has wants text on the screen.
func (d *driver) has(texts ...string) {
	d.t.Helper()
	s := d.screen()
	for _, text := range texts {
		if !strings.Contains(s, text) {
			d.t.Errorf("no %q on the screen\n%s", text, s)
		}
	}
}

func (d *driver) lacks(text string) {
	d.t.Helper()
	if s := d.screen(); strings.Contains(s, text) {
		d.t.Errorf("%q is on the screen\n%s", text, s)
	}
}

func (d *driver) theme(name string) {
	t, err := draw.NewTheme(name)
	if err != nil {
		d.t.Fatal(err)
	}
	d.m.theme = t
}

var keyCodes = map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
	"right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "delete": tea.KeyDelete, "backspace": tea.KeyBackspace,
	"f1": tea.KeyF1, "f5": tea.KeyF5, "f6": tea.KeyF6, "f9": tea.KeyF9, "f10": tea.KeyF10, "f11": tea.KeyF11}

// press makes the message of a key.
func press(name string) tea.KeyPressMsg {
	var k tea.KeyPressMsg
	for {
		mod, rest, ok := strings.Cut(name, "+")
		bits := map[string]tea.KeyMod{"ctrl": tea.ModCtrl, "shift": tea.ModShift, "alt": tea.ModAlt}[mod]
		if !ok || bits == 0 {
			break
		}
		k.Mod |= bits
		name = rest
	}
	switch {
	case name == "space":
		k.Code, k.Text = ' ', " "
	case keyCodes[name] != 0:
		k.Code = keyCodes[name]
	default:
		k.Code = []rune(name)[0]
		if k.Mod == 0 {
			k.Text = name
		}
	}
	return k
}

// run1 does a command without the command line.
func (m *Model) run1(text string) { m.command(text) }

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
