// rep movs and rep stos that fault in the middle show how far they came, and go on after the page is opened.
#include "guest.h"

static char *dst;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	char *page = (char *)((long)si->si_addr & -PAGE);
	printf("page %ld rdi %ld left %lld rip at rep %d\n", (page - dst) / (long)PAGE, (char *)m->gregs[REG_RDI] - dst,
	       m->gregs[REG_RCX], *(unsigned char *)m->gregs[REG_RIP] == 0xf3);
	check(mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0);
}

int main(void)
{
	char *src = pages(4);
	dst = pages(4);
	for (int i = 0; i < 4 * (int)PAGE; i++)
		src[i] = i * 7;
	on(SIGSEGV, handler, 0);
	void *d, *s;
	long n;
#define RUN(insn, df, from, count)                                                                            \
	do {                                                                                                  \
		memset(dst, 0, 4 * PAGE);                                                                     \
		check(mprotect(dst + PAGE, 2 * PAGE, PROT_NONE) == 0);                                        \
		d = dst + (from), s = src + (from), n = (count);                                              \
		__asm__ volatile(df "; rep " insn "; cld" : "+D"(d), "+S"(s), "+c"(n) : "a"(0x1122334455667788) : "memory", "cc"); \
		printf("%s %s: end %ld left %ld hash %lx\n", insn, df, (char *)d - dst, n, hash(dst, 4 * PAGE)); \
	} while (0)
	RUN("movsb", "cld", 100, 3 * PAGE);
	RUN("movsq", "cld", 96, 3 * PAGE / 8);
	RUN("stosb", "cld", 100, 3 * PAGE);
	RUN("stosq", "cld", 96, 3 * PAGE / 8);
	RUN("movsb", "std", 4 * PAGE - 100, 3 * PAGE);
	RUN("stosl", "std", 4 * PAGE - 100, 3 * PAGE / 4);
	return 0;
}
