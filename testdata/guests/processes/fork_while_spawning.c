// One thread forks while another one makes processes too, which run in the same memory for a while.
// cflags: -pthread
// run:
// run: forks
#include "guest.h"
#include <spawn.h>

extern char **environ;

static void *forks(void *arg)
{
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(3);
		waitpid(pid, &status, 0);
	}
	return 0;
}

static void *spawns(void *arg)
{
	char *argv[] = {"true", 0};
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t pid;
		if (posix_spawn(&pid, "/bin/true", 0, 0, argv, environ) == 0)
			waitpid(pid, &status, 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t;
	pthread_create(&t, 0, argc > 1 ? forks : spawns, 0);
	forks(0);
	pthread_join(t, 0);
	puts("done");
}
