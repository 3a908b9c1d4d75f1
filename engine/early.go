package engine

import "golang.org/x/sys/unix"

// A process that does not ask for it learns of a lost page when it meets it; by then a call that sleeps may have taken what it
// cannot deliver any more. So kmv asks to be told early (PR_MCE_KILL, prctl(2)), and repairs the page at once. What the
// program asks for is remembered: it gets the errors that kmv could not repair.

// earlyNews is whether a process is told of a lost page before it meets it. Programs that it executes inherit that.
func earlyNews(on bool) *call {
	policy := uint64(unix.PR_MCE_KILL_DEFAULT)
	if on {
		policy = unix.PR_MCE_KILL_EARLY
	}
	return &call{nr: unix.SYS_PRCTL, args: [6]uint64{unix.PR_MCE_KILL, unix.PR_MCE_KILL_SET, policy}}
}

// memoryKill is prctl(2) with PR_MCE_KILL.
func memoryKill(e *engine, t *thread, a [6]uint64) error {
	if a[1] > unix.PR_MCE_KILL_SET || a[1] == unix.PR_MCE_KILL_SET && a[2] > unix.PR_MCE_KILL_DEFAULT || a[1] == unix.PR_MCE_KILL_CLEAR && a[2] != 0 || a[3]|a[4] != 0 {
		return e.answer(t, fail(unix.EINVAL))
	}
	t.early = a[1] == unix.PR_MCE_KILL_SET && a[2] == unix.PR_MCE_KILL_EARLY
	return e.answer(t, 0)
}

// memoryKillNow is prctl(2) with PR_MCE_KILL_GET.
func memoryKillNow(e *engine, t *thread, a [6]uint64) error {
	switch {
	case a[1]|a[2]|a[3]|a[4] != 0:
		return e.answer(t, fail(unix.EINVAL))
	case t.early:
		return e.answer(t, unix.PR_MCE_KILL_EARLY)
	}
	return e.answer(t, unix.PR_MCE_KILL_DEFAULT)
}
