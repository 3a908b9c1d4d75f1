// Recursion through 6 MB of stack, twice, and a variable-length array of 1 MB.
// cflags: -O0
#include "guest.h"

static long descend(int n)
{
	volatile char frame[1000];
	for (int i = 0; i < 1000; i += 100)
		frame[i] = n;
	return n == 0 ? 0 : descend(n - 1) + frame[500];
}

static unsigned long array(size_t n)
{
	char big[n];
	memset(big, 3, n);
	return hash(big, n);
}

int main(void)
{
	printf("%ld\n", descend(5800));
	printf("%ld\n", descend(5800));
	printf("%lx\n", array(1 << 20));
	return 0;
}
