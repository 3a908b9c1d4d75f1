// memcpy of 64 MB: memcpy TIMES.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	size_t size = 64 << 20, times = strtoul(argv[1], 0, 0);
	unsigned char *from = malloc(size), *to = malloc(size);
	memset(from, 7, size);
	for (size_t i = 0; i < times; i++) {
		from[i] = i;
		memcpy(to, from, size);
		__asm__ volatile("" ::: "memory");
	}
	printf("%d\n", to[times - 1] + to[size - 1]);
}
