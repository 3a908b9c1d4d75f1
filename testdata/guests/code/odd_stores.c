// Instructions that write memory in unusual ways: push and pop forms, enter, xadd, bts, cmpxchg, maskmov, movnti, flags.
// cflags: -O1
#include "guest.h"

static struct { long w[64]; } m __attribute__((aligned(64)));
#define SHOW(name) (printf("%s %lx %lx\n", name, hash(&m, sizeof m), x), x = 1)
#define ASM(text, ...) __asm__ volatile("sub $256, %%rsp; " text "; add $256, %%rsp" : "+r"(x) : "r"(&m) : "memory", "cc", ##__VA_ARGS__)

int main(void)
{
	long x = 1;
	for (int i = 0; i < 64; i++)
		m.w[i] = i * 0x0101010101010101;
	ASM("push %%rsp; pop %0; sub %%rsp, %0"); SHOW("push rsp");
	ASM("push %%rsp; sub %%rsp, (%%rsp); pop %0"); SHOW("pushed value");
	ASM("push $77; pop 8(%1)"); SHOW("pop m");
	ASM("push $77; push $88; pop (%%rsp); pop %0"); SHOW("pop (rsp)");
	ASM("push 16(%1); pop 24(%1)"); SHOW("push m");
	ASM("pushw $5; popw 32(%1)"); SHOW("16 bit");
	ASM("test %0, %0; pushf; popq 40(%1); andq $0x8d5, 40(%1)"); SHOW("pushf");
	ASM("push %%rbp; mov %%rsp, %%rbp; enter $32, $0; movq $9, -8(%%rbp); mov -8(%%rbp), %0; leave; pop %%rbp"); SHOW("enter");
	ASM("push %%rbp; lea 64(%%rsp), %%rbp; enter $48, $3; leave; pop %%rbp"); SHOW("enter nested");
	ASM("mov $3, %%eax; xadd %%eax, 48(%1); mov %%rax, %0", "rax"); SHOW("xadd");
	ASM("mov %1, %%rax; xadd %%rax, (%%rax); sub %%rax, (%1); mov (%1), %0; sub %1, %0; movq $1, (%1)", "rax"); SHOW("xadd own address");
	ASM("mov $100, %%ecx; bts %%rcx, 8(%1); mov $-9, %%rcx; btc %%rcx, 64(%1); btr $3, %%ecx; btsw $4, 80(%1)", "rcx"); SHOW("bit strings");
	ASM("mov $5, %%eax; cmpxchg %%ecx, 88(%1); mov %%rax, %0", "rax"); SHOW("cmpxchg fails");
	ASM("mov 96(%1), %%rax; mov $44, %%ecx; cmpxchg %%rcx, 96(%1); setz %b0", "rax", "rcx"); SHOW("cmpxchg");
	ASM("xor %%eax, %%eax; xor %%edx, %%edx; mov $7, %%ecx; push %%rbx; mov $8, %%ebx; cmpxchg16b 112(%1); pop %%rbx; mov %%rax, %0", "rax", "rcx", "rdx"); SHOW("cmpxchg16b fails");
	ASM("mov 112(%1), %%rax; mov 120(%1), %%rdx; mov $7, %%ecx; push %%rbx; mov $8, %%ebx; lock cmpxchg16b 112(%1); pop %%rbx; setz %b0", "rax", "rcx", "rdx"); SHOW("cmpxchg16b");
	ASM("pcmpeqb %%xmm0, %%xmm0; psllq $7, %%xmm0; pxor %%xmm1, %%xmm1; mov %1, %%rdi; add $130, %%rdi; maskmovdqu %%xmm0, %%xmm1", "rdi", "xmm0", "xmm1"); SHOW("maskmovdqu");
	ASM("mov $3, %%eax; movnti %%rax, 160(%1); movntps %%xmm1, 176(%1); movntdq %%xmm0, 192(%1)", "rax", "xmm0"); SHOW("non-temporal");
	ASM("stc; adcq $1, 200(%1); sbbl $2, 208(%1); rclw $3, 216(%1); rcrb $1, 220(%1)"); SHOW("carry");
	ASM("mov $5, %%cl; mov $99, %%eax; shll %%cl, 224(%1); shld %%cl, %%rax, 232(%1); shrd $7, %%rax, 240(%1); sarq 248(%1); rolw $4, 250(%1); notb 255(%1); negl 256(%1)", "rcx", "rax"); SHOW("shifts");
	ASM("mov $0x1234567890, %%rax; movbe %%rax, 264(%1); xchg %%ah, 272(%1); xchg %%rax, 280(%1)", "rax"); SHOW("movbe");
	ASM("stmxcsr 288(%1); mov %%ds, 296(%1); movd %%xmm1, 300(%1); pextrw $3, %%xmm1, 304(%1); movhps %%xmm1, 312(%1)"); SHOW("small");
	ASM("lea 1f(%%rip), %%rax; mov %%al, %%al; call 1f; 1: pop %%rcx; sub %%rcx, %%rax; mov %%rax, %0", "rax", "rcx"); SHOW("call");
	ASM("mov $3, %%ecx; 1: addq $1, 320(%1); loop 1b; jrcxz 2f; ud2; 2:", "rcx"); SHOW("loop");
	ASM("lock orq $1, 328(%1); lock andb $0x7f, 335(%1); lock btsl $7, 336(%1); lock decw 340(%1); lock negl 344(%1)"); SHOW("lock");
	return 0;
}
