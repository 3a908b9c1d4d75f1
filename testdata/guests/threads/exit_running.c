// exit_group while threads compute, sleep, lock and write ends them all with the status given.
// cflags: -pthread
#include "guest.h"

static volatile long counters[8];
static void *worker(void *arg)
{
	long id = (long)arg;
	char *p = malloc(100000);
	for (;;) {
		counters[id]++;
		if (id == 0)
			usleep(100);
		else if (id == 1)
			memset(p, id, 100000);
		else if (id == 2)
			free(malloc(1000));
		else if (id == 3)
			sched_yield();
	}
	return 0;
}

int main(void)
{
	pthread_t t;
	for (long i = 0; i < 8; i++)
		pthread_create(&t, 0, worker, (void *)i);
	for (int i = 0; i < 8; i++)
		while (!counters[i])
			usleep(100);
	puts("leaving");
	exit(21);
}
