// Pointers to nested functions run code on the stack.
#include "guest.h"

static long apply(long (*f)(long), long n)
{
	long s = 0;
	for (long i = 0; i < n; i++)
		s += f(i);
	return s;
}

static long outer(long k)
{
	long calls = 0;
	long inner(long x)
	{
		calls++;
		return x * k;
	}
	return apply(inner, 100) + calls;
}

int main(void)
{
	long s = 0;
	for (long k = 0; k < 200; k++)
		s += outer(k);
	printf("%ld\n", s);
	return 0;
}
