// Indirect calls and jumps through tables, registers, memory and the stack, with returns that pair and that do not.
// cflags: -O2 -fno-inline
#include "guest.h"

static long a(long x) { return x * 3 + 1; }
static long b(long x) { return x ^ 0x55; }
static long c(long x) { return x - 7; }
static long d(long x) { return x & 1 ? a(b(x)) : c(x); }
static long (*volatile table[4])(long) = {a, b, c, d};

int main(void)
{
	long x = 1;
	for (int i = 0; i < 200000; i++) {
		x = table[i & 3](x) & 0xffffff;
		switch ((x + i) % 9) { // a jump table
		case 0: x += 1; break;
		case 1: x ^= 2; break;
		case 2: x += 3; break;
		case 3: x -= 4; break;
		case 4: x |= 5; break;
		case 5: x += 6; break;
		case 6: x ^= 7; break;
		case 7: x += 8; break;
		default: x -= 9;
		}
	}
	long r;
	__asm__ volatile("sub $128, %%rsp; lea 1f(%%rip), %%rax; push %%rax; ret; ud2; 1: add $128, %%rsp" ::: "rax", "memory"); // ret as a jump
	__asm__ volatile("sub $128, %%rsp; call 1f; 1: pop %0; lea 1b(%%rip), %%rdx; sub %%rdx, %0; add $128, %%rsp" : "=r"(r)::"rdx", "memory"); // call as a load of rip
	printf("%ld %ld\n", x, r);
	__asm__ volatile("sub $128, %%rsp; lea 1f(%%rip), %%rax; push %%rax; call *(%%rsp); jmp 2f; 1: mov $5, %0; ret; 2: add $136, %%rsp" : "=&r"(r)::"rax", "memory");
	__asm__ volatile("sub $128, %%rsp; push $1; push $2; call 1f; jmp 2f; 1: ret $16; 2: add $128, %%rsp" ::: "memory"); // ret n
	__asm__ volatile("sub $128, %%rsp; call 1f; ud2; jmp 2f; 1: addq $2, (%%rsp); ret; 2: add $128, %%rsp" ::: "memory"); // changed return address
	printf("%ld\n", r);
	return 0;
}
