// SIGSTOP stops the program until a child sends SIGCONT, whose handler then runs.
// gaps: process
#include "guest.h"

static volatile int continued;
static void handler(int sig, siginfo_t *si, void *ctx) { continued++; }

// state is the state letter of a process (proc(5)); a traced one shows t.
static char state(pid_t pid)
{
	char path[64], buf[512] = {0};
	sprintf(path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY);
	if (read(fd, buf, sizeof buf - 1) < 0)
		return '?';
	close(fd);
	return strrchr(buf, ')')[2];
}

int main(void)
{
	on(SIGCONT, handler, SA_RESTART);
	pid_t me = getpid(), child = fork();
	if (child == 0) {
		while (state(me) != 'T' && state(me) != 't')
			usleep(1000);
		usleep(20000); // a traced program passes through short stops of its own
		while (state(me) != 'T' && state(me) != 't')
			usleep(1000);
		kill(me, SIGCONT);
		_exit(5);
	}
	raise(SIGSTOP);
	int status;
	check(waitpid(child, &status, 0) == child);
	printf("continued %d, child %d\n", continued, WEXITSTATUS(status));
	return 0;
}
