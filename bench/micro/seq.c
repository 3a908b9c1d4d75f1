// Sequential 8-byte writes: seq BYTES PASSES.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	size_t words = strtoul(argv[1], 0, 0) / 8, passes = strtoul(argv[2], 0, 0);
	volatile uint64_t *p = malloc(words * 8); // volatile: one mov each, no vectors
	for (size_t n = 0; n < passes; n++)
		for (size_t i = 0; i < words; i++)
			p[i] = i + n;
	printf("%lu\n", p[words / 3] + p[words - 1]);
}
