// Every string instruction in both directions, with and without rep, in all sizes, overlapping, and with count 0.
#include "guest.h"

static unsigned char m[8192];
static void reset(void)
{
	for (int i = 0; i < 8192; i++)
		m[i] = i * 13 + (i >> 8);
}

#define OP(insn, df, to, from, count)                                                                                    \
	do {                                                                                                             \
		void *di = m + (to), *si = m + (from);                                                                   \
		long cx = (count), ax = 0x1122334455667788;                                                              \
		unsigned char z;                                                                                         \
		reset();                                                                                                 \
		__asm__ volatile("cmp $5, %%ecx; " df "; " insn "; cld; setz %4" : "+D"(di), "+S"(si), "+c"(cx), "+a"(ax), "=m"(z)::"memory", "cc"); \
		printf("%s %s: %ld %ld %ld %lx %d %lx\n", df, insn, (long)((unsigned char *)di - m), (long)((unsigned char *)si - m), cx, ax, z, hash(m, sizeof m)); \
	} while (0)

int main(void)
{
	OP("movsb", "cld", 100, 200, 5);
	OP("movsq", "std", 4000, 200, 5);
	OP("stosw", "std", 4000, 200, 5);
	OP("rep movsb", "cld", 100, 300, 1000);
	OP("rep movsb", "cld", 101, 100, 1000); // overlap: spreads one byte
	OP("rep movsb", "std", 3000, 2900, 500);
	OP("rep movsw", "std", 3000, 2990, 500);
	OP("rep movsl", "cld", 3000, 2990, 300);
	OP("rep movsq", "std", 7000, 7004, 300);
	OP("rep movsq", "cld", 1001, 5000, 300);
	OP("rep stosb", "cld", 77, 0, 3000);
	OP("rep stosw", "std", 7777, 0, 1000);
	OP("rep stosl", "cld", 78, 0, 1000);
	OP("rep stosq", "std", 8000, 0, 900);
	OP("rep stosq", "cld", 8000, 0, 0);
	OP("repe cmpsb", "cld", 100, 356, 50);
	OP("repne scasb", "cld", 100, 356, 3000);
	OP("repne scasl", "std", 7000, 356, 300);
	OP("rep lodsb", "cld", 100, 356, 10);
	// With 32-bit addresses and count 0 Intel's processors clear the upper halves of rcx and rdi, AMD's do not.
	void *low = (void *)0x123456789abcdef0;
	long count = 0x1111111100000000, ax = 1;
	__asm__ volatile("addr32 rep stosb" : "+D"(low), "+c"(count) : "a"(ax) : "memory");
	printf("%p %lx\n", low, count);
	return 0;
}
