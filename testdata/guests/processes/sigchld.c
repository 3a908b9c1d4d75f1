// SIGCHLD with its siginfo, WNOHANG, waitid, stopped and continued children; stops are not signalled on request.
// gaps: process
#include "guest.h"

static volatile int children, code, status;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	children++;
	code = si->si_code;
	status = si->si_status;
}

int main(void)
{
	on(SIGCHLD, handler, SA_RESTART | SA_NOCLDSTOP); // with stops, two could merge
	pid_t pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(17);
	}
	int st;
	check(waitpid(pid, &st, WUNTRACED) == pid);
	printf("stopped %d by %d\n", WIFSTOPPED(st), WSTOPSIG(st));
	check(kill(pid, SIGCONT) == 0);
	check(waitpid(pid, &st, 0) == pid);
	printf("exited %d, handler saw code %d status %d\n", WEXITSTATUS(st), code, status);
	printf("no more: %d\n", waitpid(-1, &st, WNOHANG) == -1 && errno == ECHILD);
	pid = fork();
	if (pid == 0)
		_exit(3);
	siginfo_t si = {0};
	check(waitid(P_PID, pid, &si, WEXITED | WNOWAIT) == 0);
	printf("waitid code %d status %d\n", si.si_code, si.si_status);
	struct rusage ru;
	check(wait4(pid, &st, 0, &ru) == pid);
	printf("wait4 %d\n", WEXITSTATUS(st));
	return 0;
}
