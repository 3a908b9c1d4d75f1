// Children that are killed at once, or soon, after they have executed a program: some before it has begun.
#include "guest.h"

int main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	int over = 0;
	for (int i = 0; i < 150; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			execl("/proc/self/exe", "child", "ends", (char *)0);
			_exit(9);
		}
		check(pid > 0);
		for (volatile int k = 0; k < i % 50 * 4000; k++) {
		}
		int status;
		check(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
		over += WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0;
	}
	printf("%d are over\n", over);
	return 0;
}
