// select, pselect, poll, ppoll and epoll: ready descriptors, time-outs, remaining time.
#include "guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

int main(void)
{
	int p[2], q[2], e = eventfd(0, EFD_NONBLOCK);
	check(pipe(p) == 0 && pipe(q) == 0 && write(q[1], "x", 1) == 1);
	fd_set r, w;
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(p[0], &r), FD_SET(q[0], &r), FD_SET(p[1], &w);
	struct timeval tv = {3, 0};
	int n = select(q[1] + 1, &r, &w, 0, &tv);
	printf("select %d: %d%d%d, left %d\n", n, !!FD_ISSET(p[0], &r), !!FD_ISSET(q[0], &r), !!FD_ISSET(p[1], &w), tv.tv_sec >= 2);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	tv = (struct timeval){0, 3000};
	n = select(p[0] + 1, &r, 0, 0, &tv);
	printf("select %d: %d, left %ld\n", n, !!FD_ISSET(p[0], &r), (long)tv.tv_usec);
	FD_SET(p[0], &r);
	struct timespec ts = {0, 1000000};
	n = pselect(p[0] + 1, &r, 0, 0, &ts, 0);
	printf("pselect %d, kept %ld\n", n, ts.tv_nsec);
	struct pollfd f[4] = {{p[0], POLLIN, 0x7777}, {q[0], POLLIN, 0x7777}, {p[1], POLLOUT, 0x7777}, {999, POLLIN, 0x7777}};
	n = poll(f, 4, 1000);
	printf("poll %d: %x %x %x %x\n", n, f[0].revents, f[1].revents, f[2].revents, f[3].revents);
	n = ppoll(f, 1, &ts, 0);
	printf("ppoll %d: %x\n", n, f[0].revents);
	int ep = epoll_create1(0);
	for (int i = 0; i < 3; i++)
		check(epoll_ctl(ep, EPOLL_CTL_ADD, (int[]){p[0], q[0], e}[i], &(struct epoll_event){EPOLLIN, {.u64 = 0x1234567890 + i}}) == 0);
	struct epoll_event ev[8];
	memset(ev, 0x11, sizeof ev);
	n = epoll_wait(ep, ev, 8, 1000);
	printf("epoll %d: %x %lx, next untouched %x\n", n, ev[0].events, (long)ev[0].data.u64, ev[1].events);
	uint64_t one = 5;
	check(write(e, &one, 8) == 8);
	n = epoll_pwait(ep, ev, 8, 1000, 0);
	printf("epoll %d\n", n);
	check(read(e, &one, 8) == 8);
	printf("eventfd %lu, again %d\n", one, read(e, &one, 8) == -1 && errno == EAGAIN);
	printf("timeout %d\n", epoll_wait(ep, ev, 1, 0));
	return 0;
}
