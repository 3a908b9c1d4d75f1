package ui

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"kmv/engine/view"
	"kmv/ui/draw"
	"kmv/ui/pane"
)

func TestLayoutNeverBreaks(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	d.keys("i", "i")
	d.m.run1("inject page@stack")
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		w, h := 1+r.IntN(300), 1+r.IntN(100)
		if i%3 == 0 {
			w, h = 55+r.IntN(110), 12+r.IntN(30)
		}
		d.m.layout = Layouts[r.IntN(len(Layouts))]
		d.m.zoom = r.IntN(4) == 0
		d.m.focus = order[r.IntN(len(order))]
		d.m.popup = nil
		if r.IntN(3) == 0 {
			d.m.open(&viewer{name: "text", lines: []string{strings.Repeat("word ", 80), "", strings.Repeat("x", 400)}})
		}
		d.m.Update(tea.WindowSizeMsg{Width: w, Height: h})
		lines := strings.Split(d.m.View().Content, "\n")
		if len(lines) != h {
			t.Fatalf("%dx%d: %d lines", w, h, len(lines))
		}
		for y, l := range lines {
			l = ansi.Strip(l)
			if draw.Width(l) > w {
				t.Fatalf("%dx%d: line %d is %d wide: %s", w, h, y, draw.Width(l), l)
			}
		}
		covered(t, d.m.plan, w, h)
	}
}

// covered holds a plan to its job: the boxes fill the screen, and do not overlap.
func covered(t *testing.T, p Plan, w, h int) {
	t.Helper()
	if p.Message != "" {
		if w >= minWidth && h >= minHeight {
			t.Fatalf("%dx%d: %s", w, h, p.Message)
		}
		return
	}
	cells := map[[2]int]int{}
	seen := map[pane.ID]bool{}
	for _, b := range append(p.Boxes, Box{At: p.Header}, Box{At: p.Command}) {
		for y := b.At.Y; y < b.At.Y+b.At.H; y++ {
			for x := b.At.X; x < b.At.X+b.At.W; x++ {
				cells[[2]int{x, y}]++
			}
		}
		for _, id := range b.Panes {
			seen[id] = true
			if b.At.W < 10 || b.At.H < 3 {
				t.Fatalf("%dx%d: %s has %dx%d", w, h, id, b.At.W, b.At.H)
			}
		}
	}
	if len(cells) != w*h || len(seen) != len(order) {
		t.Fatalf("%dx%d: %d cells of %d are covered, %d panes", w, h, len(cells), w*h, len(seen))
	}
	for at, n := range cells {
		if n != 1 {
			t.Fatalf("%dx%d: cell %v is covered %d times", w, h, at, n)
		}
	}
}

func TestTooSmall(t *testing.T) {
	d := drive(t, 59, 20, Options{})
	d.has("kmv needs 60x15, this is 59x20")
	d.send(tea.WindowSizeMsg{Width: 60, Height: 15})
	d.settle()
	d.lacks("needs")
	d.has("[1 code]", "9")
}

// TestNothingJumps: the frames around the panes, their titles and the rows of code stay where they are while stepping.
func TestNothingJumps(t *testing.T) {
	for _, size := range [][2]int{{200, 60}, {120, 40}, {90, 30}} {
		d := drive(t, size[0], size[1], Options{})
		d.keys("i")
		before := frames(d)
		for range 12 {
			d.keys("i")
			if now := frames(d); now != before {
				t.Fatalf("%v: the frames moved\n%s\n%s", size, before, now)
			}
			d.keys("j", "k") // a look that is not a stop's shows the program's place too
			if !strings.Contains(d.screen(), "│ >") {
				t.Fatalf("%v: the program's place is not on the screen\n%s", size, d.screen())
			}
		}
	}
}

// frames is the screen with everything but its frames blanked.
func frames(d *driver) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("┌┐└┘─\n", r) {
			return r
		}
		return -1
	}, d.screen())
}

func TestStepping(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	ops := map[string]view.Op{"s": view.Step, "n": view.Next, "i": view.StepInst, "o": view.NextInst, "b": view.Block, "m": view.ToStore, "f": view.Finish,
		"f11": view.Step, "f10": view.Next, "shift+f11": view.Finish}
	for key, op := range ops {
		before := len(d.run.done())
		d.keys(key)
		did := d.run.done()[before:]
		if len(did) != 1 || did[0].Op != op {
			t.Errorf("%s did %v, not %s", key, did, op)
		}
		if !strings.Contains(d.screen(), string(op)) {
			t.Errorf("%s: the reason %q is not shown", key, op)
		}
	}
	for _, text := range []string{"stepi 3", "si 3", "next 3", "block 3", "store 3", "until tell", "advance tell", "tbreak tell", "fin"} {
		before := len(d.run.done())
		d.command(text)
		if len(d.run.done()) == before {
			t.Errorf("%s did nothing", text)
		}
	}
	d.keys("c")
	if d.m.live.State != view.Running {
		t.Fatal("c does not continue")
	}
	d.has("running")
	d.keys("ctrl+c")
	d.until("paused", func() bool { return d.m.live.State == view.Paused })
	d.keys("f5", "f6")
	d.until("paused again", func() bool { return d.m.live.State == view.Paused })
}

// TestStepsTakeTurns: keys that come while a step is under way are not lost.
func TestStepsTakeTurns(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	for range 10 {
		d.send(press("i"))
	}
	d.until("ten steps", func() bool { return d.run.steps() == 10 && len(d.m.past.stops) >= 11 })
	if n := len(d.m.past.stops); n != 11 {
		t.Errorf("%d stops are remembered, not 11", n)
	}
}

// TestStepsKeepTheirOrder: a step does not overtake one that waits, when the stop between them is known but not read yet.
func TestStepsKeepTheirOrder(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	d.send(press("i"))
	d.send(press("i"))
	d.m.event(view.Event{Kind: view.EventStop, Text: "stepi"})
	d.send(press("b"))
	if w := d.m.flow.waiting; len(w) != 2 || w[0].Op != view.StepInst || w[1].Op != view.Block {
		t.Errorf("%+v wait", w)
	}
}

func TestHistory(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	d.keys("i", "i", "i")
	now := d.m.data.Now.Registers.Values[0]
	d.keys(",", ",")
	d.has("HISTORY 2/4")
	if was := d.m.data.Now.Registers.Values[0]; was != now-10 {
		t.Errorf("rax is %d two stops ago, not %d", was, now-10)
	}
	d.has(fmt.Sprintf("%016x", now-10), "*rax")
	d.keys(".")
	d.has("HISTORY 3/4")
	d.keys(".")
	d.lacks("HISTORY")
	d.keys(",", "esc")
	d.lacks("HISTORY")
	d.keys(",", ",", ",", ",", ",")
	d.has("HISTORY 1/4")
	d.keys("i") // acts on the present
	d.lacks("HISTORY")
	if d.m.data.Now.Registers.Values[0] != now+5 {
		t.Error("a step from the past is not one of the present")
	}
}

func TestBreakpoints(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	d.command("break tell if $rdi==3")
	d.has("break", "tell if $rdi==3")
	d.keys("1", "j", "j", "f9")
	if b := d.run.breaks[1]; b.Addr != d.m.code().Line().Addr {
		t.Errorf("F9 broke at %x, not %x", b.Addr, d.m.code().Line().Addr)
	}
	d.keys("f9")
	if len(d.run.breaks) != 1 {
		t.Error("F9 does not take the breakpoint away")
	}
	d.command("watch 0x403000 16")
	if w := d.run.breaks[1]; w.Kind != "watch" || w.Size != 16 || w.Addr != 0x403000 {
		t.Errorf("watch: %+v", w)
	}
	d.keys("7", "space")
	if d.run.breaks[0].Enabled {
		t.Error("space does not disable")
	}
	d.command("enable 1")
	d.keys("x")
	if len(d.run.breaks) != 1 {
		t.Error("x does not delete the selected one")
	}
	d.command("delete all")
	if len(d.run.breaks) != 0 {
		t.Error("delete all leaves some")
	}
}

func TestErrorsUnderline(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	for _, c := range []struct{ command, carets, problem string }{
		{"brake main", "^^^^^", "did you mean break?"},
		{"break nowhere if 1", "^^^^^^^", "is no function"},
		{"mirror on haep", "^^^^", "heap"},
		{"mirror perhaps heap", "^^^^^^^", "neither on nor off"},
		{"x/9q $rsp", "^^^^", "neither a format"},
		{"p/x $nonsense", "^^^^^^^^^", "is no symbol"},
		{"delete first", "^^^^^", "is not a number"},
		{"watch", "^", "is missing"},
		{"set palette green", "^^^^^", "is not a palette"},
		{"layout round", "^^^^^", "is not a layout"},
		{"stepi many", "^^^^", "is not a number"},
		{"edit native $nonsense 00", "^^^^^^^^^", "is no symbol"},
		{"edit native 1200 0", "^", "is not a row of bytes"},
		{"info weather", "^^^^^^^", "is none of them"},
		{"st", "^^", "is the start of step"},
		{"export weather x", "^^^^^^^", "nothing that can be exported"},
		{"source /nonexistent", "^^^^", "cannot be read"},
	} {
		d.command(c.command)
		d.has(c.carets, c.problem)
		e := d.m.note.err
		if e == nil || e.Text[:len(c.command)] != c.command {
			t.Errorf("%q: %+v", c.command, e)
		}
	}
}

func TestMemory(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	d.keys("2")
	base := uint64(fakeStack - 0x200)
	if d.m.memory().Cursor() != base {
		t.Fatalf("the cursor is at %x, not at rsp", d.m.memory().Cursor())
	}
	d.keys("l", "j", "e")
	d.typed("de ad")
	d.keys("enter")
	d.has("write de ad to")
	d.keys("y")
	const row = 16
	if d.run.native[base+row+1] != 0xde || d.run.mirror[base+row+1] == 0xde {
		t.Error("the edit of the native half is not made, or made in both")
	}
	d.has("#", "did write de ad")
	d.keys("g", "g") // away from it
	d.keys("]")
	if d.m.memory().Cursor() != base+row+1 {
		t.Errorf("] goes to %x, not %x", d.m.memory().Cursor(), base+row+1)
	}
	d.command("edit backup " + fmt.Sprintf("%x", base+row+1) + " de ad")
	d.keys("y", "=")
	d.has("every byte equals its copy")
	d.command("x/4bx $rsp @backup")
	d.has("x $rsp")
	d.keys("esc")
	d.command("x/2gx $rsp")
	d.has(fmt.Sprintf("%x:  0x", base))
	d.command("p/x $rsp")
	d.has(fmt.Sprintf("$rsp = %#x", base))
	d.command("memory 0x3ffff0000f00")
	if d.m.memory().Cursor() != 0x3ffff0000f00 {
		t.Error("memory ADDR does not go there")
	}
	d.keys("t")
	d.has("follows")
	d.keys("W")
	d.has("written last by 400133")
	d.keys("esc", "2", "/")
	d.typed("0e15")
	d.keys("enter", "n", "N", "esc", "y")
	if d.copy == "" {
		t.Error("y copies nothing")
	}
}

func TestRangesToggle(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	d.keys("3", "G", "space")
	d.has("off", "coverage 100.0% -> 66.6%")
	d.keys("m")
	d.has("coverage 66.6% -> 100.0%")
	d.command("mirror off 3ffffefe1000-3ffff0001000")
	d.has("66.6%")
	d.keys(`\`)
	d.typed("heap")
	d.keys("enter")
	d.has("ranges with heap")
	d.lacks("/dev/shm/x")
	d.keys(`\`, "enter", "v")
	d.has("variables", "accounts")
}

func TestFailures(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	d.keys("!")
	d.has("make a memory error", "page@heap,half=native,seed=1")
	d.keys("right", "down", "right", "down", "right")
	d.has("flip@stack,half=mirror,seed=1")
	d.keys("enter")
	did := d.run.done()
	if last := did[len(did)-1]; last.Op != view.Inject || last.Text != "flip@stack,half=mirror,seed=1" {
		t.Errorf("the wizard did %+v", last)
	}
	d.has("recovered in 62 us", "recovered 1 of 1")
	d.keys("8", "enter")
	d.has("repaired 61.5 us after it was noticed", "by uffd-poison", "before")
	d.keys("esc")
}

func TestReadOnly(t *testing.T) {
	d := drive(t, 120, 40, Options{ReadOnly: true})
	d.has("READ-ONLY")
	before := len(d.run.done())
	d.keys("!", "e", "shift+f5", "ctrl+shift+f5", "3", "space")
	for _, c := range []string{"mirror off heap", "inject page@heap", "edit native 0 00", "set $rax=1", "kill", "signal 9", "campaign 3 page@heap"} {
		d.command(c)
		d.has("read-only")
	}
	for _, c := range d.run.done()[before:] {
		switch c.Op {
		case view.Mirror, view.Inject, view.Write, view.SetReg, view.Kill, view.Restart, view.Signal, view.Shutdown, view.Input:
			t.Errorf("read-only, and did %+v", c)
		}
	}
	d.keys("0")
	d.typed("x")
	if len(d.run.input) > 0 {
		t.Error("read-only, and typed")
	}
	d.keys("q")
	d.lacks("kill the program")
}

func TestTerminal(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	d.keys("0")
	d.typed("select 1;")
	d.keys("enter", "ctrl+c", "tab", "up")
	d.until("the keys", func() bool { return len(d.run.typed()) >= 13 })
	if got := string(d.run.typed()); got != "select 1;\r\x03\t\x1b[A" {
		t.Errorf("typed %q", got)
	}
	d.settle()
	d.has("select 1;")
	d.keys("f10")
	if d.m.focus != pane.IDTerminal {
		t.Error("F10 takes the focus")
	}
	d.send(tea.PasteMsg{Content: "a\nb"})
	d.until("the paste", func() bool { return bytes.HasSuffix(d.run.typed(), []byte("a\rb")) })
	d.settle()
	d.keys("ctrl+]")
	if d.m.focus == pane.IDTerminal {
		t.Error("Ctrl-] keeps the keys")
	}
	d.send(tea.PasteMsg{Content: "quit"})
	d.has("pasted text is for")
}

// TestFlood: a program that floods its terminal, with garbage too, leaves the frames as they are.
func TestFlood(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	before := frames(d)
	r := rand.New(rand.NewPCG(3, 4))
	junk := make([]byte, 1<<20)
	for i := range junk {
		junk[i] = byte(r.Uint32())
		if i%7 == 0 {
			junk[i] = "\x1b[]P;?0129mHJKLhlr\r\n\t"[r.IntN(21)]
		}
	}
	for i := 0; i < len(junk); i += 4096 {
		d.m.terminal.Write(junk[i : i+4096])
	}
	if now := frames(d); now != before {
		t.Errorf("the frames moved\n%s", d.screen())
	}
	for y, l := range splitLines(d.screen()) {
		if draw.Width(l) > 200 {
			t.Errorf("line %d is %d wide", y, draw.Width(l))
		}
	}
}

func TestMouse(t *testing.T) {
	d := drive(t, 200, 60, Options{})
	for i, b := range d.m.plan.Boxes {
		d.send(tea.MouseClickMsg{X: b.At.X + 3, Y: b.At.Y + 2, Button: tea.MouseLeft})
		d.settle()
		if d.m.focus != d.m.shown[i] {
			t.Errorf("a click into %s focuses %s", d.m.shown[i], d.m.focus)
		}
	}
	d = drive(t, 120, 40, Options{})
	for i := range sidePanes {
		tab := d.m.tabs(3)[i]
		d.send(tea.MouseClickMsg{X: d.m.plan.Boxes[3].At.X + tab.x + 1, Y: d.m.plan.Boxes[3].At.Y, Button: tea.MouseLeft})
		d.settle()
		if d.m.focus != tab.id {
			t.Errorf("a click on the tab of %s focuses %s", tab.id, d.m.focus)
		}
	}
	b := d.m.plan.Boxes[1].At
	at := d.m.memory().Cursor()
	d.send(tea.MouseWheelMsg{X: b.X + 2, Y: b.Y + 2, Button: tea.MouseWheelDown})
	d.settle()
	if d.m.memory().Cursor() <= at {
		t.Error("the wheel does not scroll")
	}
	d.keys("1", "M")
	if d.m.View().MouseMode != tea.MouseModeNone {
		t.Error("M does not release the mouse")
	}
}

func TestQuit(t *testing.T) {
	for key, want := range map[string]Outcome{"k": Killed, "d": Detached} {
		d := drive(t, 120, 40, Options{Where: "kmv tui --connect 1"})
		d.keys("q", "s")
		if d.quit {
			t.Fatal("stay leaves")
		}
		d.keys("q", key)
		d.until("the end", func() bool { return d.quit })
		if d.m.Outcome() != want {
			t.Errorf("%s: outcome %d, not %d", key, d.m.Outcome(), want)
		}
		did := d.run.done()
		last := did[len(did)-1].Op
		if want == Detached && last != view.Continue || want == Killed && last != view.Shutdown {
			t.Errorf("%s: the last command is %s", key, last)
		}
	}
}

func TestPaletteAndHelp(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	d.keys("ctrl+p")
	d.typed("verify")
	d.keys("enter")
	d.has("verified")
	d.keys("?")
	d.has("what works now, in code", "RUN")
	d.keys("esc", "3", "?")
	d.has("in ranges")
	d.keys("G", "esc")
	d.command("help inject")
	d.has("WHAT@WHERE")
}

func TestCompletionAndHistory(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	d.keys(":")
	d.typed("verif")
	d.keys("tab", "enter")
	d.has("verified")
	d.keys(":", "up")
	d.has(":verify")
	d.keys("esc", ":")
	d.typed("mirror of")
	d.keys("tab", "tab", "tab")
	d.has("off")
	d.keys("esc")
	d.keys(":")
	d.typed("break te")
	d.keys("tab")
	if v := d.m.prompt.input.Value(); v != "break tell" {
		t.Errorf("completed to %q", v)
	}
}

func TestSource(t *testing.T) {
	file := t.TempDir() + "/commands"
	write(t, file, "break tell # a comment\n\nstepi 2\nstepi\np/x $rax\n")
	d := drive(t, 200, 60, Options{})
	d.command("source " + file)
	d.has("$rax = 0xf", "tell")
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"palette = \"green\"":             "palette \"green\" is none of",
		"layout = 3":                      "line 1",
		"speed = \"fast\"":                "is not a duration",
		"colour = \"red\"":                "\"colour\" is not a setting",
		"[keys]\nstepp = [\"x\"]":         "\"stepp\" is not an action",
		"palette = \"light\"\nlayout = [": "line 2",
	} {
		write(t, dir+"/c.toml", text)
		_, err := LoadConfig(dir + "/c.toml")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "c.toml") {
			t.Errorf("%q: %v, not %q", text, err, want)
		}
	}
	write(t, dir+"/c.toml", "palette = \"colorblind\"\nlayout = \"one\"\nspeed = \"50ms\"\n[keys]\nstepi = [\"z\"]\ncompact = [\"i\"]\n")
	c, err := LoadConfig(dir + "/c.toml")
	if err != nil {
		t.Fatal(err)
	}
	d := drive(t, 120, 40, Options{Config: c})
	d.keys("z")
	if d.run.steps() != 1 {
		t.Error("the user's key does not step")
	}
	d.keys("i")
	if d.run.steps() != 1 || !d.m.code().Compact {
		t.Error("the default key still steps")
	}
	if len(d.m.plan.Boxes) != 1 || d.m.theme.Name != "colorblind-dark" {
		t.Error("layout or palette are not the user's")
	}
	if _, err := LoadConfig(dir + "/none.toml"); err != nil {
		t.Error(err)
	}
}

func TestAnimation(t *testing.T) {
	d := drive(t, 120, 40, Options{Config: Config{Speed: "20ms"}})
	d.send(press("a"))
	d.until("five animated steps", func() bool { return d.run.steps() >= 5 })
	d.send(press(">"))
	d.send(press("a"))
	d.settle()
	n := d.run.steps()
	d.keys("<")
	if d.run.steps() != n {
		t.Error("the animation does not end")
	}
}

func TestExport(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	dir := t.TempDir()
	for _, what := range []string{"gaps", "ranges", "failures", "log", "screen", "all"} {
		d.command("export " + what + " " + dir + "/" + what)
		d.has("written to")
		if len(read(t, dir+"/"+what)) < 4 {
			t.Errorf("%s is empty", what)
		}
	}
	if !strings.Contains(read(t, dir+"/gaps"), "completion ring") {
		t.Error("the gaps lack one")
	}
}

// TestLateAnswer: a window that would open behind another key's back does not.
func TestLateAnswer(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	l := Line{Name: "info", pressed: d.m.pressed}
	d.keys("j")
	d.m.answerLogged(&l, "ranges", []string{"late"})
	if d.m.popup != nil {
		t.Error("a window opened")
	}
	if last := d.m.log[len(d.m.log)-1].Text; last != "late" || !strings.Contains(d.m.note.text, "in the log") {
		t.Errorf("%q, %q", last, d.m.note.text)
	}
	l.pressed = d.m.pressed
	d.m.answerLogged(&l, "ranges", []string{"in time"})
	if d.m.popup == nil {
		t.Error("no window opened")
	}
}

// TestPastedLines: all lines that are pasted into the command line are done, none of them before Enter.
func TestPastedLines(t *testing.T) {
	d := drive(t, 120, 40, Options{})
	d.keys(":")
	d.send(tea.PasteMsg{Content: "set speed 123ms\nbreak main\n"})
	d.settle()
	d.has(":set speed 123ms", "and 1 more line, which Enter does too")
	if d.m.animate.period == 123*time.Millisecond {
		t.Error("done before Enter")
	}
	d.keys("enter")
	d.until("both lines are done", func() bool { return d.m.animate.period == 123*time.Millisecond && len(d.run.breaks) == 1 })
}

// TestHintsWhileTyping: keys that the program gets are not offered.
func TestHintsWhileTyping(t *testing.T) {
	d := drive(t, 160, 45, Options{})
	d.keys("0")
	lines := strings.Split(strings.TrimRight(d.screen(), "\n"), "\n")
	last := lines[len(lines)-1]
	if !strings.Contains(last, "Ctrl+] type") || !strings.Contains(last, "F5 continue") || strings.Contains(last, " q ") || strings.Contains(last, " : ") {
		t.Errorf("%q", last)
	}
}
