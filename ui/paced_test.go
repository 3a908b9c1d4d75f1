package ui

import (
	"testing"

	tea "charm.land/bubbletea/v2"
)

// However many messages come, a frame is drawn when it is due, and then shows all of them.
func TestPaced(t *testing.T) {
	d := drive(t, 80, 24, Options{})
	p := Paced(d.m)
	first := p.View().Content
	later := 0
	for _, key := range []string{"2", "3", "2"} {
		_, cmd := p.Update(tea.KeyPressMsg{Text: key, Code: rune(key[0])})
		if p.View().Content != first {
			t.Fatal("a frame was drawn for a message")
		}
		if cmd != nil {
			later++
		}
	}
	if later == 0 {
		t.Fatal("nothing says when the next frame is due")
	}
	p.Update(dueMsg(1))
	if now := p.View().Content; now == first || now != d.m.canvas().String() {
		t.Errorf("the frame that is due does not show what happened")
	}
}
