// One piece of code entered at two offsets: the same bytes are different instructions.
#include "guest.h"

int main(void)
{
	unsigned long a, b;
	for (int i = 0; i < 3; i++) {
		// b8 imm32: mov $0x9004c083, %eax; entered one byte later: add $4, %eax; nop
		__asm__ volatile("mov $1, %%eax; jmp 1f; 1: .byte 0xb8, 0x83, 0xc0, 0x04, 0x90; mov %%rax, %0" : "=r"(a)::"rax");
		__asm__ volatile("mov $1, %%eax; jmp 1f+1; 1: .byte 0xb8, 0x83, 0xc0, 0x04, 0x90; mov %%rax, %0" : "=r"(b)::"rax");
		printf("%lx %lx\n", a, b);
	}
	long n = 0;
	__asm__ volatile("1: inc %0; cmp $5, %0; jne 1b" : "+r"(n)); // a block that jumps to itself
	__asm__ volatile("jmp 2f; 1: inc %0; cmp $9, %0; jge 3f; 2: inc %0; jmp 1b; 3:" : "+r"(n)); // into the middle of a loop
	printf("%ld\n", n);
	return 0;
}
