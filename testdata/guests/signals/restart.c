// SA_RESTART lets an interrupted read go on; without it the read fails with EINTR.
#include "guest.h"

static int fd[2];
static int feed;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	if (feed)
		check(write(fd[1], "hello", 5) == 5);
}

static void soon(void)
{
	struct itimerval t = {.it_value = {0, 20000}};
	check(setitimer(ITIMER_REAL, &t, 0) == 0);
}

int main(void)
{
	char buf[16] = {0};
	check(pipe(fd) == 0);
	on(SIGALRM, handler, 0);
	soon();
	ssize_t n = read(fd[0], buf, sizeof buf);
	printf("without: %zd %s\n", n, n < 0 ? strerror(errno) : buf);
	feed = 1;
	on(SIGALRM, handler, SA_RESTART);
	soon();
	n = read(fd[0], buf, sizeof buf);
	printf("with: %zd %s\n", n, n < 0 ? strerror(errno) : buf);
	return 0;
}
