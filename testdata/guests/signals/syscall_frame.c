// The registers that a handler sees and the program gets back around an interrupted system call.
#include "guest.h"

static volatile long seen_rax;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	mcontext_t *m = &((ucontext_t *)ctx)->uc_mcontext;
	unsigned char *pc = (unsigned char *)m->gregs[REG_RIP];
	seen_rax = m->gregs[REG_RAX];
	printf("after syscall %d, rcx is rip %d\n", pc[-2] == 0x0f && pc[-1] == 0x05, m->gregs[REG_RCX] == (long)pc);
}

int main(void)
{
	on(SIGALRM, handler, 0);
	on(SIGUSR1, handler, 0);
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1) : "rcx", "r11", "memory");
	printf("kill: saw %ld, got %ld\n", seen_rax, r);
	struct itimerval t = {.it_value = {0, 10000}};
	setitimer(ITIMER_REAL, &t, 0);
	__asm__ volatile("syscall" : "=a"(r) : "a"(SYS_pause) : "rcx", "r11", "memory");
	printf("pause: saw %ld, got %ld\n", seen_rax, r);
	unsigned long rcx, r11, here, fl;
	__asm__ volatile("pushf; pop %4; lea 1f(%%rip), %3; syscall; 1: mov %%rcx, %1; mov %%r11, %2"
			 : "=a"(r), "=&r"(rcx), "=&r"(r11), "=&r"(here), "=&r"(fl) : "0"(SYS_getppid) : "rcx", "r11", "memory");
	printf("rcx %d r11 %d\n", rcx == here, r11 == fl);
	return 0;
}
