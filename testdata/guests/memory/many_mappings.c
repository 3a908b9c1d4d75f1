// Ten thousand separate mappings, touched, protected by turns and unmapped.
#include "guest.h"

#define N 10000
int main(void)
{
	static char *p[N];
	unsigned long sum = 0;
	for (int i = 0; i < N; i++) {
		p[i] = mmap(0, 2 * PAGE, PROT_READ | (i & 1 ? PROT_WRITE : 0), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check(p[i] != MAP_FAILED);
		if (i & 1)
			p[i][PAGE] = i;
	}
	for (int i = 0; i < N; i += 2) {
		check(mprotect(p[i], PAGE, PROT_READ | PROT_WRITE) == 0);
		p[i][5] = i;
	}
	for (int i = 0; i < N; i++) {
		sum = sum * 31 + p[i][5] + p[i][PAGE];
		check(munmap(p[i], 2 * PAGE) == 0);
	}
	printf("%lx\n", sum);
	return 0;
}
