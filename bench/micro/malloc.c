// malloc and free of mixed sizes: malloc TIMES.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static unsigned char *slot[1024];
	size_t times = strtoul(argv[1], 0, 0), sum = 0;
	uint32_t x = 1;
	for (size_t i = 0; i < times; i++) {
		x = x * 1664525 + 1013904223;
		unsigned char **s = &slot[x >> 22];
		if (*s)
			sum += **s;
		free(*s);
		*s = malloc(16 + (x >> 12 & 511));
		**s = i;
	}
	printf("%zu\n", sum);
}
