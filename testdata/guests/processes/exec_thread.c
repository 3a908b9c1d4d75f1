// execve from a thread that is not the first ends all others and keeps the process id.
// cflags: -pthread
#include "guest.h"

static char **args;
static void *sleeper(void *arg) 
{
	for (;;)
		pause();
	return 0;
}

static void *execer(void *arg)
{
	char pid[16];
	sprintf(pid, "%d", getpid());
	usleep(5000);
	execl("/proc/self/exe", args[0], pid, (char *)0);
	check(0);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t;
	if (argc > 1) {
		printf("same process %d, thread %d\n", atoi(argv[1]) == getpid(), getpid() == (int)syscall(SYS_gettid));
		return 6;
	}
	args = argv;
	for (int i = 0; i < 4; i++)
		pthread_create(&t, 0, sleeper, 0);
	pthread_create(&t, 0, execer, 0);
	for (;;)
		pause();
}
