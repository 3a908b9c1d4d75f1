// Transparent huge pages on request, with parts protected, dropped and unmapped.
#include "guest.h"

#define MB (1UL << 20)
int main(void)
{
	char *raw = mmap(0, 32 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = (char *)(((unsigned long)raw + 2 * MB - 1) & -(2 * MB));
	madvise(p, 16 * MB, MADV_HUGEPAGE);
	for (unsigned long i = 0; i < 16 * MB; i += 8)
		*(unsigned long *)(p + i) = i * 0x9e3779b97f4a7c15;
	check(madvise(p + 3 * MB, PAGE, MADV_DONTNEED) == 0);
	check(mprotect(p + 5 * MB, PAGE, PROT_READ) == 0);
	check(munmap(p + 7 * MB, PAGE) == 0);
	p[5 * MB + PAGE] = 1;
	printf("%lx %lx %lx\n", hash(p, 5 * MB), hash(p + 5 * MB, 2 * MB), hash(p + 8 * MB, 8 * MB));
	return 0;
}
