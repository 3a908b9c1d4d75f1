// A process that is not to be dumped says so, hands that on to its children, and forgets it when it executes something.
#include "guest.h"
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	if (argc > 1) {
		printf("executed %d\n", prctl(PR_GET_DUMPABLE));
		return 0;
	}
	printf("at first %d\n", prctl(PR_GET_DUMPABLE));
	check(prctl(PR_SET_DUMPABLE, 2) < 0 && errno == EINVAL);
	check(prctl(PR_SET_DUMPABLE, 0) == 0);
	printf("then %d\n", prctl(PR_GET_DUMPABLE));
	fflush(stdout);
	int status;
	if (fork() == 0) {
		printf("child %d\n", prctl(PR_GET_DUMPABLE));
		fflush(stdout);
		char *args[] = {argv[0], "again", 0};
		execv("/proc/self/exe", args);
		_exit(1);
	}
	check(wait(&status) > 0 && status == 0);
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	if (fork() == 0) {
		setrlimit(RLIMIT_CORE, &all);
		raise(SIGQUIT);
	}
	check(wait(&status) > 0);
	printf("killed by %d, %s\n", WTERMSIG(status), WCOREDUMP(status) ? "dumped" : "no core file");
	check(prctl(PR_SET_DUMPABLE, 1) == 0);
	printf("at last %d\n", prctl(PR_GET_DUMPABLE));
	return 0;
}
