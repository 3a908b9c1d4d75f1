// cpuid answers as the processor does, whatever the upper halves of its registers hold, changes no flag, and a signal may come at any time.
#include "guest.h"
#include <signal.h>
#include <sys/time.h>

static volatile int signals;
static void count(int s) { signals++; }

static int ask(unsigned long leaf, unsigned long sub, unsigned r[4], unsigned long flags)
{
	unsigned long a = leaf, b = -1, c = sub, d = -1, after;
	__asm__ volatile("push %[f]; popf; cpuid; pushf; pop %[f]" : "+a"(a), "+b"(b), "+c"(c), "+d"(d), [f] "+&r"(flags) : : "memory");
	r[0] = a, r[1] = b, r[2] = c, r[3] = d;
	after = flags;
	return a >> 32 == 0 && b >> 32 == 0 && c >> 32 == 0 && d >> 32 == 0 && (after & 0x8d5) == 0x8d5;
}

int main(void)
{
	static const unsigned leaves[] = {0, 2, 4, 0x14, 0x19, 0x80000000, 0x80000001, 0x80000002, 0x80000007, 0x80000008, 0xfff};
	signal(SIGALRM, count);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 300}, {0, 300}}, NULL);
	for (unsigned round = 0; round < 100 || signals < 20; round++)
		for (unsigned i = 0; i < sizeof leaves / sizeof *leaves; i++)
			for (unsigned sub = 0; sub < 4; sub++) {
				unsigned first[4], r[4];
				check(ask(leaves[i], sub, first, 0xad7));
				check(ask(leaves[i] | 5ul << 32, sub | 7ul << 32, r, 0xad7));
				check(memcmp(first, r, sizeof r) == 0);
				if (round == 0)
					printf("%x.%u %x %x %x %x\n", leaves[i], sub, r[0], r[1], r[2], r[3]);
			}
	for (unsigned leaf = 7; leaf <= 13; leaf += 6) // edited: the same each time
		for (unsigned sub = 0; sub < 12; sub++) {
			unsigned first[4], r[4];
			check(ask(leaf, sub, first, 0xad7) && ask(leaf, sub, r, 0xad7));
			check(memcmp(first, r, sizeof r) == 0);
		}
	return 0;
}
