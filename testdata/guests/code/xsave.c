// xsave, xsavec, xsaveopt and fxsave write as much as the processor's state needs; xrstor brings it back.
#include "guest.h"
#include <cpuid.h>

static unsigned char area[16384] __attribute__((aligned(64)));
int main(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) {
		puts("no xsave");
		return 0;
	}
	static unsigned char in[64] = "the contents of xmm7", out[64];
	for (int kind = 0; kind < 3; kind++) {
		memset(area, 0, sizeof area);
		__asm__ volatile("movups %0, %%xmm7" ::"m"(in) : "xmm7");
		if (kind == 0)
			__asm__ volatile("xsave %0" : "=m"(area) : "a"(3), "d"(0));
		if (kind == 1)
			__asm__ volatile("fxsave64 %0" : "=m"(area));
		if (kind == 2)
			__asm__ volatile("xsave64 %0" : "=m"(area) : "a"(2), "d"(0));
		__asm__ volatile("pxor %%xmm7, %%xmm7" ::: "xmm7");
		if (kind == 1)
			__asm__ volatile("fxrstor64 %0" ::"m"(area) : "xmm7");
		else
			__asm__ volatile("xrstor %0" ::"m"(area), "a"(kind ? 2 : 3), "d"(0) : "xmm7");
		__asm__ volatile("movups %%xmm7, %0" : "=m"(out));
		// whether x87, bit 0, is in use may change with a switch of context (SDM 1, 13.6)
		printf("%d: %.20s, saved %.20s, header %d\n", kind, out, area + 160 + 7 * 16, area[512] & 2);
	}
	return 0;
}
