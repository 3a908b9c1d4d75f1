// munmap takes holes out of mappings; what is left keeps its contents, what is gone faults.
#include "guest.h"

static sigjmp_buf env;
static void handler(int sig, siginfo_t *si, void *ctx) { siglongjmp(env, si->si_code); }

int main(void)
{
	char *volatile p = pages(100);
	on(SIGSEGV, handler, 0);
	for (int i = 0; i < 100; i++)
		p[i * PAGE] = i;
	for (int i = 0; i < 100; i += 3)
		check(munmap(p + i * PAGE, PAGE) == 0);
	check(munmap(p + 40 * PAGE, 20 * PAGE) == 0); // over holes as well
	volatile int sum = 0, faults = 0;
	for (volatile int i = 0; i < 100; i++) {
		int r = sigsetjmp(env, 1);
		if (r == 0)
			sum += p[i * PAGE]++;
		else
			faults += r == SEGV_MAPERR;
	}
	printf("sum %d faults %d\n", sum, faults);
	printf("nothing there: %d, unaligned: %d, empty: %d\n", munmap(p + 50 * PAGE, PAGE), munmap(p + 1, PAGE) == -1 && errno == EINVAL,
	       munmap(p, 0) == -1 && errno == EINVAL);
	char *q = mmap(p + 45 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	printf("mapped again: %d\n", *q);
	return 0;
}
