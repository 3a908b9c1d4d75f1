// vfork children write the parent's memory before they exec or exit.
// gaps: process
#include "guest.h"

int main(void)
{
	volatile int shared = 0;
	for (int i = 0; i < 5; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			shared += 1;
			if (i < 2)
				_exit(10 + i);
			execl("/bin/sh", "sh", "-c", "exit 12", (char *)0);
			_exit(99);
		}
		int st;
		check(waitpid(pid, &st, 0) == pid);
		printf("shared %d status %d\n", shared, WEXITSTATUS(st));
	}
	return 0;
}
