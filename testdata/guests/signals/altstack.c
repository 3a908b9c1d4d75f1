// A handler with SA_ONSTACK runs on the alternate stack, which is marked busy meanwhile and free afterwards.
#include "guest.h"

static char *stack;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	char here;
	ucontext_t *uc = ctx;
	stack_t now;
	check(&here > stack && &here < stack + 65536);
	check(uc->uc_stack.ss_sp == stack && uc->uc_stack.ss_size == 65536);
	check(sigaltstack(0, &now) == 0);
	printf("in handler: onstack %d\n", !!(now.ss_flags & SS_ONSTACK));
	stack_t other = {.ss_sp = stack, .ss_size = 65536};
	printf("change while busy: %d\n", sigaltstack(&other, 0) == -1 && errno == EPERM);
	if (sig == SIGUSR1)
		raise(SIGUSR2); // nested on the same stack
}

int main(void)
{
	stack = malloc(65536);
	stack_t st = {.ss_sp = stack, .ss_size = 65536}, old;
	check(sigaltstack(&st, &old) == 0);
	printf("was disabled: %d\n", !!(old.ss_flags & SS_DISABLE));
	on(SIGUSR1, handler, SA_ONSTACK);
	on(SIGUSR2, handler, SA_ONSTACK);
	raise(SIGUSR1);
	check(sigaltstack(0, &old) == 0);
	printf("after: flags %d\n", old.ss_flags);
	stack_t small = {.ss_sp = stack, .ss_size = 100};
	printf("too small: %d\n", sigaltstack(&small, 0) == -1 && errno == ENOMEM);
	stack_t off = {.ss_flags = SS_DISABLE};
	check(sigaltstack(&off, 0) == 0);
	return 0;
}
