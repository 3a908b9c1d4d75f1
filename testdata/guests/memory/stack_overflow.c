// Endless recursion hits the end of the stack; the handler on the alternate stack jumps out, three times.
// cflags: -O0 -Wno-infinite-recursion
#include "guest.h"

static sigjmp_buf env;
static char alt[65536];
static volatile long depth;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	long away = (long)si->si_addr - (long)uc->uc_mcontext.gregs[REG_RSP];
	check(away > -65536 && away < 65536);
	siglongjmp(env, 1);
}

static int forever(int n)
{
	volatile char frame[256];
	frame[0] = n;
	depth++;
	return forever(n + 1) + frame[0];
}

int main(void)
{
	stack_t st = {.ss_sp = alt, .ss_size = sizeof alt};
	check(sigaltstack(&st, 0) == 0);
	on(SIGSEGV, handler, SA_ONSTACK);
	for (volatile int i = 0; i < 3; i++) {
		depth = 0;
		if (sigsetjmp(env, 1) == 0)
			forever(0);
		printf("overflow, deep enough %d\n", depth > 20000 && depth < 40000);
	}
	return 0;
}
