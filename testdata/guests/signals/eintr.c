// An alarm ends pause, nanosleep, poll, select, epoll_wait and a futex wait with EINTR.
#include "guest.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static void handler(int sig, siginfo_t *si, void *ctx) {}

// soon and again: the first may come before the call has begun.
static void soon(long us)
{
	struct itimerval t = {{0, us}, {0, us}};
	setitimer(ITIMER_REAL, &t, 0);
}

#define try(name, call)                                                          \
	do {                                                                     \
		soon(10000);                                                     \
		errno = 0;                                                       \
		long r = call;                                                   \
		int why = errno;                                                 \
		soon(0);                                                         \
		printf("%s: %ld %s\n", name, r, strerror(why));                  \
	} while (0)

int main(void)
{
	on(SIGALRM, handler, SA_RESTART); // these do not restart even so (signal(7))
	try("pause", pause());
	struct timespec t = {5, 0}, left = {0, 0};
	try("nanosleep", nanosleep(&t, &left));
	printf("left %d\n", left.tv_sec == 4 && left.tv_nsec > 0);
	try("poll", poll(0, 0, 5000));
	struct timeval tv = {5, 0};
	try("select", select(0, 0, 0, 0, &tv));
	struct epoll_event ev;
	int ep = epoll_create1(0);
	try("epoll_wait", epoll_wait(ep, &ev, 1, 5000));
	int word = 1;
	on(SIGALRM, handler, 0);
	try("futex", syscall(SYS_futex, &word, FUTEX_WAIT, 1, &t, 0, 0));
	alarm(5);
	printf("alarm left %d\n", alarm(0) > 3);
	return 0;
}
