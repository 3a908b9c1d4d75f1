// Code that was executed is replaced by read(2), also by a read that begins in front of it or that has two pages.
#include "guest.h"

int main(void)
{
	char *p = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED);
	int file = memfd_create("f", 0);
	long sum = 0;
	for (int i = 0; i < 40; i++) {
		unsigned char code[] = {0xb8, i, 0, 0, 0, 0xc3}; // mov $i, %eax; ret
		char *at = p + PAGE + (i % 4) * 16;
		memset(p + 2 * PAGE, 0x90, PAGE);
		char whole[2 * PAGE + 64];
		memset(whole, 0xcc, sizeof whole);
		check(ftruncate(file, 0) == 0 && pwrite(file, whole, sizeof whole, 0) == sizeof whole);
		size_t from = i % 3 == 0 ? PAGE - 100 : i % 3 == 1 ? 0 : at - p; // where the read begins
		check(pwrite(file, code, sizeof code, at - p - from) == sizeof code);
		size_t n = 2 * PAGE + 40 - from;
		check(pread(file, p + from, n, 0) == n);
		sum = sum * 3 + ((int (*)(void))at)();
	}
	printf("%lx %lx\n", sum, hash(p, 3 * PAGE));
	return 0;
}
