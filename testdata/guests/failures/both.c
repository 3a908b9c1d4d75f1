// Both copies are lost, and a file ends under its mapping: the program gets its SIGBUS, at the right address, and goes on.
// gaps: syscall
#include "failures.h"
#include <fcntl.h>
#include <setjmp.h>
#include <sys/prctl.h>
static sigjmp_buf back;
static void *volatile where;
static volatile int early;
static void handler(int s, siginfo_t *i, void *u) { if (i->si_code == 5) { early++; return; } where = i->si_addr; siglongjmp(back, 1); }
static int load(volatile unsigned char *p) { if (sigsetjmp(back, 1)) return -1; return *p; }
static int store(volatile unsigned char *p) { if (sigsetjmp(back, 1)) return -1; return *p = 1; }
static int add(volatile unsigned char *p) { if (sigsetjmp(back, 1)) return -1; return ++*p, 1; }
static void found(void *p) { // the machine tells of it before it is met
	siginfo_t i = {.si_signo = SIGBUS, .si_code = 5};
	i.si_addr = p; *(short *)((char *)&i.si_addr + 8) = 12;
	CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGBUS, &i) == 0);
}
int main(int argc, char **argv) {
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigaction(SIGBUS, &a, 0);
	unsigned char *p = pages(3);
	lose(p + PAGE, BOTH);
	if (argc > 1) { // the test runs this one only under the engine
		CHECK(load(p + PAGE + 8) == -1 && where == p + PAGE + 8);
		CHECK(store(p + PAGE + 16) == -1 && where == p + PAGE + 16);
		CHECK(add(p + PAGE + 24) == -1 && where == p + PAGE + 24);
		found(p + PAGE); CHECK(early == 0); // it has not asked to be told
		prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0); found(p + PAGE); CHECK(early == 1);
		p[PAGE - 1] = 3; p[2 * PAGE] = 4;
		int fd = open("/dev/zero", O_RDONLY); CHECK(read(fd, p + PAGE, 10) == -1 && errno == EFAULT);
		CHECK(mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE); // the page is given up
		CHECK(load(p + PAGE) == 0 && store(p + PAGE) == 1 && p[PAGE] == 1);
	}
	char name[] = "/tmp/kmv-failures-XXXXXX";
	int fd = mkstemp(name);
	CHECK(ftruncate(fd, 2 * PAGE) == 0);
	unsigned char *f = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *g = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	f[PAGE] = 1;
	CHECK(ftruncate(fd, PAGE) == 0);
	CHECK(load(f + PAGE) == -1 && where == f + PAGE && store(f + PAGE + 1) == -1 && where == f + PAGE + 1 && load(f) == 0);
	CHECK(load(g + PAGE) == -1 && where == g + PAGE && store(g + PAGE + 1) == -1 && where == g + PAGE + 1 && load(g) == 0);
	unlink(name);
	sigaction(SIGSEGV, &a, 0); // while a page is lost that nobody has met, an error of the program's own is that
	unsigned char *q = pages(2);
	lose(q, NATIVE);
	CHECK(mprotect(q + PAGE, PAGE, PROT_READ) == 0 && store(q + PAGE + 5) == -1 && where == q + PAGE + 5);
	CHECK(mprotect(q + PAGE, PAGE, PROT_NONE) == 0 && load(q + PAGE + 6) == -1 && where == q + PAGE + 6);
	CHECK(q[7] == right(7));
	puts("both");
}
