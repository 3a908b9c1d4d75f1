// AVX2, FMA and BMI code as a compiler makes it: vectorised loops over floats, integers and bytes.
// cpu: avx2 fma bmi2
// cflags: -O3 -march=haswell -ffast-math
#include "guest.h"

#define N 4099
static float a[N], b[N];
static double d[N];
static int x[N];
static unsigned char c[N * 4];

int main(void)
{
	for (int i = 0; i < N; i++)
		a[i] = i * 0.5f, b[i] = N - i, x[i] = i * 2654435761u, d[i] = i;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < N; i++)
			a[i] = (float)(int)(a[i] + b[i]) * 0.5f;
		for (int i = 0; i < N; i++)
			d[i] = (long)(d[i] * 3 + i) % 100000;
		for (int i = 0; i < N; i++)
			x[i] = (x[i] << 3) ^ (x[i] >> 5) ^ __builtin_popcount(x[i]);
		for (int i = 0; i < N * 4; i++)
			c[i] += ((unsigned char *)x)[i] ^ round;
		for (int i = 3; i < N; i++)
			if (x[i] & 1)
				b[i] = (float)(x[i - 3] & 1023);
	}
	printf("%lx %lx %lx %lx\n", hash(a, sizeof a), hash(d, sizeof d), hash(x, sizeof x), hash(c, sizeof c));
	return 0;
}
