// The program finds the processors that it may use, and those that it chose, in children and threads too.
// cflags: -pthread
#include "guest.h"
#include <sched.h>

static int count(void)
{
	cpu_set_t s;
	check(sched_getaffinity(0, sizeof s, &s) == 0);
	return CPU_COUNT(&s);
}

static void *thread(void *p) { return (void *)(long)count(); }

static void all(const char *when)
{
	void *r;
	pthread_t t;
	printf("%s: %d", when, count()), fflush(stdout);
	if (fork() == 0) {
		printf(" child %d", count()), fflush(stdout);
		_exit(0);
	}
	wait(0);
	for (int i = 0; i < 200; i++) // stops, so that kmv keeps the thread near
		getppid(), munmap(pages(1), PAGE);
	pthread_create(&t, 0, thread, 0);
	pthread_join(t, &r);
	printf(" thread %ld, %d\n", (long)r, count()), fflush(stdout);
}

int main(int argc, char **argv)
{
	cpu_set_t s;
	if (argc > 1)
		return all("after execve"), 0;
	all("first");
	check(sched_getaffinity(0, sizeof s, &s) == 0);
	int first = 0;
	while (!CPU_ISSET(first, &s))
		first++;
	CPU_ZERO(&s);
	CPU_SET(first, &s);
	check(sched_setaffinity(0, sizeof s, &s) == 0);
	all("one");
	check(sched_getcpu() == first);
	execl("/proc/self/exe", argv[0], "x", (char *)0);
	return 99;
}
