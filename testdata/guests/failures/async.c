// The machine finds an error before anybody reads the page: SIGBUS with BUS_MCEERR_AO. The page is repaired, and the program
// hears nothing, in a loop or in a system call. An error elsewhere stays the program's.
// gaps: syscall
#include "failures.h"
static void found(void *p) {
	siginfo_t i = {.si_signo = SIGBUS, .si_code = 5};
	i.si_addr = p;
	*(short *)((char *)&i.si_addr + 8) = 12;
	if (syscall(1000, 0, 32, 0) == 0) // only where the engine's tests can answer
		CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGBUS, &i) == 0);
}
int main(void) {
	unsigned char *p = pages(4);
	for (int i = 0; i < 50; i++) {
		lose(p + i % 4 * PAGE, i % 2 ? NATIVE : MIRROR);
		found(p + i % 4 * PAGE);
	}
	check_pages(p, 4);
	puts("async");
}
