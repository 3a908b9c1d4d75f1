// Guard pages around a buffer catch the first byte too much, on both sides, for loads, stores and system calls.
#include "guest.h"

static sigjmp_buf env;
static char *area;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	printf("fault at %ld\n", (char *)si->si_addr - area);
	siglongjmp(env, 1);
}

int main(void)
{
	area = pages(6);
	on(SIGSEGV, handler, 0);
	check(mprotect(area, PAGE, PROT_NONE) == 0 && mprotect(area + 5 * PAGE, PAGE, PROT_NONE) == 0);
	char *volatile buf = area + PAGE;
	const long n = 4 * PAGE;
	memset(buf, 1, n);
	if (!sigsetjmp(env, 1)) buf[n] = 1;
	if (!sigsetjmp(env, 1)) buf[-1] = 1;
	if (!sigsetjmp(env, 1)) *(volatile long *)(buf + n - 4) = -1; // crosses the edge: nothing of it is stored
	if (!sigsetjmp(env, 1)) *(volatile long *)(buf - 4) = -1;
	printf("edges %d %d\n", buf[n - 1], buf[0]);
	int fd = open("/dev/zero", O_RDONLY);
	printf("read %ld\n", (long)read(fd, buf + n - 100, 200));
	long r = read(fd, buf + n, 1);
	printf("read %ld %s\n", r, strerror(errno));
	printf("hash %lx\n", hash(buf, n));
	return 0;
}
