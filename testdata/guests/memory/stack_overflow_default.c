// A stack overflow without a handler is SIGSEGV.
// cflags: -O0 -Wno-infinite-recursion
#include "guest.h"

static int forever(int n)
{
	volatile char frame[4096];
	frame[0] = n;
	return forever(n + 1) + frame[0];
}

int main(void)
{
	puts("down");
	fflush(stdout);
	return forever(0);
}
