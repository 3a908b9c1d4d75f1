// MAP_FIXED_NOREPLACE fails with EEXIST on anything mapped and leaves it alone; hints are only hints.
#include "guest.h"

int main(void)
{
	char *p = pages(4);
	memset(p, 5, 4 * PAGE);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	void *q = mmap(p + PAGE, PAGE, PROT_READ, flags, -1, 0);
	printf("taken: %d %s\n", q == MAP_FAILED, strerror(errno));
	q = mmap((char *)main - ((long)main & 4095), PAGE, PROT_READ, flags, -1, 0);
	printf("over code: %d %s\n", q == MAP_FAILED, strerror(errno));
	check(munmap(p + PAGE, PAGE) == 0);
	q = mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	printf("freed: %d\n", q == p + PAGE);
	*(char *)q = 6;
	char *h = mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // a hint that is taken
	check(h != MAP_FAILED && h != p);
	*h = 9;
	h = mmap((void *)0x300000001234, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("hint followed, rounded: %d\n", h == (void *)0x300000001000);
	*h = 1;
	for (unsigned long at = 1ul << 40; at < 1ul << 47; at *= 2) { // tcmalloc tries its luck at random: each place is had or taken
		q = mmap((void *)at, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
		check(q == (void *)at || q == MAP_FAILED && errno == EEXIST);
	}
	printf("%d %d %d\n", p[0], p[PAGE], p[2 * PAGE]);
	return 0;
}
