// Handlers nest: each raises the next signal, sa_mask holds some of them back until the return.
#include "guest.h"

static char trace[256];
static void handler(int sig, siginfo_t *si, void *ctx)
{
	char s[16];
	sprintf(s, "(%d", sig - SIGRTMIN);
	strcat(trace, s);
	if (sig < SIGRTMIN + 8)
		raise(sig + 1);
	strcat(trace, ")");
}

int main(void)
{
	for (int i = 0; i < 9; i++)
		on(SIGRTMIN + i, handler, 0);
	raise(SIGRTMIN);
	puts(trace);
	trace[0] = 0;
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigaddset(&sa.sa_mask, SIGRTMIN + 4);
	sigaddset(&sa.sa_mask, SIGRTMIN + 3);
	check(sigaction(SIGRTMIN + 2, &sa, 0) == 0);
	raise(SIGRTMIN);
	puts(trace);
	return 0;
}
