// A SIGSEGV handler reads the fault address, puts a value into the destination register and skips the instruction.
#include "guest.h"

static void handler(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	printf("addr %lx code %d err %llx trap %lld rip right %d\n", (long)si->si_addr, si->si_code,
	       uc->uc_mcontext.gregs[REG_ERR], uc->uc_mcontext.gregs[REG_TRAPNO],
	       *(unsigned char *)uc->uc_mcontext.gregs[REG_RIP] == 0x48);
	check(uc->uc_mcontext.gregs[REG_RBX] == 0x1234);
	uc->uc_mcontext.gregs[REG_RAX] = 0x5678;
	uc->uc_mcontext.gregs[REG_RIP] += 3;
}

int main(void)
{
	long rax;
	on(SIGSEGV, handler, 0);
	for (int i = 0; i < 3; i++) {
		__asm__ volatile("mov $0x1234, %%ebx; mov %[a], %%rcx; .byte 0x48, 0x8b, 0x01" // mov (%rcx), %rax
				 : "=a"(rax) : [a] "r"(0x10000L + i) : "rbx", "rcx", "memory");
		printf("load %lx\n", rax);
		__asm__ volatile("mov $0x1234, %%ebx; mov %[a], %%rcx; .byte 0x48, 0x89, 0x01" // mov %rax, (%rcx)
				 : "=a"(rax) : [a] "r"(0x20000L + i) : "rbx", "rcx", "memory");
		printf("store %lx\n", rax);
	}
	return 0;
}
