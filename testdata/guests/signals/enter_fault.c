// enter that faults in its middle, at the page where the stack ends, and is executed again when a handler has mended that; signals in
// the middle of it.
#include "guest.h"

static char *stack, *alternate;
static volatile int faults;
static volatile long alarms;
static volatile int leave;
static sigjmp_buf out;

static void fault(int sig, siginfo_t *info, void *context)
{
	faults++;
	if (leave)
		siglongjmp(out, 1);
	check(mprotect(stack, PAGE, PROT_READ | PROT_WRITE) == 0);
}

static void alarmed(int sig, siginfo_t *info, void *context) { alarms++; }

// nest executes enter 64,level with the stack pointer at sp and the frame pointer at bp.
#define ENTER(level) \
	static long enter##level(char *sp, char *bp) \
	{ \
		long after; \
		__asm__ volatile("mov %%rsp, %%r12; mov %%rbp, %%r13; mov %1, %%rsp; mov %2, %%rbp; enter $64, $" #level "; mov %%rsp, %0; mov %%r12, %%rsp; mov %%r13, %%rbp" \
			: "=&a"(after) : "d"(sp), "c"(bp) : "r12", "r13", "memory"); \
		return sp - (char *)after; \
	}
ENTER(0)
ENTER(1)
ENTER(5)
ENTER(31)

int main(void)
{
	stack = pages(3);
	alternate = pages(16);
	stack_t ss = {.ss_sp = alternate, .ss_size = 16 * PAGE};
	check(sigaltstack(&ss, 0) == 0);
	on(SIGSEGV, fault, SA_ONSTACK);
	long (*enters[])(char *, char *) = {enter0, enter1, enter5, enter31};
	for (int i = 0; i < 4; i++) {
		for (int above = 0; above < 200; above += 8) { // of the page that may not be written
			for (int k = 0; k < 3 * PAGE; k++)
				stack[k] = k * 7 + above;
			check(mprotect(stack, PAGE, PROT_NONE) == 0);
			long used = enters[i](stack + PAGE + above, stack + 2 * PAGE + 512);
			check(mprotect(stack, PAGE, PROT_READ | PROT_WRITE) == 0);
			uint64_t h = 0;
			for (int k = 0; k < 3 * PAGE; k += 8) // the frame pointers are addresses
				h = h * 31 + (*(char **)(stack + k) >= stack && *(char **)(stack + k) < stack + 3 * PAGE ? *(char **)(stack + k) - stack : k % 7);
			printf("%d %ld %d %lx\n", i, used, faults, h);
		}
	}
	leave = 1; // what is stored stays, below where the stack pointer was
	for (int above = 0; above < 256; above += 8) {
		check(mprotect(stack, PAGE, PROT_NONE) == 0);
		if (!sigsetjmp(out, 1))
			enter31(stack + PAGE + above, stack + 2 * PAGE + 512);
		check(mprotect(stack, PAGE, PROT_READ | PROT_WRITE) == 0);
	}
	leave = 0;
	on(SIGALRM, alarmed, SA_ONSTACK | SA_RESTART);
	struct itimerval t = {{0, 200}, {0, 200}};
	check(setitimer(ITIMER_REAL, &t, 0) == 0);
	while (alarms < 200)
		enter31(stack + PAGE + 512, stack + 2 * PAGE + 512);
	puts("alarms");
	return 0;
}
