// SA_NODEFER lets a handler interrupt itself; without it the second signal waits.
#include "guest.h"

static volatile int depth, max, runs;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	runs++;
	if (++depth > max)
		max = depth;
	if (runs < 5)
		raise(sig);
	depth--;
}

int main(void)
{
	on(SIGUSR1, handler, 0);
	raise(SIGUSR1);
	printf("deferred: runs %d depth %d\n", runs, max);
	runs = max = 0;
	on(SIGUSR1, handler, SA_NODEFER);
	raise(SIGUSR1);
	printf("nodefer: runs %d depth %d\n", runs, max);
	return 0;
}
