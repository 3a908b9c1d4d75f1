// The program executes itself five times with new arguments and environment, then another program in its place.
#include "guest.h"

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	const char *e = getenv("ROUND");
	printf("round %d env %s argc %d\n", n, e ? e : "-", argc);
	fflush(stdout);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	check(fd == 3); // the last round's was closed
	char *garbage = pages(100);
	memset(garbage, n, 100 * PAGE);
	signal(SIGUSR1, SIG_IGN);
	char num[16], env[32];
	sprintf(num, "%d", n + 1);
	sprintf(env, "ROUND=%d", n);
	char *av[] = {argv[0], num, "more", 0}, *ev[] = {env, 0};
	if (n < 5)
		execve("/proc/self/exe", av, ev);
	else
		execl("/bin/echo", "echo", "now", "echo", (char *)0);
	return 99;
}
