// One thread turns pages read-only and back while others store to them; a handler lets them try again.
// cflags: -pthread
#include "guest.h"

enum { PAGES = 4, ROUNDS = 3000 };
static volatile long *page[PAGES];
static volatile int stop;

static void again(int sig, siginfo_t *si, void *uc)
{
	check(sig == SIGSEGV && si->si_code == SEGV_ACCERR);
}

static void *writer(void *arg)
{
	long id = (long)arg, n = 0;
	while (!stop) {
		n++;
		for (int i = 0; i < PAGES; i++) {
			page[i][id] = n;           // a store
			page[i][64 + id] += i + 1; // a read-modify-write
		}
	}
	for (int i = 0; i < PAGES; i++)
		check(page[i][id] == n && page[i][64 + id] == n * (i + 1));
	return 0;
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = again, .sa_flags = SA_SIGINFO};
	pthread_t t[3];
	check(sigaction(SIGSEGV, &sa, 0) == 0);
	char *all = mmap(0, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < PAGES; i++)
		page[i] = (long *)(all + i * 4096);
	for (long i = 0; i < 3; i++)
		check(pthread_create(&t[i], 0, writer, (void *)i) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		char *p = all + i % PAGES * 4096;
		check(mprotect(p, 4096, i % 3 ? PROT_READ : PROT_NONE) == 0);
		check(mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		check(pthread_join(t[i], 0) == 0);
	puts("ok");
	return 0;
}
