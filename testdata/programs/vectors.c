// Loops that a compiler turns into AVX2 or AVX-512 code, whichever -march asks for.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 20011
static float a[N], b[N], c[N];
static double d[N], e[N];
static int32_t x[N], y[N];
static int64_t z[N];
static uint8_t m[N * 4];

static uint64_t hash(const void *p, size_t n)
{
	const uint8_t *s = p;
	uint64_t h = 1;
	while (n--)
		h = h * 31 + *s++;
	return h;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100;
	for (int i = 0; i < N; i++)
		a[i] = i % 1000, b[i] = N - i, d[i] = i / 3.0, x[i] = i * 2654435761u, m[i] = i * 7;
	for (int r = 0; r < rounds; r++) {
		for (int i = 0; i < N; i++)
			c[i] = a[i] * b[i] + c[i] * 0.5f;
		for (int i = 0; i < N; i++)
			if (x[i] & 4)
				y[i] = x[i] * 3 + r;
		for (int i = 0; i < N; i++)
			z[i] += (int64_t)x[i] * y[i] >> 7;
		for (int i = 0; i < N; i++)
			e[i] = d[i] > 100 ? e[i] + d[i] : (double)x[i];
		for (int i = 0; i < N * 4; i++)
			m[i] = (m[i] + ((uint8_t *)x)[i] + 1) >> 1;
		for (int i = 0; i < N; i++)
			x[(uint32_t)(i * 7919) % N] ^= y[i];
		memmove(m + 13, m, sizeof m - 13);
	}
	printf("%lx %lx %lx %lx %lx %lx\n", hash(c, sizeof c), hash(e, sizeof e), hash(x, sizeof x), hash(y, sizeof y), hash(z, sizeof z), hash(m, sizeof m));
	return 0;
}
