package engine

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmv/engine/view"
)

// Do carries out a command.
func (l *Live) Do(ctx context.Context, c view.Command) (view.Reply, error) {
	if done, err := l.doTerminal(c); done {
		return view.Reply{}, err
	}
	for try := 0; ; try++ {
		var reply view.Reply
		var own error
		err := l.requests.do(func(e *engine) { reply, own = e.do(c) })
		if err != nil {
			return view.Reply{}, err
		}
		if !errors.Is(own, errNoHand) || try == handMost {
			return reply, own
		}
	}
}

// handMost is how often a command is tried again that came in the middle of a fork, an exec or an end.
const handMost = 1000

// commands are what a run can be told; those of goals are there too.
var commands = map[view.Op]func(*engine, view.Command) (view.Reply, error){
	view.Pause:     pauseNow,
	view.Continue:  func(e *engine, _ view.Command) (view.Reply, error) { return view.Reply{}, e.goOnAll() },
	view.Kill:      kill,
	view.Shutdown:  kill,
	view.Verify:    verifyNow,
	view.Scrub:     scrubNow,
	view.Signal:    signalNow,
	view.Eval:      evaluate,
	view.Type:      describeType,
	view.Locals:    locals,
	view.List:      list,
	view.Assign:    assign,
	view.Break:     newBreak,
	view.Watch:     newWatch,
	view.Delete:    change(func(e *engine, b *breakpoint) { e.removeBreak(b) }),
	view.Enable:    change(func(e *engine, b *breakpoint) { b.Enabled = true }),
	view.Disable:   change(func(e *engine, b *breakpoint) { b.Enabled = false }),
	view.Condition: condition,
	view.Ignore:    ignoreHits,
	view.Write:     write,
	view.Mirror:    mirror,
	view.Why:       why,
	view.Explain:   explain,
	view.Restart:   startOver,
	view.Count:     counting,
	view.SetReg:    setRegister,
}

func (e *engine) do(c view.Command) (view.Reply, error) {
	f := commands[c.Op]
	if f == nil {
		return view.Reply{}, &view.CommandError{Text: string(c.Op), End: len(c.Op), Problem: "is not a command of a live run"}
	}
	return f(e, c)
}

func pauseNow(e *engine, _ view.Command) (view.Reply, error) {
	e.debug.active = true
	if err := e.pause("paused"); err != nil {
		e.failed = err
	}
	return view.Reply{}, nil
}

// kill ends the tree; its last stops then come as they come.
func kill(e *engine, _ view.Command) (view.Reply, error) {
	for _, t := range e.threads {
		e.dropGoal(t)
		_ = unix.Kill(t.pid, unix.SIGKILL)
	}
	e.paused, e.parked, e.debug.ready = false, nil, nil
	return view.Reply{}, nil
}

// signalNow sends a signal as kill(2) does. A paused program gets it when it goes on.
func signalNow(e *engine, c view.Command) (view.Reply, error) {
	t, err := e.threadOf(view.Command{Pid: c.Pid})
	if err != nil {
		return view.Reply{}, err
	}
	if err := unix.Kill(t.pid, unix.Signal(c.Value)); err != nil {
		text := fmt.Sprint(c.Value)
		return view.Reply{}, &view.CommandError{Text: text, End: len(text), Problem: err.Error(), Hint: "kill -l lists the signals"}
	}
	return view.Reply{Text: fmt.Sprintf("%v sent to %d", unix.Signal(c.Value), t.pid)}, nil
}

// verifyNow compares the halves of all processes.
func verifyNow(e *engine, _ view.Command) (view.Reply, error) {
	before, bytes := len(e.verify.Divergent), e.verify.BytesCompared
	e.differed = e.verify.DivergentBytes
	err := e.verifyAll()
	r := view.Reply{Compared: e.verify.BytesCompared - bytes}
	for _, d := range e.verify.Divergent[before:] {
		r.Divergent = append(r.Divergent, view.Divergent(d))
	}
	e.emit(view.Event{Kind: view.EventVerified, Size: r.Compared, Value: uint64(len(r.Divergent))})
	return r, err
}
