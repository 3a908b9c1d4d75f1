// Between two saves of the same state the kernel may switch away and back, and less of it is in use then. And an area may
// end where the memory ends.
// cflags: -pthread
// cpu: avx xsavec
#include "guest.h"

static void *saver(void *arg)
{
	unsigned char area[4096] __attribute__((aligned(64)));
	memset(area, 0, sizeof area);
	for (int i = 0; i < 40000; i++) {
		int mask = i % 2 ? 7 : 0xe7;
		if (i % 3 == 0)
			__asm__ volatile("vpcmpeqd %%ymm9, %%ymm9, %%ymm9; vpxor %%xmm9, %%xmm9, %%xmm9" ::: "xmm9");
		else if (i % 3 == 1)
			__asm__ volatile("vpcmpeqd %%ymm9, %%ymm9, %%ymm9" ::: "xmm9");
		__asm__ volatile("xsavec %0" : "=m"(area) : "a"(mask), "d"(0));
		__asm__ volatile("vzeroall" ::: "memory");
	}
	return 0;
}

int main(void)
{
	pthread_t t[6];
	char *two = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(munmap(two + 4096, 4096) == 0);
	__asm__ volatile("xsave (%0)" ::"r"(two + 4096 - 576), "a"(3), "d"(0) : "memory");
	check(two[4096 - 576 + 512] & 3 || two[4096 - 576 + 512] == 0);
	for (int i = 0; i < 6; i++)
		check(pthread_create(&t[i], 0, saver, 0) == 0);
	for (int i = 0; i < 6; i++)
		check(pthread_join(t[i], 0) == 0);
	puts("ok");
	return 0;
}
