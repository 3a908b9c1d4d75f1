/* ledger: the program that `kmv demo` shows. It enters amounts into accounts, and checks its books after every round.
 *
 * It needs no library, so that one small static file runs everywhere:
 *   gcc -static -nostdlib -O1 -g1 ... (testdata/demo/demo.go has the command; `go generate ./testdata/demo` runs it) */

enum { ACCOUNTS = 512, PER_ROUND = 8 };

long accounts[ACCOUNTS] __attribute__((aligned(4096)));
long total __attribute__((aligned(4096)));
unsigned long seed = 1;

static long call(long number, long a, long b, long c)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

static char *digits(char *end, long value)
{
	do
		*--end = '0' + value % 10;
	while (value /= 10);
	return end;
}

static char *put(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *number(char *to, long value)
{
	char text[24];
	text[23] = 0;
	return put(to, digits(text + 23, value));
}

unsigned long chance(void)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return seed >> 33;
}

/* The store to watch: one line, one instruction, and its copy. */
__attribute__((noinline)) void enter(int account, long amount)
{
	accounts[account] += amount;
}

__attribute__((noinline)) long check(void)
{
	long sum = 0;
	for (int i = 0; i < ACCOUNTS; i++)
		sum += accounts[i];
	return sum;
}

__attribute__((noinline)) void tell(int round, long sum)
{
	char line[128], *p = line;
	p = put(p, "round ");
	p = number(p, round);
	p = put(p, ": ");
	p = number(p, sum);
	p = put(p, sum == total ? " in the books, all is well\n" : " in the books, SOMETHING IS LOST\n");
	call(1, 1, (long)line, p - line);
}

int main(void)
{
	struct { long seconds, nanoseconds; } pause = {0, 200000000};
	for (int round = 1; round <= 100000; round++) {
		for (int i = 0; i < PER_ROUND; i++) {
			long amount = chance() % 100;
			enter(chance() % ACCOUNTS, amount);
			total += amount;
		}
		tell(round, check());
		call(35, (long)&pause, 0, 0);
	}
	return 0;
}

__attribute__((force_align_arg_pointer)) void _start(void)
{
	call(231, main(), 0, 0);
}
