// A process ends while signals with handlers come to all of its threads.
// cflags: -pthread
#include "guest.h"

static pid_t ids[4];
static volatile int begun, seen;

static void handler(int sig, siginfo_t *si, void *uc) { seen++; }

static void *spin(void *arg)
{
	ids[(long)arg] = gettid();
	__sync_fetch_and_add(&begun, 1);
	for (;;)
		if ((long)arg % 2)
			getppid();
}

static void *flood(void *arg)
{
	for (unsigned i = 0;; i++)
		syscall(SYS_tgkill, getpid(), ids[i % 4], SIGUSR1);
}

static void child(int round)
{
	pthread_t t;
	on(SIGUSR1, handler, 0);
	for (long i = 0; i < 4; i++)
		check(pthread_create(&t, 0, spin, (void *)i) == 0);
	while (begun < 4)
		usleep(100);
	check(pthread_create(&t, 0, flood, 0) == 0);
	usleep(1000 + 300 * round);
	if (round % 3 == 0)
		kill(getpid(), SIGTERM);
	_exit(7);
}

int main(void)
{
	int ended = 0, killed = 0;
	for (int i = 0; i < 24; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			child(i);
		check(waitpid(pid, &status, 0) == pid);
		ended += WIFEXITED(status) && WEXITSTATUS(status) == 7;
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
	}
	printf("%d ended, %d killed\n", ended, killed);
}
