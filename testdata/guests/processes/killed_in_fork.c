// A process is killed while its threads make others: those live on, and come to their own ends.
// cflags: -pthread
#include "guest.h"
#include <spawn.h>
#include <sys/prctl.h>

extern char **environ;

static void *forks(void *arg)
{
	for (int status;;) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(3);
		waitpid(pid, &status, 0);
	}
}

static void *spawns(void *arg)
{
	char *argv[] = {"true", 0};
	for (int status;;) {
		pid_t pid;
		if (posix_spawn(&pid, "/bin/true", 0, 0, argv, environ) == 0)
			waitpid(pid, &status, 0);
	}
}

int main(void)
{
	int killed = 0, others = 0;
	check(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			pthread_t t;
			alarm(30);
			pthread_create(&t, 0, i % 2 ? forks : spawns, 0);
			forks(0);
		}
		usleep(3000 + 357 * i);
		check(kill(pid, SIGKILL) == 0);
		check(waitpid(pid, &status, 0) == pid);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		while ((pid = waitpid(-1, &status, 0)) > 0) // the orphans
			others += !(WIFEXITED(status) && (WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 0));
		check(errno == ECHILD);
	}
	printf("%d killed, %d children with another end\n", killed, others);
}
