// setjmp and longjmp across many frames, and coroutines by swapcontext on stacks of their own.
// cflags: -Wno-infinite-recursion
#include "guest.h"

static jmp_buf env;
static int __attribute__((noinline)) dive(int n)
{
	volatile char pad[100];
	pad[n % 100] = n;
	if (n == 0)
		longjmp(env, 42);
	return dive(n - 1) + pad[n % 100];
}

static ucontext_t back, co[3];
static int order[64], turns;
static void body(int id)
{
	for (int i = 0; i < 5; i++) {
		order[turns++] = id * 10 + i;
		swapcontext(&co[id], &back);
	}
}

int main(void)
{
	volatile int jumps = 0;
	for (volatile int i = 0; i < 1000; i++) {
		int r = setjmp(env);
		if (r == 0)
			dive(i % 50);
		else
			jumps += r;
	}
	for (int i = 0; i < 3; i++) {
		getcontext(&co[i]);
		co[i].uc_stack.ss_sp = malloc(65536);
		co[i].uc_stack.ss_size = 65536;
		co[i].uc_link = &back;
		makecontext(&co[i], (void (*)(void))body, 1, i);
	}
	for (int i = 0; i < 18; i++)
		swapcontext(&back, &co[i % 3]);
	printf("jumps %d turns", jumps);
	for (int i = 0; i < turns; i++)
		printf(" %d", order[i]);
	puts("");
	return 0;
}
