// The stack that a signal's frame is put on is lost, before and inside the handler; and the alternate stack.
// gaps: syscall
#include "failures.h"
#include <signal.h>
static volatile int half, seen;
static char *alt;
static void handler(int s, siginfo_t *i, void *u) {
	volatile char here[64]; memset((char *)here, s, sizeof here);
	lose(here, half); lose(u, half); // the frame itself: rt_sigreturn reads it
	CHECK(here[5] == s);
	lose(u, half);
	seen++;
}
static void on_alt(int s) { lose(__builtin_frame_address(0), half); seen++; }
int main(void) {
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}, b = {.sa_handler = on_alt, .sa_flags = SA_ONSTACK};
	alt = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memset(alt, 1, 16 * PAGE);
	stack_t st = {.ss_sp = alt, .ss_size = 16 * PAGE};
	CHECK(sigaltstack(&st, 0) == 0);
	sigaction(SIGUSR1, &a, 0); sigaction(SIGUSR2, &b, 0);
	for (int i = 0; i < 20; i++) {
		half = NATIVE + i % 2;
		char below[3 * PAGE]; memset(below, 7, sizeof below); asm volatile("" :: "r"(below) : "memory");
		for (int k = 1; k < 4; k++) lose((char *)__builtin_frame_address(0) - k * PAGE, half);
		raise(SIGUSR1);
		for (int k = 12; k < 16; k++) lose(alt + k * PAGE, half);
		raise(SIGUSR2);
	}
	CHECK(seen == 40);
	puts("signals");
}
