// A bounded queue on condition variables, barriers, semaphores and timed waits.
// cflags: -pthread
#include "guest.h"
#include <semaphore.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t full = PTHREAD_COND_INITIALIZER, empty = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static long queue[16], head, tail, sum, serial;

static void *producer(void *arg)
{
	for (long i = 1; i <= 5000; i++) {
		pthread_mutex_lock(&m);
		while (head - tail == 16)
			pthread_cond_wait(&full, &m);
		queue[head++ % 16] = i;
		pthread_cond_signal(&empty);
		pthread_mutex_unlock(&m);
	}
	serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
	sem_post(&sem);
	return 0;
}

static void *consumer(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&m);
		while (head == tail)
			pthread_cond_wait(&empty, &m);
		sum += queue[tail++ % 16];
		pthread_cond_broadcast(&full);
		pthread_mutex_unlock(&m);
	}
	serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
	sem_post(&sem);
	return 0;
}

int main(void)
{
	pthread_t t[8];
	pthread_barrier_init(&barrier, 0, 8);
	sem_init(&sem, 0, 0);
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], 0, i & 1 ? producer : consumer, 0);
	for (int i = 0; i < 8; i++)
		sem_wait(&sem);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], 0);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec = (ts.tv_nsec + 5000000) % 1000000000;
	ts.tv_sec += ts.tv_nsec < 5000000;
	pthread_mutex_lock(&m);
	int r = pthread_cond_timedwait(&full, &m, &ts);
	printf("sum %ld serial %ld timed out %d\n", sum, serial, r == ETIMEDOUT);
	return 0;
}
