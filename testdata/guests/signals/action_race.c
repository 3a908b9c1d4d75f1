// One thread changes what signals do while another gets them: a handler, ignored, the default, which ignores these too.
#include "guest.h"

static volatile int over;
static _Atomic int sent, came;

static void handler(int sig) { came += sig == SIGUSR1 || sig == SIGURG; }

static void *raiser(void *p)
{
	for (; !over; sent += 2) {
		raise(SIGUSR1);
		raise(SIGURG);
	}
	return p;
}

int main(void)
{
	struct sigaction handled = {.sa_handler = handler}, ignored = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL}, old;
	check(sigaction(SIGUSR1, &handled, 0) == 0 && sigaction(SIGURG, &handled, 0) == 0);
	pthread_t t;
	check(pthread_create(&t, 0, raiser, 0) == 0);
	for (int i = 0; i < 3000 || !came; i++) {
		check(sigaction(SIGUSR1, &ignored, &old) == 0 && old.sa_handler == handler);
		check(sigaction(SIGURG, &plain, &old) == 0 && old.sa_handler == handler);
		check(sigaction(SIGUSR1, &handled, &old) == 0 && old.sa_handler == SIG_IGN);
		check(sigaction(SIGURG, &handled, &old) == 0 && old.sa_handler == SIG_DFL);
	}
	over = 1;
	check(pthread_join(t, 0) == 0 && came <= sent);
	// a bad address for the former one is noticed when the new one holds already
	struct { void *h; long flags; void *restorer; unsigned long mask; } raw = {(void *)SIG_IGN};
	check(syscall(SYS_rt_sigaction, SIGUSR1, &raw, (void *)8, 8) == -1 && errno == EFAULT);
	check(sigaction(SIGUSR1, 0, &old) == 0);
	printf("ignored %d\n", old.sa_handler == SIG_IGN);
	check(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, &old, 8) == -1 && errno == EFAULT);
	check(sigaction(SIGKILL, &handled, 0) == -1 && errno == EINVAL);
	return 0;
}
