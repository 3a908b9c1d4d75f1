// Stores that cross cache lines and pages, of every width, aligned nowhere.
// cflags: -O1
#include "guest.h"

int main(void)
{
	char *p = pages(4), big[256];
	memset(big, 0x3c, sizeof big);
	for (int i = -40; i < 8; i++) {
		char *q = p + 2 * PAGE + i;
		long rax = i * 77;
		*(volatile uint16_t *)(q) = i;
		*(volatile uint64_t *)(q + 1) += i * 0x0101010101;
		__asm__ volatile("pcmpeqb %%xmm0, %%xmm0; movups %%xmm0, (%1); lock incl 3(%1); xchg %%rax, 7(%1); rolq $5, 9(%1); xaddl %%eax, 2(%1)"
				 : "+a"(rax) : "r"(q) : "memory", "cc", "xmm0");
		memcpy(q, big, 33);
		p[i & 4095] ^= hash(q - 8, 60);
	}
	uint64_t h = 0;
	for (int i = 0; i < 64; i++) {
		__asm__ volatile("movb %1, (%0); movw %w1, 63(%0); movl %k1, 126(%0); mov %q1, 252(%0)" ::"r"(p + PAGE + i * 61), "q"((char)i) : "memory");
		h = h * 31 + hash(p + PAGE, PAGE);
	}
	printf("%lx %lx\n", h, hash(p, 2 * PAGE - 100));
	return 0;
}
