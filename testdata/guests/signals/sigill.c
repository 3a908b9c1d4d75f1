// ud2 is SIGILL at its own address; the handler skips it. A lock prefix on a register form is undefined as well.
#include "guest.h"

static int count;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	unsigned char *pc = (unsigned char *)m->gregs[REG_RIP];
	printf("sig %d code %d addr right %d bytes %02x %02x rcx %lld\n", sig, si->si_code, si->si_addr == pc, pc[0], pc[1],
	       m->gregs[REG_RCX]);
	m->gregs[REG_RIP] += pc[0] == 0x0f ? 2 : 3;
	m->gregs[REG_RAX] = ++count;
}

int main(void)
{
	on(SIGILL, handler, 0);
	for (int i = 0; i < 3; i++) {
		int n;
		__asm__ volatile("ud2" : "=a"(n) : "c"(i));
		printf("back with %d\n", n);
	}
	int n;
	__asm__ volatile(".byte 0xf0, 0x01, 0xc1" : "=a"(n) : "c"(9)); // lock add %eax, %ecx
	printf("back with %d\n", n);
	return 0;
}
