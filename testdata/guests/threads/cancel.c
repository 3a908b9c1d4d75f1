// pthread_cancel: deferred at a blocking call, asynchronous in a loop, disabled; cleanup handlers run.
// cflags: -pthread
#include "guest.h"

static int cleaned, fd[2];
static volatile int ready;
static void cleanup(void *p) { cleaned += (long)p; }

static void *blocked(void *arg)
{
	char c;
	pthread_cleanup_push(cleanup, (void *)1);
	ready = 1;
	check(read(fd[0], &c, 1) == 12345);
	pthread_cleanup_pop(0);
	return 0;
}

static void *spinning(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0);
	pthread_cleanup_push(cleanup, (void *)10);
	ready = 1;
	for (volatile long i = 0;; i++)
		;
	pthread_cleanup_pop(0);
}

static void *stubborn(void *arg)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, 0);
	ready = 1;
	usleep(20000);
	return (void *)5;
}

int main(void)
{
	void *(*f[])(void *) = {blocked, spinning, stubborn};
	check(pipe(fd) == 0);
	for (int i = 0; i < 9; i++) {
		pthread_t t;
		void *r;
		ready = 0;
		pthread_create(&t, 0, f[i % 3], 0);
		while (!ready)
			usleep(200);
		pthread_cancel(t);
		pthread_join(t, &r);
		printf("%s %ld\n", r == PTHREAD_CANCELED ? "cancelled" : "returned", r == PTHREAD_CANCELED ? 0 : (long)r);
	}
	printf("cleaned %d\n", cleaned);
	return 0;
}
