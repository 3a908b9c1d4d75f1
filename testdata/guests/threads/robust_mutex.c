// A thread dies with a robust mutex held; the next owner is told, repairs it and goes on.
// cflags: -pthread
#include "guest.h"

static pthread_mutex_t m;
static void *owner(void *arg)
{
	pthread_mutex_lock(&m);
	return 0; // never unlocked
}

int main(void)
{
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &a);
	for (int i = 0; i < 20; i++) {
		pthread_t t;
		pthread_create(&t, 0, owner, 0);
		pthread_join(t, 0);
		check(pthread_mutex_lock(&m) == EOWNERDEAD);
		check(pthread_mutex_consistent(&m) == 0);
		check(pthread_mutex_unlock(&m) == 0);
	}
	pthread_t t;
	pthread_create(&t, 0, owner, 0);
	pthread_join(t, 0);
	check(pthread_mutex_lock(&m) == EOWNERDEAD);
	pthread_mutex_unlock(&m); // without repair: gone for good
	printf("not recoverable %d\n", pthread_mutex_lock(&m) == ENOTRECOVERABLE);
	return 0;
}
