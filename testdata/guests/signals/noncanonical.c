// A non-canonical access is a general protection fault: SI_KERNEL and no address.
#include "guest.h"

static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	printf("sig %d code %d addr %lx trap %lld\n", sig, si->si_code, (long)si->si_addr, m->gregs[REG_TRAPNO]);
	m->gregs[REG_RIP] += 2;
}

int main(void)
{
	on(SIGSEGV, handler, 0);
	on(SIGBUS, handler, 0);
	__asm__ volatile(".byte 0x88, 0x08" ::"a"(0x9000000000000000), "c"(1) : "memory"); // mov %cl, (%rax)
	__asm__ volatile(".byte 0x8a, 0x08" ::"a"(0x0008000000000000), "c"(1) : "memory"); // mov (%rax), %cl
	__asm__ volatile(".byte 0x88, 0x08" ::"a"(0xffffffff80000000), "c"(1) : "memory"); // kernel half: page fault
	puts("done");
	return 0;
}
