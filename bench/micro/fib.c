// Recursive calls: fib N.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long fib(long n)
{
	if (n < 2)
		return n;
	long a = fib(n - 1); // two calls, whatever the compiler thinks of it
	__asm__ volatile("" : "+r"(a));
	return a + fib(n - 2);
}

int main(int argc, char **argv) { printf("%ld\n", fib(atol(argv[1]))); }
