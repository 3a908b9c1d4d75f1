// malloc, realloc, calloc, aligned_alloc and free of every size, with the contents checked.
#include "guest.h"
#include <malloc.h>

#define N 2000
int main(void)
{
	static unsigned char *p[N];
	static size_t len[N];
	uint64_t r = 1, sum = 0;
	for (int i = 0; i < 100000; i++) {
		r = r * 6364136223846793005u + 1442695040888963407u;
		int k = (r >> 33) % N;
		size_t n = (r >> 40) % 100 < 98 ? (r >> 20) % 3000 : (r >> 20) % 400000;
		for (size_t j = 0; j < len[k]; j += 97)
			check(p[k][j] == (unsigned char)(k + j));
		if ((r >> 50) % 4 == 0) {
			free(p[k]);
			p[k] = n & 1 ? calloc(1, n + 1) : aligned_alloc(64, (n + 64) & -64UL);
		} else
			p[k] = realloc(p[k], n + 1);
		check(p[k]);
		len[k] = n;
		for (size_t j = 0; j < n; j++)
			p[k][j] = k + j;
		sum += n;
	}
	malloc_trim(0);
	for (int i = 0; i < N; i++) {
		sum ^= len[i] ? hash(p[i], len[i]) : 0;
		free(p[i]);
	}
	printf("%lx\n", sum);
	return 0;
}
