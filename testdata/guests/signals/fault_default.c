// Faults without a handler end the program with their signal.
// run: null-write
// run: null-read
// run: null-call
// run: rodata
// run: ud2
// run: int3
// run: divide
// run: bus
// run: hlt
// run: noncanonical
// run: noexec
// run: abort
// run: blocked-segv
// run: ignored-segv
// cflags: -O0
#include "guest.h"

static const char constant[] = "constant";
int main(int argc, char **argv)
{
	char *w = argv[1];
	puts(w);
	fflush(stdout);
	sigset_t all;
	sigfillset(&all);
	if (!strcmp(w, "null-write")) *(volatile int *)0 = 1;
	if (!strcmp(w, "null-read")) return *(volatile int *)8;
	if (!strcmp(w, "null-call")) ((void (*)(void))0)();
	if (!strcmp(w, "rodata")) *(volatile char *)constant = 1;
	if (!strcmp(w, "ud2")) __asm__ volatile("ud2");
	if (!strcmp(w, "int3")) __asm__ volatile("int3");
	if (!strcmp(w, "divide")) { volatile int z = 0; return 5 / z; }
	if (!strcmp(w, "bus")) {
		int fd = memfd_create("x", 0);
		*(volatile char *)mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) = 1;
	}
	if (!strcmp(w, "hlt")) __asm__ volatile("hlt");
	if (!strcmp(w, "noncanonical")) *(volatile char *)0x8000000000000000 = 1;
	if (!strcmp(w, "noexec")) { char *p = pages(1); *p = (char)0xc3; ((void (*)(void))p)(); }
	if (!strcmp(w, "abort")) abort();
	if (!strcmp(w, "blocked-segv")) { sigprocmask(SIG_BLOCK, &all, 0); *(volatile int *)0 = 1; }
	if (!strcmp(w, "ignored-segv")) { signal(SIGSEGV, SIG_IGN); *(volatile int *)0 = 1; }
	return 99;
}
