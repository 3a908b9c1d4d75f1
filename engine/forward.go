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
// Where keys reach both, kmv does not hear of them, unless the program is paused (ptrace.DropTyped).
// SIGUSR1 is for kmv itself: a list of the processes.
func (e *engine) forwardSignals(ctx context.Context) (stop func()) {
	all := []os.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGHUP, unix.SIGTERM, unix.SIGUSR2, unix.SIGUSR1}
	ch := make(chan os.Signal, 16)
	signal.Notify(ch, all...)
	if e.opts.Terminal == nil {
		if err := ptrace.DropTyped(unix.SIGINT, unix.SIGQUIT); err != nil {
			e.logf("keys may count twice: %v", err)
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
		reached = e.opts.Terminal == nil && e.sentToAll(sig) // the program has it too
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

// setPaused tells other goroutines, and what hears of typed signals, whether the program is paused.
func (e *engine) setPaused(paused bool) {
	e.pausedNow.Store(paused)
	ptrace.HearTyped(paused)
}
