package ui

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
	"kmv/ui/draw"
)

// describe is an event's line in the log; "" for those that only move counters.
func describe(e view.Event) (draw.Role, string) {
	where := ""
	if e.Addr != 0 {
		where = fmt.Sprintf(" %x", e.Addr)
	}
	if e.Half != "" {
		where += " in the " + string(e.Half) + " half"
	}
	if e.Range != "" {
		where += " of " + e.Range
	}
	role := draw.Plain
	switch e.Kind {
	case view.EventMap, view.EventScrub, view.EventThread, view.EventVerified:
		return draw.Dim, ""
	case view.EventExit:
		return draw.Warn, fmt.Sprintf("process %d %s", e.Pid, exitText(e.Value))
	case view.EventFork:
		return role, fmt.Sprintf("process %d forked %d", e.Pid, e.Value)
	case view.EventStart:
		return role, "started " + e.Text
	case view.EventSignal:
		return draw.Warn, strings.TrimRight("signal "+signalName(e.Value)+" "+e.Text, " ")
	case view.EventGap, view.EventDivergent, view.EventInjected, view.EventDetected:
		role = draw.Warn
	case view.EventRecovered, view.EventMasked, view.EventRetired:
		role = draw.Good
	case view.EventUnrecovered:
		role = draw.Bad
	case view.EventLog, view.EventMirror:
		return role, e.Text
	}
	text := string(e.Kind) + where
	if f := e.Failure; f != nil {
		text += fmt.Sprintf(" (%s", f.What)
		if f.Latency > 0 {
			text += fmt.Sprintf(", %.0f us", f.Latency)
		}
		text += ")"
	}
	if e.Text != "" {
		text += ": " + e.Text
	}
	return role, text
}

func signalName(n uint64) string {
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprint(n)
}

// exitText reads a wait status (wait(2)).
func exitText(status uint64) string {
	if sig := status & 0x7f; sig != 0 {
		return "was killed by " + signalName(sig)
	}
	return fmt.Sprintf("exited with %d", status>>8&0xff)
}
