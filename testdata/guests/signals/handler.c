// A handler runs at each raise and sees the frame of what it interrupted.
#include "guest.h"

static volatile int count;
static void handler(int sig) { count += sig; }

int main(void)
{
	struct sigaction sa = {.sa_handler = handler}, old;
	check(sigaction(SIGUSR1, &sa, &old) == 0);
	check(old.sa_handler == SIG_DFL);
	for (int i = 0; i < 1000; i++)
		raise(SIGUSR1);
	check(sigaction(SIGUSR1, 0, &old) == 0);
	check(old.sa_handler == handler);
	printf("count %d\n", count);
	return count == 1000 * SIGUSR1 ? 7 : 1;
}
