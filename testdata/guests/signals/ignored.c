// Signals that are ignored by default or by choice change nothing; an ignored one does not interrupt a sleep.
#include "guest.h"

int main(void)
{
	raise(SIGCHLD), raise(SIGURG), raise(SIGWINCH), raise(SIGCONT);
	signal(SIGTERM, SIG_IGN), signal(SIGPIPE, SIG_IGN), signal(SIGALRM, SIG_IGN);
	raise(SIGTERM);
	int fd[2];
	check(pipe(fd) == 0);
	close(fd[0]);
	printf("EPIPE %d\n", write(fd[1], "x", 1) == -1 && errno == EPIPE);
	struct itimerval t = {.it_value = {0, 5000}};
	setitimer(ITIMER_REAL, &t, 0);
	struct timespec ts = {0, 30000000};
	printf("slept %d\n", nanosleep(&ts, 0));
	signal(SIGPIPE, SIG_DFL);
	fflush(stdout);
	if (write(fd[1], "x", 1) < 0)
		puts("unreachable");
	return 1;
}
