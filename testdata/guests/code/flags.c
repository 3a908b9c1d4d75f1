// Flags live across stores, branches, calls and returns; nothing in between may change them.
// cflags: -O1
#include "guest.h"

static unsigned long __attribute__((noinline, naked)) through(unsigned long f, long n)
{
	__asm__("push %rdi; popf; lea sink_(%rip), %rdx; mov %rsi, (%rdx); call 1f; jmp 2f;"
		"1: lea 3f(%rip), %rax; push %rsi; mov %rsi, 8(%rdx); pop 16(%rdx); jmp *%rax; ud2;"
		"3: jz 4f; 4: js 5f; 5: jc 6f; 6: jo 7f; 7: jp 8f; 8: ret;"
		"2: pushf; pop %rax; cld; ret");
}
__asm__(".local sink_; .comm sink_, 64, 8");

int main(void)
{
	uint64_t h = 0;
	int wrong = 0;
	for (unsigned i = 0; i < 64; i++)
		for (long n = -2; n < 3; n++) {
			unsigned long f = 0x202 | (i & 1) | (i & 2) << 1 | (i & 4) << 2 | (i & 8) << 3 | (i & 16) << 3 | (i & 32) << 6;
			unsigned long g = through(f, n);
			wrong += (g ^ f) & 0x8d5 ? 1 : 0;
			h = h * 31 + (g & 0xcd5);
		}
	unsigned long df;
	__asm__ volatile("std; push $1; pop %0; pushf; pop %0; cld" : "=r"(df)::"memory");
	printf("wrong %d %lx df %d\n", wrong, h, !!(df & 0x400));
	return 0;
}
