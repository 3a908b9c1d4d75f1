// Random 8-byte writes: random BYTES WRITES.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	size_t words = strtoul(argv[1], 0, 0) / 8, writes = strtoul(argv[2], 0, 0);
	volatile uint64_t *p = calloc(words, 8);
	uint64_t x = 88172645463325252, sum = 0;
	for (size_t i = 0; i < writes; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		p[x & (words - 1)] = i;
	}
	for (size_t i = 0; i < words; i += 997)
		sum += p[i];
	printf("%lu\n", sum);
}
