// Futexes that the kernel writes itself: priority-inheriting mutexes and requeues under contention.
// cflags: -pthread
#include "guest.h"

static pthread_mutex_t m;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static long count;
static int go;

static void *worker(void *arg)
{
	pthread_mutex_lock(&m);
	while (!go)
		pthread_cond_wait(&c, &m);
	pthread_mutex_unlock(&m);
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&m);
		count++;
		if (i % 64 == 0)
			sched_yield();
		pthread_mutex_unlock(&m);
	}
	return 0;
}

int main(void)
{
	pthread_mutexattr_t a;
	pthread_t t[8];
	pthread_mutexattr_init(&a);
	check(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT) == 0);
	check(pthread_mutex_init(&m, &a) == 0);
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], 0, worker, 0);
	usleep(5000);
	pthread_mutex_lock(&m);
	go = 1;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], 0);
	printf("count %ld\n", count);
	return 0;
}
