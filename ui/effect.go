package ui

import (
	"fmt"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// effect is what is still to be told of a switch of mirroring: what the program gets done since, which takes some seconds to see.
type effect struct {
	what   string
	before float64 // stores in a second of processor time
}

// enough is how many looks at the speed make it worth telling.
const enough = 3

// expect remembers the speed before a switch, if it is known.
func (m *Model) expect(what string, before *view.Snapshot) {
	m.effect = nil
	if c := before.Counters; c.StoreWindows >= enough && c.StoresPerCPU > 0 {
		m.effect = &effect{what, c.StoresPerCPU}
	}
}

// told tells of it once the speed is known again.
func (m *Model) told(s *view.Snapshot) {
	c := s.Counters
	if m.effect == nil || c.StoreWindows < enough {
		return
	}
	m.say(draw.Plain, fmt.Sprintf("%s: a second of processor time is ~%s stores now, ~%s before (an estimate: a third more or less says nothing)",
		m.effect.what, draw.Count(uint64(c.StoresPerCPU)), draw.Count(uint64(m.effect.before))))
	m.effect = nil
}

// doubled says which part of the executed stores has a copy, before and after a switch: of those that were sampled last, if they are
// enough to tell.
func doubled(before, now view.Counters) string {
	const few = 16
	if before.StoresSampled < few || now.StoresSampled < few {
		return ""
	}
	part := func(c view.Counters) float64 { return 100 * float64(c.StoresCopied) / float64(c.StoresSampled) }
	return fmt.Sprintf("; of its last stores (%d sampled) ~%.0f%% -> ~%.0f%% have a copy", now.StoresSampled, part(before), part(now))
}
