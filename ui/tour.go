package ui

import (
	tea "charm.land/bubbletea/v2"

	"kmv/ui/draw"
)

// Tour leads through a program step by step: each step says something, does something, and waits for Enter.
type Tour struct {
	Steps []TourStep
	at    int
	done  bool
}

// TourStep is one picture of a tour.
type TourStep struct {
	Text []string // what to look at
	Do   []string // commands, done when the step begins; the screen shows them
}

// on says whether the tour goes on.
func (t *Tour) on() bool { return !t.done && t.at < len(t.Steps) }

// tourStart begins a tour.
func (m *Model) tourStart() tea.Cmd {
	if m.opt.Tour == nil || !m.opt.Tour.on() {
		return nil
	}
	return m.whenPaused(func(m *Model) tea.Cmd { return m.script(m.opt.Tour.Steps[0].Do) })
}

// tourKey takes Enter and Esc while a tour is shown; all other keys work as ever.
func (m *Model) tourKey(k tea.KeyPressMsg) (cmd tea.Cmd, taken bool) {
	t := m.opt.Tour
	if t == nil || !t.on() {
		return nil, false
	}
	switch k.String() {
	case "enter":
		if t.at++; t.on() {
			return m.script(t.Steps[t.at].Do), true
		}
		m.say(draw.Plain, "the tour is over; everything works as usual, ? shows what")
		return nil, true
	case "esc":
		t.done = true
		return nil, true
	}
	return nil, false
}

// draw shows the step at the lower right, where it hides least.
func (t *Tour) draw(c draw.Surface, m *Model) {
	w := min(64, m.w-4)
	lines := wrap(t.Steps[t.at].Text, w-4, 0)
	at := draw.Rect{X: m.w - w - 1, Y: m.h - len(lines) - 4, W: w, H: len(lines) + 3}
	s := c.Sub(at)
	s.Clear()
	s.Frame(draw.Badge)
	s.Row(0).To(2).Putf(draw.Badge, " tour %d/%d ", t.at+1, len(t.Steps))
	for y, l := range lines {
		s.Text(2, 1+y, draw.Plain, l)
	}
	s.Row(len(lines)+1).To(2).Put(draw.Key, "Enter").Put(draw.Dim, " goes on  ").Put(draw.Key, "Esc").Put(draw.Dim, " ends the tour")
}
