// fork N: N children, one after the other, that store a little and end without executing anything.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
	int n = atoi(argv[1]), sum = 0, status;
	char *heap = malloc(4 << 20);
	memset(heap, 1, 4 << 20);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			memset(heap, i, 64 << 10);
			_exit(heap[100] & 7);
		}
		waitpid(pid, &status, 0);
		sum += WEXITSTATUS(status);
	}
	printf("%d\n", sum);
}
