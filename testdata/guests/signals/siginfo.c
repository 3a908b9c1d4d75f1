// siginfo says who sent a signal and how; sigqueue carries a value.
#include "guest.h"

static void handler(int sig, siginfo_t *si, void *ctx)
{
	printf("signo %d code %d errno %d mine %d value %d\n", si->si_signo, si->si_code, si->si_errno,
	       si->si_pid == getpid() && si->si_uid == getuid(), si->si_code == SI_QUEUE ? si->si_value.sival_int : 0);
}

int main(void)
{
	on(SIGUSR1, handler, 0);
	on(SIGRTMIN + 3, handler, 0);
	kill(getpid(), SIGUSR1);
	raise(SIGUSR1);
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 42});
	sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = -1});
	siginfo_t si = {.si_code = -77, .si_pid = getpid(), .si_uid = getuid()};
	check(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &si) == 0);
	return 0;
}
