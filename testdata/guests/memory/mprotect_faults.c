// mprotect to none, read-only and read-write: which accesses fault and with what code.
#include "guest.h"

static sigjmp_buf env;
static void handler(int sig, siginfo_t *si, void *ctx) { siglongjmp(env, si->si_code * 100 + ((ucontext_t *)ctx)->uc_mcontext.gregs[REG_ERR]); }

static int try_read(volatile char *p)
{
	int r = sigsetjmp(env, 1);
	return r ? r : *p;
}

static int try_write(volatile char *p)
{
	int r = sigsetjmp(env, 1);
	return r ? r : (*p = 9);
}

int main(void)
{
	char *p = pages(8);
	on(SIGSEGV, handler, 0);
	memset(p, 3, 8 * PAGE);
	int prots[] = {PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, PROT_EXEC};
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 6; i++) {
			check(mprotect(p + i * PAGE, PAGE, prots[i]) == 0);
			printf("prot %d: write %d read %d\n", prots[i], try_write(p + i * PAGE), prots[i] == PROT_EXEC ? 0 : try_read(p + i * PAGE));
		}
	check(mprotect(p, 8 * PAGE, PROT_READ | PROT_WRITE) == 0);
	for (int i = 0; i < 8; i++)
		printf("%d ", p[i * PAGE]);
	printf("\nunmapped: %d, unaligned: %d, bad: %d\n", mprotect((void *)0x100000000000, PAGE, PROT_READ) == -1 && errno == ENOMEM,
	       mprotect(p + 1, PAGE, PROT_READ) == -1 && errno == EINVAL, mprotect(p, PAGE, 0x800) == -1 && errno == EINVAL);
	return 0;
}
