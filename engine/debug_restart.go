package engine

import (
	"kmv/engine/ptrace"
	"kmv/engine/view"
)

// startOver kills the tree and starts the program again when nothing of it is left. Breakpoints stay.
func startOver(e *engine, c view.Command) (view.Reply, error) {
	e.debug.restart = true
	return kill(e, c)
}

// startAgain starts the program once more, with the options of the first time.
func (e *engine) startAgain() error {
	e.debug.restart = false
	e.queue, e.parked, e.debug.ready = nil, nil, nil
	e.near.end() // the program inherits from this thread
	pid, err := ptrace.Start(e.opts.Path, e.opts.Argv, e.opts.Env, e.files(), e.opts.Terminal != nil)
	if err != nil {
		return &StartError{e.opts.Path, err}
	}
	e.root, e.current, e.rootEnd = pid, pid, ptrace.Stop{}
	e.paused, e.reason = e.opts.Paused, "start"
	e.pausedNow.Store(e.opts.Paused)
	if err := e.first(); gone(err, pid) {
		e.paused = false
	} else if err != nil {
		return err
	}
	e.startPaused()
	return nil
}

// startPaused tells of a pause in front of the program's first instruction.
func (e *engine) startPaused() {
	if t := e.threads[e.root]; e.paused && t != nil {
		e.current = t.tid
		e.emit(view.Event{Kind: view.EventStop, Pid: t.pid, Thread: t.tid, PC: t.regs.Rip, Symbol: e.symbolAt(t.p, t.regs.Rip), Text: e.reason})
	}
}
