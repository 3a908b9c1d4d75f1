// fork while other threads hold locks and allocate; the child has one thread and a working malloc.
// cflags: -pthread
// gaps: process
#include "guest.h"

static volatile int stop;
static void *busy(void *arg)
{
	while (!stop) {
		char *p = malloc(rand() % 5000 + 1);
		p[0] = 1;
		free(p);
	}
	return 0;
}

int main(void)
{
	pthread_t t[3];
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], 0, busy, 0);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		check(pid >= 0);
		if (pid == 0) {
			char *p = malloc(100000);
			memset(p, 1, 100000);
			_exit(p[99999] + i);
		}
		int st;
		check(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == i + 1);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], 0);
	puts("twenty children");
	return 0;
}
