package engine

import "golang.org/x/sys/unix"

// A process that is not dumpable keeps kmv out, too, unless that is privileged: its memory, its descriptors, and those of the children that it
// forks (ptrace(2), "Ptrace access mode checking"). So PR_SET_DUMPABLE stays with the engine until a signal kills the process, which then
// leaves no core file. Nobody else can attach to what kmv traces.

func dumpable(e *engine, t *thread) error {
	if t.p.noDump {
		return e.answer(t, 0)
	}
	return e.pass(t, nil)
}

func setDumpable(e *engine, t *thread, value uint64) error {
	if value > 1 {
		return e.answer(t, fail(unix.EINVAL))
	}
	t.p.noDump = value == 0
	return e.answer(t, 0)
}

// dieUndumped makes a process that a signal is about to kill what it asked to be.
func (t *thread) dieUndumped() error {
	if !t.p.noDump {
		return nil
	}
	return t.inject(&call{nr: unix.SYS_PRCTL, args: [6]uint64{unix.PR_SET_DUMPABLE}})
}
