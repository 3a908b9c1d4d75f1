// sigsuspend swaps the mask, waits, runs the handler and swaps back.
#include "guest.h"

static int got;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	sigset_t now;
	sigprocmask(SIG_SETMASK, 0, &now);
	ucontext_t *uc = ctx;
	printf("handler %d: usr1 blocked %d, usr2 blocked %d, returns to usr1 blocked %d\n", ++got,
	       sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2), sigismember(&uc->uc_sigmask, SIGUSR1));
}

int main(void)
{
	sigset_t block, wait, now;
	on(SIGUSR1, handler, 0);
	on(SIGALRM, handler, 0);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, 0);
	sigemptyset(&wait);
	sigaddset(&wait, SIGUSR2);
	kill(getpid(), SIGUSR1); // pending before the wait
	int r = sigsuspend(&wait);
	printf("first: %d %s\n", r, strerror(errno));
	struct itimerval t = {.it_value = {0, 10000}};
	setitimer(ITIMER_REAL, &t, 0);
	r = sigsuspend(&wait); // arrives during the wait
	printf("second: %d %s\n", r, strerror(errno));
	sigprocmask(SIG_SETMASK, 0, &now);
	printf("after: usr1 %d usr2 %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
	return 0;
}
