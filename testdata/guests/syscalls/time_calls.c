// Time from the vDSO and from the kernel agree and only go forward; sleeps last as long as asked.
#include "guest.h"

static long ns(int clock)
{
	struct timespec t = {-1, -1};
	check(clock_gettime(clock, &t) == 0 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(void)
{
	long last = 0;
	for (int i = 0; i < 200000; i++) {
		long now = ns(CLOCK_MONOTONIC);
		check(now >= last);
		last = now;
	}
	struct timespec raw;
	struct timeval tv;
	long before = ns(CLOCK_REALTIME);
	check(syscall(SYS_clock_gettime, CLOCK_REALTIME, &raw) == 0);
	check(gettimeofday(&tv, 0) == 0);
	long k = raw.tv_sec * 1000000000 + raw.tv_nsec, g = tv.tv_sec * 1000000000 + tv.tv_usec * 1000;
	printf("vdso and kernel agree %d %d\n", k >= before && k - before < 500000000, g - before < 500000000 && before - g < 500000000);
	time_t t = time(0), u = 0;
	check(t == time(&u) || u - t <= 1);
	int clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
	for (int i = 0; i < 7; i++)
		check(ns(clocks[i]) > 0);
	printf("bad clock %d\n", clock_gettime(99, &raw) == -1 && errno == EINVAL);
	struct timespec d = {0, 20000000};
	before = ns(CLOCK_MONOTONIC);
	check(nanosleep(&d, 0) == 0);
	check(clock_nanosleep(CLOCK_MONOTONIC, 0, &d, 0) == 0);
	printf("slept %d\n", ns(CLOCK_MONOTONIC) - before >= 40000000);
	return 0;
}
