// siglongjmp out of SIGSEGV and SIGUSR1 handlers, a thousand times, with the mask restored.
#include "guest.h"

static sigjmp_buf env;
static void handler(int sig, siginfo_t *si, void *ctx) { siglongjmp(env, sig); }

int main(void)
{
	volatile int segv = 0, usr = 0;
	on(SIGSEGV, handler, 0);
	on(SIGUSR1, handler, 0);
	for (volatile int i = 0; i < 500; i++) {
		int r = sigsetjmp(env, 1);
		if (r == SIGSEGV)
			segv++;
		else if (r == SIGUSR1)
			usr++;
		else if (i & 1)
			*(volatile int *)(8L + i) = 1;
		else
			raise(SIGUSR1);
	}
	sigset_t now;
	sigprocmask(SIG_SETMASK, 0, &now);
	printf("segv %d usr %d blocked %d\n", segv, usr, sigismember(&now, SIGSEGV));
	return 0;
}
