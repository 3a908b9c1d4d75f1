// A SIGSEGV handler sees every general register and xmm register of the faulting code and changes them all.
#include "guest.h"

static const int regs[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_R8,
			   REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
static long out[14] __attribute__((used));
static __int128 xmm[16] __attribute__((used));
static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	for (int i = 0; i < 14; i++) {
		check(m->gregs[regs[i]] == (i == 0 ? 8 : 0x100 + i));
		m->gregs[regs[i]] = 0x7000000000 + i;
	}
	for (int i = 0; i < 16; i++) {
		check(m->fpregs->_xmm[i].element[0] == (unsigned)(i + 1));
		m->fpregs->_xmm[i].element[0] = 1000 + i;
		m->fpregs->_xmm[i].element[3] = 2000 + i;
	}
	m->gregs[REG_RIP] += 2;
	m->gregs[REG_EFL] |= 1; // carry
}

int main(void)
{
	unsigned char carry;
	on(SIGSEGV, handler, 0);
	for (int i = 0; i < 16; i++)
		xmm[i] = i + 1;
	__asm__ volatile(
	    "lea xmm(%%rip), %%rax;"
	    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; movups 16*\\n(%%rax), %%xmm\\n; .endr;"
	    "mov $8, %%eax; mov $0x101, %%ebx; mov $0x102, %%ecx; mov $0x103, %%edx; mov $0x104, %%esi; mov $0x105, %%edi;"
	    "mov $0x106, %%r8d; mov $0x107, %%r9d; mov $0x108, %%r10d; mov $0x109, %%r11d; mov $0x10a, %%r12d;"
	    "mov $0x10b, %%r13d; mov $0x10c, %%r14d; mov $0x10d, %%r15d; clc;"
	    ".byte 0x88, 0x08;" // mov %cl, (%rax)
	    "push %%rbx; lea out(%%rip), %%rbx; mov %%rax, (%%rbx); pop %%rax; mov %%rax, 8(%%rbx);"
	    "mov %%rcx, 16(%%rbx); mov %%rdx, 24(%%rbx); mov %%rsi, 32(%%rbx); mov %%rdi, 40(%%rbx); mov %%r8, 48(%%rbx);"
	    "mov %%r9, 56(%%rbx); mov %%r10, 64(%%rbx); mov %%r11, 72(%%rbx); mov %%r12, 80(%%rbx); mov %%r13, 88(%%rbx);"
	    "mov %%r14, 96(%%rbx); mov %%r15, 104(%%rbx); setc %0;"
	    "lea xmm(%%rip), %%rax;"
	    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; movups %%xmm\\n, 16*\\n(%%rax); .endr"
	    : "=m"(carry)::"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	      "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
	      "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	for (int i = 0; i < 14; i++)
		printf("%lx ", out[i]);
	for (int i = 0; i < 16; i++)
		printf("%x:%x ", (int)xmm[i], (int)(xmm[i] >> 96));
	printf("carry %d\n", carry);
	return 0;
}
