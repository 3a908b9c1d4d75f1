// MAP_FIXED replaces what was there: anonymous over anonymous, file over anonymous, in the middle, at an address of its own.
#include "guest.h"

int main(void)
{
	char *p = pages(10);
	memset(p, 1, 10 * PAGE);
	check(mmap(p + 3 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + 3 * PAGE);
	printf("%d %d %d %d\n", p[2 * PAGE], p[3 * PAGE], p[4 * PAGE], p[5 * PAGE]);
	int fd = memfd_create("f", 0);
	check(write(fd, "file contents", 13) == 13);
	check(mmap(p + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + 6 * PAGE);
	p[6 * PAGE] = 'F';
	printf("%.13s\n", p + 6 * PAGE);
	check(mmap(p, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	printf("zero again %lx\n", hash(p, 10 * PAGE));
	char *at = (char *)0x200000000000; // far from everything, below 2^46
	check(mmap(at, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
	memset(at, 7, 4 * PAGE);
	char *low = (char *)0x10000; // the lowest that the kernel allows everywhere
	check(mmap(low, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == low);
	*low = 8;
	printf("%d %d\n", at[PAGE], *low);
	printf("unaligned %d\n", mmap(at + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL);
	return 0;
}
