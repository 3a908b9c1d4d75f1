// A thousand threads, eight at a time, with arguments, results, thread-local variables and key destructors.
// cflags: -pthread
#include "guest.h"

static __thread long local = 40;
static __thread char buffer[300];
static pthread_key_t key;
static long destroyed;
static void destroy(void *p) { __atomic_add_fetch(&destroyed, (long)p, __ATOMIC_SEQ_CST); }

static void *worker(void *arg)
{
	local += (long)arg;
	memset(buffer, local, sizeof buffer);
	pthread_setspecific(key, (void *)1);
	errno = (long)arg;
	sched_yield();
	check(errno == (long)arg && buffer[299] == (char)local);
	return (void *)local;
}

int main(void)
{
	long sum = 0;
	check(pthread_key_create(&key, destroy) == 0);
	for (int round = 0; round < 125; round++) {
		pthread_t t[8];
		for (long i = 0; i < 8; i++)
			check(pthread_create(&t[i], 0, worker, (void *)(round * 8 + i)) == 0);
		for (int i = 0; i < 8; i++) {
			void *r;
			check(pthread_join(t[i], &r) == 0);
			sum += (long)r;
		}
	}
	printf("sum %ld destroyed %ld local %ld\n", sum, destroyed, local);
	return 0;
}
