// Signals that faults come as, sent by kill: blocked, pending, and taken by sigwait.
#include "guest.h"
#include <sys/wait.h>

static const int faults[] = {SIGSEGV, SIGBUS, SIGTRAP, SIGILL, SIGFPE};

int main(void)
{
	sigset_t set, pending;
	siginfo_t si;
	struct timespec soon = {0, 1000};
	sigemptyset(&set);
	for (int i = 0; i < 5; i++)
		sigaddset(&set, faults[i]);
	check(sigprocmask(SIG_BLOCK, &set, 0) == 0);
	for (int i = 0; i < 5; i++) {
		check(kill(getpid(), faults[i]) == 0 && kill(getpid(), faults[i]) == 0);
		check(sigpending(&pending) == 0 && sigismember(&pending, faults[i]));
		memset(&si, 0, sizeof si);
		check(sigwaitinfo(&set, &si) == faults[i] && si.si_signo == faults[i] && si.si_code == SI_USER && si.si_pid == getpid());
		check(sigpending(&pending) == 0 && sigisemptyset(&pending));
		check(sigtimedwait(&set, &si, &soon) == -1 && errno == EAGAIN);
	}
	for (int i = 0; i < 5; i++) { // before the other waits, or while it does
		pid_t child = fork();
		if (child == 0) {
			int got = 0;
			sigwait(&set, &got);
			_exit(got);
		}
		int st;
		check(kill(child, faults[i]) == 0 && waitpid(child, &st, 0) == child && WIFEXITED(st) && WEXITSTATUS(st) == faults[i]);
	}
	puts("taken");
	return 0;
}
