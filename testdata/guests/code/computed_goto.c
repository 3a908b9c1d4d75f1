// A bytecode interpreter by computed goto.
// cflags: -O2
#include "guest.h"

int main(void)
{
	static void *ops[] = {&&inc, &&dbl, &&xor, &&dec, &&loop, &&halt};
	static const unsigned char code[] = {0, 1, 2, 0, 3, 1, 2, 2, 0, 4, 5};
	const unsigned char *pc = code;
	uint64_t acc = 1, left = 100000;
	goto *ops[*pc++];
inc:
	acc++;
	goto *ops[*pc++];
dbl:
	acc *= 2;
	goto *ops[*pc++];
xor:
	acc ^= acc >> 7;
	goto *ops[*pc++];
dec:
	acc -= 3;
	goto *ops[*pc++];
loop:
	if (--left)
		pc = code;
	goto *ops[*pc++];
halt:
	printf("%lx\n", acc);
	return 0;
}
