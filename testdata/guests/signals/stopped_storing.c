// A process that stores without a pause is stopped and continued.
// flags: --verify=3ms
#include "guest.h"

int main(void)
{
	static volatile uint64_t words[512];
	pid_t pid = fork();
	int status;
	if (pid == 0)
		for (uint64_t i = 0;; i++)
			words[i % 512] = i * 0x9e3779b97f4a7c15, words[(i + 9) % 512] += i;
	for (int i = 0; i < 60; i++) {
		check(kill(pid, SIGSTOP) == 0);
		check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		usleep(8000);
		check(kill(pid, SIGCONT) == 0);
		check(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
		usleep(1000);
	}
	kill(pid, SIGKILL);
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	puts("done");
}
