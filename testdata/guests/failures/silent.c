// Bits flip behind the program's back, in either half: the scrubber finds them and knows which copy is right.
// gaps: syscall
#include "failures.h"
static volatile unsigned char *p;
static int healthy; // nobody breaks anything
static void passes(int n) { // lets the scrubber pass n times
	long now = syscall(1000, 0, 16, 0), end = now + n;
	if (now < 0) { healthy = 1; return; }
	while (syscall(1000, 0, 16, 0) < end) usleep(1000);
}
int main(int argc, char **argv) {
	int trust_mirror = argc > 1 && !strcmp(argv[1], "mirror");
	p = pages(8);
	passes(3); // what is quiet is known
	flip(p + 100, NATIVE, 0x10); flip(p + PAGE + 200, MIRROR, 0x81); flip(p + 2 * PAGE + 300, NATIVE, 1);
	p[2 * PAGE + 3000] = 9; p[3 * PAGE] = 8; // elsewhere on the page
	if (!healthy) CHECK(p[100] == (right(100) ^ 0x10));
	passes(2);
	CHECK(p[100] == right(100) && p[PAGE + 200] == right(PAGE + 200) && p[2 * PAGE + 300] == right(2 * PAGE + 300) && p[2 * PAGE + 3000] == 9);
	lose(p + 6 * PAGE, MIRROR); lose(p + 7 * PAGE, NATIVE); // nobody touches them but the scrubber
	passes(2);
	flip(p + 4 * PAGE, NATIVE, 4); p[4 * PAGE] = 77; // stored over: it heals
	flip(p + 4 * PAGE + 8, NATIVE, 2); p[4 * PAGE + 9] = 5; // the same block has been written: only the policy can choose
	passes(2);
	CHECK(p[4 * PAGE] == 77);
	if (!healthy) CHECK(p[4 * PAGE + 8] == (trust_mirror ? right(4 * PAGE + 8) : right(4 * PAGE + 8) ^ 2));
	p[5 * PAGE + 7] = 0; passes(2);
	syscall(1000, p + 5 * PAGE + 7, NATIVE | 8, 0x20); // a bit that is stuck at 1
	passes(6);
	CHECK(p[5 * PAGE + 7] == 0); // the page was moved to where it is not
	puts("silent");
}
