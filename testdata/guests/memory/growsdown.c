// A MAP_GROWSDOWN mapping grows under the pages that are touched below it, one step after the other.
#include "guest.h"

int main(void)
{
	char *space = mmap(0, 2048 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(space != MAP_FAILED);
	check(munmap(space, 2048 * PAGE) == 0); // room below
	char *top = space + 2047 * PAGE;
	char *p = mmap(top, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	check(p == top);
	for (int i = 0; i < 100; i++) {
		top[-(i * (long)PAGE) + 8] = i;
		*(volatile char *)(top - i * PAGE) = 100 - i;
	}
	printf("hash %lx\n", hash(top - 99 * PAGE, 100 * PAGE));
	return 0;
}
