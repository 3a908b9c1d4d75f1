// pthread_kill reaches one thread; a process signal goes to the one thread that does not block it.
// cflags: -pthread
#include "guest.h"

static __thread int id;
static volatile int hits[4];
static volatile int ready;
static void handler(int sig, siginfo_t *si, void *ctx) { hits[id]++; }

static void *worker(void *arg)
{
	id = (long)arg;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(id == 2 ? SIG_UNBLOCK : SIG_BLOCK, &set, 0);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (hits[id] < (id == 2 ? 20 : 10))
		usleep(500);
	return 0;
}

int main(void)
{
	pthread_t t[4];
	sigset_t set;
	on(SIGUSR1, handler, SA_RESTART);
	on(SIGUSR2, handler, SA_RESTART);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, 0);
	for (long i = 1; i < 4; i++)
		pthread_create(&t[i], 0, worker, (void *)i);
	while (ready < 3)
		usleep(500);
	for (int n = 0; n < 10; n++) {
		for (int i = 1; i < 4; i++) {
			int before = hits[i];
			pthread_kill(t[i], SIGUSR1);
			while (hits[i] == before)
				usleep(100);
		}
		int before = hits[2];
		kill(getpid(), SIGUSR2);
		while (hits[2] == before)
			usleep(100);
	}
	for (int i = 1; i < 4; i++)
		pthread_join(t[i], 0);
	printf("%d %d %d %d\n", hits[0], hits[1], hits[2], hits[3]);
	return 0;
}
