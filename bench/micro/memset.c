// memset of 64 MB: memset TIMES.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	size_t size = 64 << 20, times = strtoul(argv[1], 0, 0);
	unsigned char *p = malloc(size);
	for (size_t i = 0; i < times; i++) {
		memset(p, i, size);
		__asm__ volatile("" ::: "memory");
	}
	printf("%d\n", p[12345] + p[size - 1]);
}
