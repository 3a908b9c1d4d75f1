// Integer and floating point exceptions arrive with the right code; the handler repairs the divisor or masks them.
// cflags: -lm -O1
#include "guest.h"
#include <fenv.h>

static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	printf("code %d at rip %d\n", si->si_code, si->si_addr == (void *)m->gregs[REG_RIP]);
	if (si->si_code == FPE_INTDIV)
		m->gregs[REG_RCX] = 7;
	m->fpregs->mxcsr |= 0x1f80;
	m->fpregs->cwd |= 0x3f;
	m->fpregs->swd &= ~0x80ff;
}

int main(void)
{
	on(SIGFPE, handler, 0);
	int q;
	__asm__ volatile("cltd; idivl %%ecx" : "=a"(q) : "a"(100), "c"(0) : "rdx", "cc");
	printf("100/7 = %d\n", q);
	feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
	volatile double one = 1, zero = 0, big = 1e308;
	printf("1/0 = %f\n", one / zero);
	feclearexcept(FE_ALL_EXCEPT);
	feenableexcept(FE_OVERFLOW);
	printf("big = %f\n", big * big);
	feclearexcept(FE_ALL_EXCEPT);
	feenableexcept(FE_DIVBYZERO);
	volatile long double lone = 1, lzero = 0;
	long double r = lone / lzero;
	printf("x87 %Lf\n", r);
	return 0;
}
