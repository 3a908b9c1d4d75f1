// MAP_32BIT gives addresses in the low 2 GiB, usable as 32-bit pointers.
#include "guest.h"

int main(void)
{
	char *p[64];
	for (int i = 0; i < 64; i++) {
		p[i] = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		check(p[i] != MAP_FAILED);
		check((unsigned long)p[i] + 16 * PAGE <= 0x80000000);
		memset(p[i], i, 16 * PAGE);
	}
	unsigned sum = 0;
	for (int i = 0; i < 64; i++) {
		unsigned small = (unsigned)(unsigned long)p[i];
		int v;
		__asm__ volatile("addl $1, %%ds:(%1); movzbl (%1), %0" : "=r"(v) : "r"((unsigned long)small) : "memory");
		__asm__ volatile("addr32 movb $3, 1(%k0)" ::"r"(small) : "memory");
		sum += v + p[i][1];
		check(munmap(p[i], 16 * PAGE) == 0);
	}
	printf("sum %u\n", sum);
	return 0;
}
