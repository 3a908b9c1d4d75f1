// sigwait, sigwaitinfo and sigtimedwait take blocked signals without a handler.
#include "guest.h"

int main(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, 0);
	int sig;
	raise(SIGUSR1);
	check(sigwait(&set, &sig) == 0);
	printf("sigwait %d\n", sig == SIGUSR1);
	siginfo_t si;
	sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 99});
	check(sigwaitinfo(&set, &si) == SIGRTMIN);
	printf("sigwaitinfo value %d code %d\n", si.si_value.sival_int, si.si_code);
	struct timespec ts = {0, 10 * 1000 * 1000};
	int r = sigtimedwait(&set, &si, &ts);
	printf("timeout %d %s\n", r, strerror(errno));
	struct itimerval t = {.it_value = {0, 10000}};
	setitimer(ITIMER_REAL, &t, 0);
	r = sigwaitinfo(&set, &si);
	printf("alarm %d code %d\n", r == SIGALRM, si.si_code == SI_KERNEL);
	return 0;
}
