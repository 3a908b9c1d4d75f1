// Threads read, write, sleep, poll and wait on futexes while signals fly at all of them; nothing is lost or torn.
// cflags: -pthread
#include "guest.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>

enum { threads = 4, rounds = 1500 };
static pthread_t t[threads];
static volatile int stop;
static int words[threads];
static uint64_t sums[threads];
static char bufs[threads][4096];
static __thread volatile int ticks;
static void handler(int sig, siginfo_t *si, void *ctx) { ticks++; }

static void *worker(void *arg)
{
	long me = (long)arg;
	int fd[2], ep = epoll_create1(0);
	check(pipe(fd) == 0);
	struct epoll_event ev = {.events = EPOLLIN};
	check(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev) == 0);
	for (int i = 0; i < rounds; i++) {
		char out[600];
		int n = 1 + (i * 7) % sizeof out;
		memset(out, i + me, sizeof out);
		check(write(fd[1], out, n) == n);
		struct pollfd p = {fd[0], POLLIN};
		while (i % 3 == 0 && poll(&p, 1, 1000) != 1)
			check(errno == EINTR);
		while (i % 3 == 1 && epoll_wait(ep, &ev, 1, 1000) != 1)
			check(errno == EINTR);
		char *in = bufs[me] + i % 64;
		check(read(fd[0], in, sizeof out) == n);
		for (int k = 0; k < n; k++)
			check(in[k] == (char)(i + me));
		sums[me] = sums[me] * 31 + hash(in, n);
		struct timespec ts = {0, 1000}, left;
		if (i % 50 == 0)
			while (nanosleep(&ts, &left) && errno == EINTR)
				ts = left;
		if (i % 50 == 1)
			syscall(SYS_futex, &words[me], FUTEX_WAIT_PRIVATE, 0, &(struct timespec){0, 100000}, 0, 0);
	}
	return 0;
}

static void *shooter(void *arg)
{
	for (int i = 0; !stop; i++) {
		pthread_kill(t[i % threads], i % 5 == 4 ? SIGWINCH : i % 2 ? SIGUSR1 : SIGUSR2);
		if (i % 8 == 7)
			usleep(300);
	}
	return 0;
}

int main(void)
{
	pthread_t s;
	on(SIGUSR1, handler, SA_RESTART);
	on(SIGUSR2, handler, 0);
	for (long i = 0; i < threads; i++)
		pthread_create(&t[i], 0, worker, (void *)i);
	pthread_create(&s, 0, shooter, 0);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], 0);
	stop = 1;
	pthread_join(s, 0);
	for (int i = 0; i < threads; i++)
		printf("%lx\n", sums[i]);
	return 0;
}
