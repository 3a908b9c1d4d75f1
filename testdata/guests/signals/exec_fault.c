// Calling address 0 or a data page faults with rip there; the handler returns to the caller.
#include "guest.h"

static char *page;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	long *sp = (long *)m->gregs[REG_RSP];
	printf("code %d addr is rip %d, fetch %lld, %s\n", si->si_code, (long)si->si_addr == m->gregs[REG_RIP],
	       (m->gregs[REG_ERR] >> 4) & 1, si->si_addr == 0 ? "null" : si->si_addr == page ? "page" : "far");
	m->gregs[REG_RIP] = *sp;
	m->gregs[REG_RSP] += 8;
	m->gregs[REG_RAX] = 17;
}

int main(void)
{
	on(SIGSEGV, handler, 0);
	page = pages(1);
	page[0] = (char)0xc3;
	int (*volatile f)(void) = 0;
	for (int i = 0; i < 3; i++)
		printf("%d\n", f());
	f = (int (*)(void))page;
	printf("%d\n", f());
	f = (int (*)(void))0x123456789000;
	printf("%d\n", f());
	return 0;
}
