// Four threads call one function: each call of each thread counts.
// cflags: -g -O1 -pthread
#include "../guest.h"

enum { THREADS = 4, CALLS = 400 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
long total;
long own[THREADS * 8];

__attribute__((noinline)) void work(long me, long i) {
	own[me * 8] += i;
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void done(void) {
	__asm__ volatile("" ::: "memory");
}

static void *worker(void *arg) {
	long me = (long)arg;
	for (long i = 0; i < CALLS; i++) {
		work(me, i);
		if (i % 100 == 0) {
			pthread_mutex_lock(&mutex);
			total++;
			pthread_mutex_unlock(&mutex);
		}
	}
	return NULL;
}

int main(void) {
	pthread_t t[THREADS];
	for (long i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, worker, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	done();
	long sum = 0;
	for (int i = 0; i < THREADS; i++)
		sum += own[i * 8];
	printf("%ld %ld\n", total, sum);
	return 0;
}
