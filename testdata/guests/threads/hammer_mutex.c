// 64 threads on mutexes, spinlocks and read-write locks; every count must come out exact.
// cflags: -pthread
#include "guest.h"

#define N 64
#define ROUNDS 2000
static pthread_mutex_t mutex[4] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static long counts[4], spun, written, seen;

static void *worker(void *arg)
{
	long id = (long)arg;
	for (int i = 0; i < ROUNDS; i++) {
		int k = (i + id) & 3;
		pthread_mutex_lock(&mutex[k]);
		counts[k]++;
		pthread_mutex_unlock(&mutex[k]);
		if (i % 16 == 0) {
			pthread_spin_lock(&spin);
			spun++;
			pthread_spin_unlock(&spin);
			pthread_rwlock_wrlock(&rw);
			written++;
			pthread_rwlock_unlock(&rw);
		} else if (i % 16 == 1) {
			pthread_rwlock_rdlock(&rw);
			__atomic_add_fetch(&seen, written > 0, __ATOMIC_RELAXED);
			pthread_rwlock_unlock(&rw);
		}
	}
	return 0;
}

int main(void)
{
	pthread_t t[N];
	pthread_spin_init(&spin, 0);
	for (long i = 0; i < N; i++)
		check(pthread_create(&t[i], 0, worker, (void *)i) == 0);
	for (int i = 0; i < N; i++)
		pthread_join(t[i], 0);
	printf("%ld %ld %ld %ld, %ld %ld %ld\n", counts[0], counts[1], counts[2], counts[3], spun, written, seen);
	return 0;
}
