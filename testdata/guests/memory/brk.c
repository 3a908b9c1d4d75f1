// brk grows, shrinks, grows back zeroed, and refuses the impossible.
#include "guest.h"

int main(void)
{
	static char out[4096];
	setvbuf(stdout, out, _IOFBF, sizeof out); // no heap of stdio in between
	char *start = sbrk(0);
	check(sbrk(10 * PAGE) == start);
	memset(start, 0x5a, 10 * PAGE);
	printf("grown %lx\n", hash(start, 10 * PAGE));
	check(brk(start + 3 * PAGE) == 0);
	check(sbrk(0) == start + 3 * PAGE);
	check(brk(start + 10 * PAGE) == 0);
	printf("kept %d zeroed %d\n", start[3 * PAGE - 1], start[3 * PAGE + 100]);
	check(brk(start + 5) == 0 && brk(start + 10 * PAGE) == 0);
	printf("unaligned shrink keeps its page: %d\n", start[100]);
	printf("too far: %d\n", brk((void *)0x7fff00000000) == -1 && errno == ENOMEM);
	printf("before start: %ld\n", syscall(SYS_brk, 0) - (long)start - 10 * (long)PAGE);
	check(brk(start) == 0);
	for (int i = 0; i < 200; i++) // one step at a time
		check(sbrk(1000) != (void *)-1);
	for (int i = 0; i < 200000; i++)
		start[i] = i;
	printf("steps %lx\n", hash(start, 200000));
	return 0;
}
