// SA_RESETHAND: the first signal is handled, the second has the default action.
#include "guest.h"

static void handler(int sig, siginfo_t *si, void *ctx)
{
	struct sigaction now;
	check(sigaction(sig, 0, &now) == 0);
	printf("handled %d, now default %d\n", sig, now.sa_handler == SIG_DFL);
	fflush(stdout);
}

int main(void)
{
	on(SIGTERM, handler, SA_RESETHAND);
	raise(SIGTERM);
	raise(SIGTERM);
	return 1;
}
