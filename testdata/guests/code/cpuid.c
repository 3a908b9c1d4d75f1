// cpuid answers consistently, names its vendor, and xgetbv agrees with it.
#include "guest.h"
#include <cpuid.h>

int main(void)
{
	unsigned a, b, c, d, e, f, g, h;
	char vendor[13] = {0};
	__cpuid(0, a, b, c, d);
	memcpy(vendor, &b, 4), memcpy(vendor + 4, &d, 4), memcpy(vendor + 8, &c, 4);
	printf("vendor length %zu, leaves %d\n", strlen(vendor), a >= 7);
	for (int i = 0; i < 1000; i++) {
		__cpuid_count(7, 0, a, b, c, d);
		__cpuid_count(7, 0, e, f, g, h);
		check(a == e && b == f && c == g && d == h);
	}
	__cpuid(1, a, b, c, d);
	printf("sse2 %d fpu %d\n", !!(d & bit_SSE2), d & 1);
	if (c & bit_OSXSAVE) {
		__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
		printf("xcr0 has x87 and sse %d\n", (a & 3) == 3);
	}
	unsigned long t = __builtin_ia32_rdtsc(), u = __builtin_ia32_rdtsc();
	printf("tsc %d\n", u >= t);
	return 0;
}
