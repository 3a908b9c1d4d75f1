// Children of fork see copied memory, change only their own, and leave with status or signal.
// gaps: process
#include "guest.h"

static int data = 1;
int main(void)
{
	char *heap = malloc(100000);
	memset(heap, 4, 100000);
	int shared_fd[2];
	check(pipe(shared_fd) == 0);
	for (int i = 0; i < 5; i++) {
		fflush(stdout);
		pid_t pid = fork();
		check(pid >= 0);
		if (pid == 0) {
			data += 10;
			memset(heap, 9, 50000);
			uint64_t h = hash(heap, 100000) + data + (getppid() > 1);
			check(write(shared_fd[1], &h, 8) == 8);
			if (i == 3)
				raise(SIGKILL);
			if (i == 4)
				*(volatile int *)0 = 1;
			exit(40 + i);
		}
		data += 100;
		uint64_t h;
		int st;
		check(read(shared_fd[0], &h, 8) == 8);
		check(waitpid(pid, &st, 0) == pid);
		printf("child says %lx, exited %d %d, signal %d\n", h, WIFEXITED(st), WIFEXITED(st) ? WEXITSTATUS(st) : 0, WIFSIGNALED(st) ? WTERMSIG(st) : 0);
	}
	printf("parent: %d %d\n", data, heap[0]);
	return 0;
}
