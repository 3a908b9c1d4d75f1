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

// beforeCore readies a process for the core file that a signal is about to make of it (signal(7)): the copies stay out, and a process that
// asked not to be dumped is not. madvise does what is mapped, and says ENOMEM because of the rest.
func (e *engine) beforeCore(t *thread, sig unix.Signal) error {
	switch sig {
	case unix.SIGQUIT, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGSYS:
	default:
		return nil
	}
	calls := []*call{{nr: unix.SYS_MADVISE, args: [6]uint64{e.layout.Offset, uint64(e.layout.Data.High), unix.MADV_DONTDUMP}}}
	if t.p.noDump {
		calls = append(calls, &call{nr: unix.SYS_PRCTL, args: [6]uint64{unix.PR_SET_DUMPABLE}})
	}
	return t.inject(calls...)
}
