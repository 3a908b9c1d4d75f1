// Blocked signals wait: standard ones once, realtime ones queued in order, lowest number first.
#include "guest.h"

static void handler(int sig, siginfo_t *si, void *ctx) { printf("signal %d value %d\n", sig, si->si_value.sival_int); }

int main(void)
{
	sigset_t all, old, pending;
	sigfillset(&all);
	on(SIGUSR1, handler, 0);
	on(SIGRTMIN, handler, 0);
	on(SIGRTMIN + 1, handler, 0);
	check(sigprocmask(SIG_BLOCK, &all, &old) == 0);
	for (int i = 0; i < 3; i++) {
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
		sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 10 + i});
		sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 20 + i});
	}
	check(sigpending(&pending) == 0);
	printf("pending %d%d%d%d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGRTMIN),
	       sigismember(&pending, SIGRTMIN + 1), sigismember(&pending, SIGUSR2));
	sigset_t now;
	check(sigprocmask(SIG_SETMASK, 0, &now) == 0);
	printf("blocked SEGV %d TRAP %d KILL %d STOP %d\n", sigismember(&now, SIGSEGV), sigismember(&now, SIGTRAP),
	       sigismember(&now, SIGKILL), sigismember(&now, SIGSTOP));
	check(sigprocmask(SIG_SETMASK, &old, 0) == 0);
	check(sigpending(&pending) == 0);
	puts(sigisemptyset(&pending) ? "none pending" : "some pending");
	return 0;
}
