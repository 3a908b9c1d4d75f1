package sessions

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// tell says in words what an event is about, without its kind.
func tell(e *view.Event) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch e.Kind {
	case view.EventExit:
		add("%s", ending(e.Value))
	case view.EventFork:
		add("process %d", e.Value)
	case view.EventThread:
		add("%s", map[bool]string{true: "began", false: "ended"}[e.On])
	case view.EventSignal:
		add("%s", signalName(e.Value))
	case view.EventMap:
		add("%#x+%#x", e.Addr, e.Size)
	case view.EventMirror:
		add("%#x+%#x turned %s", e.Addr, e.Size, map[bool]string{true: "on", false: "off"}[e.On])
	case view.EventDivergent:
		add("%#x+%#x", e.Addr, e.Size)
	case view.EventVerified:
		add("%d bytes compared", e.Size)
	case view.EventOutput:
		add("%d bytes", len(e.Data))
	default:
		if e.Addr != 0 {
			add("%#x", e.Addr)
		}
	}
	if e.Half != "" {
		add("%s", e.Half)
	}
	if e.Failure != nil {
		add("%s", describe(e.Failure))
	}
	if e.Symbol != "" {
		add("in %s", e.Symbol)
	}
	for _, s := range []string{e.Range, e.Text} {
		if s != "" {
			add("%s", s)
		}
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// signalName is SIGSEGV, or the number of a signal without a name (a real-time one).
func signalName(n uint64) string {
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", n)
}

// ending says how a process ended (wait(2)).
func ending(status uint64) string {
	if w := unix.WaitStatus(status); w.Signaled() {
		return "killed by " + signalName(uint64(w.Signal()))
	} else {
		return fmt.Sprintf("exited with %d", w.ExitStatus())
	}
}
