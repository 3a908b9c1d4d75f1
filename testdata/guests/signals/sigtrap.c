// int3, in both encodings, is SIGTRAP after the instruction.
#include "guest.h"

static volatile int count;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	unsigned char *pc = (unsigned char *)((ucontext_t *)ctx)->uc_mcontext.gregs[REG_RIP];
	printf("code %d before %02x\n", si->si_code, pc[-1]);
	count++;
}

int main(void)
{
	on(SIGTRAP, handler, 0);
	for (int i = 0; i < 3; i++)
		__asm__ volatile("int3" ::: "memory");
	__asm__ volatile(".byte 0xcd, 0x03" ::: "memory");
	raise(SIGTRAP);
	printf("count %d\n", count);
	return 0;
}
