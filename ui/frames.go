package ui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kmv/engine/view"
)

// Frames draws every moment of a recording as the screen shows it, without a terminal: show gets its time, in seconds since
// the start of the run, and its lines with their colours. An error of show ends it.
func Frames(recording view.Controller, c Config, width, height int, show func(seconds float64, lines []string) error) error {
	m, err := New(Options{Run: still{recording}, Config: c, ReadOnly: true})
	if err != nil {
		return err
	}
	defer m.Close()
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	ctx := context.Background()
	for i := 1; ; i++ {
		if _, err := recording.Do(ctx, view.Command{Op: view.Seek, Count: i}); err != nil {
			return err
		}
		s, err := recording.Look(ctx, view.Query{})
		if err != nil {
			return err
		}
		m.happened(eventsMsg{from: m.link, events: m.until(recording.Events(), s.Seq)})
		for range 2 { // the first look may decide what the second one is to ask for
			s, err := recording.Look(ctx, m.query(true))
			m.looked(snapshotMsg{from: m.link, snap: s, err: err, stop: true})
		}
		if err := show(s.Time, strings.Split(m.canvas().String(), "\n")); err != nil || i >= s.Stops {
			return err
		}
	}
}

// until takes events up to a number. Output goes to the terminal.
func (m *Model) until(events <-chan view.Event, seq uint64) (list []view.Event) {
	for e := range events {
		if e.Kind == view.EventOutput {
			m.terminal.Write(e.Data)
		} else {
			list = append(list, e)
		}
		if e.Seq >= seq {
			break
		}
	}
	return list
}

// still is a run whose events somebody else reads.
type still struct{ view.Controller }

func (still) Events() <-chan view.Event { return nil }
