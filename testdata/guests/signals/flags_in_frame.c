// A handler starts with DF clear whatever the program had, and may change the flags that the program gets back.
#include "guest.h"

static volatile int df_inside = -1, df_saved;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	unsigned long f;
	__asm__ volatile("pushf; pop %0" : "=r"(f));
	df_inside = !!(f & 0x400);
	df_saved = !!(m->gregs[REG_EFL] & 0x400);
	m->gregs[REG_EFL] = (m->gregs[REG_EFL] & ~0x8d5L) | 0x41; // CF and ZF only
	m->gregs[REG_RIP] += 2;
}

int main(void)
{
	unsigned long f;
	on(SIGILL, handler, 0);
	__asm__ volatile("std; xor %%eax, %%eax; dec %%eax; ud2; pushf; pop %0; cld" : "=r"(f)::"rax", "cc");
	printf("inside %d saved %d after %lx\n", df_inside, df_saved, f & 0xcd5);
	return 0;
}
