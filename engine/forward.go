package engine

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"kmv/engine/ptrace"
	"kmv/engine/view"
)

// forwardSignals gives the program the signals that a user sends to kmv in its place. What the terminal sends reaches
// the program anyway, as it is in the same process group: kmv only has to survive it. A program on a terminal of its own
// also survives the loss of the terminal that kmv was started on. A paused program cannot act upon a signal: it is ended.
// SIGUSR1 is for kmv itself: a list of the processes.
func (e *engine) forwardSignals(ctx context.Context) (stop func()) {
	all := []os.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGHUP, unix.SIGTERM, unix.SIGUSR2, unix.SIGUSR1}
	ch := make(chan os.Signal, 16)
	signal.Notify(ch, all...)
	if e.opts.Terminal == nil {
		err := ptrace.CountOrigins(unix.SIGINT, unix.SIGQUIT)
		if e.knowsOrigins = err == nil; err != nil {
			e.logf("a key that is a signal may reach the program twice: %v", err)
		}
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-ch:
				e.forward(s.(syscall.Signal))
			case <-ctx.Done():
				_ = unix.Kill(e.root, unix.SIGKILL)
				return
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(done)
	}
}

func (e *engine) forward(sig unix.Signal) {
	reached := false
	switch sig {
	case unix.SIGUSR1:
		_ = e.requests.do(func(e *engine) { e.summary(os.Stderr) })
		return
	case unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		return
	case unix.SIGHUP:
		if e.opts.Terminal != nil {
			return // kmv's terminal is gone, the program's is not
		}
	case unix.SIGINT, unix.SIGQUIT:
		reached = e.opts.Terminal == nil && e.programHas(sig)
	}
	if sig != unix.SIGUSR2 && e.endPaused(sig) || reached {
		return
	}
	_ = unix.Kill(e.root, sig)
}

// endPaused ends a paused program for a signal that kmv got, and says whether it was one.
func (e *engine) endPaused(sig unix.Signal) (was bool) {
	if !e.pausedNow.Load() { // nothing is asked of the engine of a run that goes on: the bell is wanted for the terminal's signals
		return false
	}
	_ = e.requests.do(func(e *engine) {
		if was = e.paused; was {
			e.emit(view.Event{Kind: view.EventLog, Text: "kmv got " + unix.SignalName(sig) + ": the paused program is ended"})
			_, _ = kill(e, view.Command{})
		}
	})
	return was
}

// programHas says whether the program has a signal, too, that kmv has got.
func (e *engine) programHas(sig unix.Signal) bool {
	typed, sent := ptrace.Origins(sig)
	switch {
	case !e.knowsOrigins:
		return e.sentToAll(sig)
	case typed > 0:
		_ = e.requests.do((*engine).changeBell) // it has what was typed, and could not show what is sent to the group later
		return sent == 0
	case sent > 0:
		return e.sentToAll(sig)
	}
	return true // counted with the one before
}
