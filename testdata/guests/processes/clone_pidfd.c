// clone and clone3 write a descriptor of the child into memory that the child shares, before it begins.
#include "guest.h"
#include <linux/sched.h>
#include <sched.h>

static volatile int fd;
static int seen;

static int child(void *arg)
{
	seen = fd;
	pid_t pid = fork(); // at whose end a copy of the memory is compared
	if (pid == 0)
		_exit(0);
	check(waitpid(pid, 0, 0) == pid);
	_exit(5);
}

int main(void)
{
	char *stack = pages(16);
	int status;
	for (int i = 0; i < 3; i++) {
		fd = -1;
		int pid = clone(child, stack + 16 * PAGE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, 0, &fd);
		check(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
		printf("clone: descriptor %d, seen %d\n", fd, seen);
		close(fd);

		fd = -1;
		struct clone_args a = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD};
		pid = syscall(SYS_clone3, &a, sizeof a);
		if (pid == 0)
			_exit(6);
		check(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 6);
		printf("clone3: descriptor %d\n", fd);
		close(fd);
	}
}
