// A lot of straight code, executed once: thousands of functions through a table.
// cflags: -O0
#include "guest.h"

#define F(n) static long f##n(long x) { if (x & 1) x += n; else x ^= n * 7; return x * 3 + n; }
#define F10(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
#define F100(n) F10(n##0) F10(n##1) F10(n##2) F10(n##3) F10(n##4) F10(n##5) F10(n##6) F10(n##7) F10(n##8) F10(n##9)
F100(1) F100(2) F100(3) F100(4) F100(5) F100(6) F100(7) F100(8) F100(9)
#define T(n) f##n,
#define T10(n) T(n##0) T(n##1) T(n##2) T(n##3) T(n##4) T(n##5) T(n##6) T(n##7) T(n##8) T(n##9)
#define T100(n) T10(n##0) T10(n##1) T10(n##2) T10(n##3) T10(n##4) T10(n##5) T10(n##6) T10(n##7) T10(n##8) T10(n##9)
static long (*const all[])(long) = {T100(1) T100(2) T100(3) T100(4) T100(5) T100(6) T100(7) T100(8) T100(9)};

int main(void)
{
	long x = 1;
	for (int round = 0; round < 3; round++)
		for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
			x = all[i](x);
	printf("%zu functions %lx\n", sizeof all / sizeof *all, x);
	return 0;
}
