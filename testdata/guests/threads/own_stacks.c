// Threads on stacks that the program allocates itself: static, malloc'd and mapped growing down; with signals on them.
// cflags: -pthread
#include "guest.h"

static char fixed[256 * 1024] __attribute__((aligned(4096)));
static volatile int handled;
static void handler(int sig, siginfo_t *si, void *ctx) { handled++; }

static void *worker(void *arg)
{
	char frame[50000];
	memset(frame, (long)arg, sizeof frame);
	raise(SIGUSR1);
	return (void *)(hash(frame, sizeof frame) & 0xffffff);
}

int main(void)
{
	on(SIGUSR1, handler, 0);
	char *mapped = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	char *stacks[] = {fixed, aligned_alloc(4096, 64 * PAGE), mapped};
	for (long i = 0; i < 3; i++) {
		pthread_attr_t a;
		pthread_t t;
		void *r;
		pthread_attr_init(&a);
		check(pthread_attr_setstack(&a, stacks[i], 64 * PAGE) == 0);
		check(pthread_create(&t, &a, worker, (void *)i) == 0);
		pthread_join(t, &r);
		printf("%lx\n", (long)r);
	}
	printf("handled %d\n", handled);
	return 0;
}
