// Deep and wide recursion: fib, ackermann, mutual recursion, and a tail call chain.
// cflags: -O2 -fno-optimize-sibling-calls
#include "guest.h"

static long __attribute__((noinline)) fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static long __attribute__((noinline)) ack(long m, long n) { return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1)); }
static int odd(int n);
static int __attribute__((noinline)) even(int n) { return n == 0 ? 1 : odd(n - 1); }
static int __attribute__((noinline)) odd(int n) { return n == 0 ? 0 : even(n - 1); }

int main(void)
{
	printf("%ld %ld %d\n", fib(27), ack(2, 300), even(20001));
	return 0;
}
