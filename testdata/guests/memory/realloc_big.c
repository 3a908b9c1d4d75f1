// realloc of a large block goes through mremap: sizes up and down, contents kept.
#include "guest.h"

int main(void)
{
	size_t n = 1 << 16;
	char *p = malloc(n);
	memset(p, 1, n);
	for (int i = 0; i < 60; i++) {
		size_t m = i % 3 == 2 ? n / 3 : n * 2;
		if (m > 64 << 20)
			m = 300000;
		p = realloc(p, m);
		check(p);
		if (m > n)
			memset(p + n, i, m - n);
		n = m;
	}
	printf("%zu %lx\n", n, hash(p, n));
	free(p);
	return 0;
}
