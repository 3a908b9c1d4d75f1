// A timer signal every 200 microseconds interrupts code that keeps every register busy; the result must not change.
// cflags: -O2
#include "guest.h"

static volatile int ticks;
static char scratch[4096];
static void handler(int sig, siginfo_t *si, void *ctx)
{
	memset(scratch, ++ticks, sizeof scratch); // clobbers vector registers and flags
}

static uint64_t work(uint64_t n)
{
	uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, m[64] = {0};
	char s[64] = "", t[64] = "";
	while (n--) {
		a = a * 6364136223846793005u + 1442695040888963407u;
		b ^= a >> 33, c += b << 7, d = (d << 13) | (d >> 51), e += d ^ c, f -= e;
		m[a & 63] += f, m[b & 63] ^= c, __atomic_fetch_add(&m[c & 63], d, __ATOMIC_SEQ_CST);
		s[n & 63] = f;
		if ((n & 127) == 0)
			memcpy(t, s, 64), memmove(s + 1, s, 63);
	}
	return hash(m, sizeof m) ^ hash(s, 64) ^ hash(t, 64) ^ f;
}

int main(void)
{
	on(SIGALRM, handler, SA_RESTART);
	struct itimerval t = {{0, 200}, {0, 200}};
	setitimer(ITIMER_REAL, &t, 0);
	uint64_t first = work(300000);
	int same = 1;
	for (int i = 0; i < 50; i++)
		same &= work(300000) == first;
	printf("%lx %s %s\n", first, same ? "same" : "DIFFERENT", ticks > 10 ? "interrupted" : "undisturbed");
	return 0;
}
