// exit called inside a handler runs atexit functions and flushes, with the status given.
#include "guest.h"

static void bye(void) { puts("bye"); }
static void handler(int sig, siginfo_t *si, void *ctx)
{
	printf("leaving from signal %d\n", sig);
	exit(33);
}

int main(void)
{
	atexit(bye);
	on(SIGSEGV, handler, 0);
	*(volatile char *)16 = 1;
	return 1;
}
