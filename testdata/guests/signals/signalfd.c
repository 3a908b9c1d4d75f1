// signalfd delivers blocked signals through read.
#include "guest.h"
#include <sys/signalfd.h>

int main(void)
{
	sigset_t set;
	struct signalfd_siginfo si[4];
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, 0);
	int fd = signalfd(-1, &set, SFD_NONBLOCK);
	check(fd >= 0);
	printf("empty: %d\n", read(fd, si, sizeof si) == -1 && errno == EAGAIN);
	raise(SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
	sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6});
	ssize_t n = read(fd, si, sizeof si);
	printf("read %zd records\n", n / (ssize_t)sizeof si[0]);
	for (int i = 0; i < n / (int)sizeof si[0]; i++)
		printf("signo %d int %d mine %d\n", si[i].ssi_signo, si[i].ssi_int, si[i].ssi_pid == getpid());
	return 0;
}
