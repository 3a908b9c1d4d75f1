// Processes that store to shared memory are killed in the middle of it, also while signals come all the time.
// run:
// run: signals
#include "guest.h"

static volatile uint64_t *shared;

static volatile int ticks;
static void tick(int sig, siginfo_t *si, void *ctx) { shared[448 + ticks++ % 8] += 3; }

static void stores(int kind, int signals)
{
	char from[512];
	struct itimerval often = {{0, 60}, {0, 60}};
	if (signals) {
		on(SIGALRM, tick, SA_RESTART);
		setitimer(ITIMER_REAL, &often, 0);
	}
	for (uint64_t i = 0;; i++)
		switch (kind) {
		case 0:
			for (int k = 0; k < 64; k++)
				shared[k] = i * 0x9e3779b97f4a7c15;
			break;
		case 1:
			for (int k = 0; k < 64; k++)
				shared[64 + k] += i ^ k;
			break;
		case 2: {
			void *d = (void *)(shared + 128), *s = from;
			size_t n = sizeof from;
			from[i & 511] = i;
			if (i % 4 == 0) {
				__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)::"memory");
			} else if (i % 4 == 1) {
				n /= 8;
				__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n)::"memory");
			} else if (i % 4 == 2) {
				n /= 4;
				__asm__ volatile("rep stosl" : "+D"(d), "+c"(n) : "a"((uint32_t)i) : "memory");
			} else {
				n /= 2, d = (char *)d + 510, s = from + 510;
				__asm__ volatile("std; rep movsw; cld" : "+D"(d), "+S"(s), "+c"(n)::"memory", "cc");
			}
			break;
		}
		case 3:
			for (int k = 0; k < 64; k++)
				__atomic_fetch_add(&shared[192 + k % 4], i, __ATOMIC_RELAXED);
			break;
		case 4:
			lseek(3, 0, SEEK_SET);
			check(read(3, (void *)(shared + 256 + i % 16), 512) == 512);
			break;
		case 5:
			for (int k = 0; k < 64; k++)
				__asm__ volatile("adcq %1, %0" : "+m"(shared[380 + k]) : "r"(i) : "cc");
			break;
		}
}

int main(int argc, char **argv)
{
	shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(shared != MAP_FAILED && open(argv[0], O_RDONLY) == 3);
	for (int round = 0; round < 60; round++) {
		pid_t p = fork();
		if (p == 0)
			stores(round % 6, argc > 1);
		uint64_t before = shared[511];
		struct timespec t = {0, 300000 + round * 37001};
		nanosleep(&t, 0);
		kill(p, SIGKILL);
		int st;
		check(waitpid(p, &st, 0) == p && WIFSIGNALED(st) && before == shared[511]);
	}
	puts("killed");
	return 0;
}
