// The mask is changed in every way while signals of all sorts come, those of faults too: what is blocked stays out, what was blocked comes
// when it is let go, and each change says what there was before.
#include "guest.h"

static const int kinds[] = {SIGALRM, SIGUSR1, SIGSEGV, SIGBUS, SIGTRAP, 40};
enum { kindsCount = sizeof kinds / sizeof *kinds };
static unsigned long ours; // the mask of kinds
static volatile unsigned long now; // blocked, as far as the main thread has asked for it
static volatile int changing, wrong, came[65];
static volatile int over, depth;

static unsigned long word(const sigset_t *s) { return *(const unsigned long *)s; }

static void handler(int sig, siginfo_t *si, void *ctx)
{
	unsigned long seen = word(&((ucontext_t *)ctx)->uc_sigmask), mask;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, &mask, 8);
	came[sig]++;
	wrong |= seen >> (sig - 1) & 1;                          // it was blocked
	wrong |= mask != (seen | 1ul << (sig - 1)) ? 2 : 0;      // not what a handler has
	wrong |= !changing && ((seen ^ now) & ~ours || now & ~seen) ? 4 : 0; // a handler below adds its own

}

static void *sender(void *main)
{
	for (unsigned i = 0; !over; i++) {
		pthread_kill(*(pthread_t *)main, kinds[i % kindsCount]);
		usleep(50);
	}
	return 0;
}

static void change(int how, unsigned long set, int ask)
{
	unsigned long before = ~0ul, want = now;
	changing = 1;
	check(syscall(SYS_rt_sigprocmask, how, &set, ask ? &before : 0, 8) == 0);
	check(!ask || before == want);
	set &= ~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1));
	now = how == SIG_BLOCK ? want | set : how == SIG_UNBLOCK ? want & ~set : set;
	changing = 0;
	check(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, &before, 8) == 0 && before == now);
}

static int rarest(void)
{
	int least = came[kinds[0]];
	for (int i = 1; i < kindsCount; i++)
		least = came[kinds[i]] < least ? came[kinds[i]] : least;
	return least;
}

int main(void)
{
	pthread_t self = pthread_self(), t;
	for (int i = 0; i < kindsCount; i++) {
		ours |= 1ul << (kinds[i] - 1);
		on(kinds[i], handler, SA_RESTART);
	}
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, 0);
	check(pthread_create(&t, 0, sender, &self) == 0);
	change(SIG_SETMASK, 0, 0);
	const struct itimerval soon = {{0}, {0, 300}}; // once a round: a handler that takes longer than that must not be all that is executed
	uint64_t x = 88172645463325252u;
	for (int i = 0; i < 4000 || rarest() < 10; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		setitimer(ITIMER_REAL, &soon, 0);
		unsigned long set = i % 3 ? x & x >> 20 : ~0ul;
		change(x % 3, set, i & 1);
		if (i % 64 == 0)
			change(SIG_SETMASK, 0, 0);
	}
	change(SIG_SETMASK, 0, 1);
	over = 1;
	pthread_join(t, 0);
	setitimer(ITIMER_REAL, &(struct itimerval){0}, 0);

	// What cannot be done, and what is done although the old mask cannot be told.
	unsigned long one = 1ul << (SIGUSR1 - 1), old;
	printf("%d", (int)syscall(SYS_rt_sigprocmask, 7, &one, &old, 8)), printf(" %s\n", strerrorname_np(errno));
	printf("%d", (int)syscall(SYS_rt_sigprocmask, 7, 0, &old, 8)), puts(old == 0 ? " none" : " some");
	printf("%d", (int)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &one, &old, 16)), printf(" %s\n", strerrorname_np(errno));
	printf("%d", (int)syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, &old, 8)), printf(" %s\n", strerrorname_np(errno));
	printf("%d", (int)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &one, 8, 8)), printf(" %s\n", strerrorname_np(errno));
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &one, &old, 8);
	printf("%lx\n", old);
	printf("wrong %d\n", wrong);
	return 0;
}
