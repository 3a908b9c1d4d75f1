// POSIX timers, interval timers and timerfd tick while the program computes.
// cflags: -lrt
#include "guest.h"
#include <sys/timerfd.h>

static volatile int ticks, posix;
static void tick(int sig, siginfo_t *si, void *ctx) { ticks++; }
static void ptick(int sig, siginfo_t *si, void *ctx) { posix += si->si_code == SI_TIMER && si->si_value.sival_int == 3; }

int main(void)
{
	on(SIGALRM, tick, SA_RESTART);
	on(SIGVTALRM, tick, SA_RESTART);
	on(SIGRTMIN, ptick, SA_RESTART);
	struct itimerval iv = {{0, 2000}, {0, 2000}};
	setitimer(ITIMER_REAL, &iv, 0);
	while (ticks < 5)
		;
	puts("real timer");
	memset(&iv, 0, sizeof iv);
	setitimer(ITIMER_REAL, &iv, 0);
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 3};
	timer_t id;
	check(timer_create(CLOCK_MONOTONIC, &ev, &id) == 0);
	struct itimerspec its = {{0, 2000000}, {0, 2000000}}, left;
	check(timer_settime(id, 0, &its, 0) == 0);
	while (posix < 5)
		;
	check(timer_gettime(id, &left) == 0);
	printf("posix timer, interval %ld\n", left.it_interval.tv_nsec);
	check(timer_delete(id) == 0);
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	check(timerfd_settime(fd, 0, &its, 0) == 0);
	uint64_t n, sum = 0;
	while (sum < 3) {
		check(read(fd, &n, 8) == 8);
		sum += n;
	}
	puts("timerfd");
	ticks = 0;
	iv = (struct itimerval){{0, 1000}, {0, 1000}};
	setitimer(ITIMER_VIRTUAL, &iv, 0);
	while (ticks < 3)
		;
	puts("virtual timer");
	return 0;
}
