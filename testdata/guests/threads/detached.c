// Detached threads come and go while the main thread maps, protects and unmaps memory.
// cflags: -pthread
#include "guest.h"

static int running, done;
static void *worker(void *arg)
{
	char *p = malloc(3000);
	memset(p, 1, 3000);
	free(p);
	__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
	return 0;
}

int main(void)
{
	pthread_attr_t a;
	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 300; i++) {
		pthread_t t;
		while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) > 6)
			sched_yield();
		__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
		while (pthread_create(&t, &a, worker, 0))
			usleep(100);
		char *p = pages(8);
		memset(p, i, 8 * PAGE);
		check(mprotect(p, 4 * PAGE, PROT_READ) == 0);
		check(p[100] == (char)i && munmap(p, 8 * PAGE) == 0);
	}
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < 300)
		usleep(100);
	printf("done %d\n", done);
	return 0;
}
