// At the limit of mappings (vm.max_map_count) every call that needs one more fails with ENOMEM or does its work, and what is in
// memory stays. When some are given back, all works again.
// gaps: mapping
#include "guest.h"

#define N 80000UL // more than twice the limit's default
static char *area, *other;
static int bad;

// either says that a call did its work or failed with ENOMEM.
static int either(int failed)
{
	if (failed && errno != ENOMEM && errno != EAGAIN) // madvise says EAGAIN
		bad++;
	return !failed;
}

static void same(char *p, char c)
{
	for (int i = 0; i < PAGE; i += 512)
		if (p[i] != c)
			bad++;
}

static void all(char *p, int n)
{
	char *piece = p + 4 * n * PAGE; // of three pages that are one mapping
	if (either(mprotect(piece + PAGE, PAGE, PROT_READ) != 0))
		either(mprotect(piece + PAGE, PAGE, PROT_READ | PROT_WRITE) != 0);
	same(piece + PAGE, 'x');
	int gone = either(munmap(piece + PAGE, PAGE) != 0);
	if (!gone)
		piece[PAGE + 1] = 'y';
	piece[0] = piece[2 * PAGE] = 'x';
	either(madvise(piece, PAGE, MADV_DONTFORK) != 0);
	either(madvise(piece + 2 * PAGE, PAGE, MADV_WIPEONFORK) != 0);
	either(madvise(piece + 2 * PAGE, PAGE, MADV_NOHUGEPAGE) != 0);
	same(piece, 'x');
	same(piece + 2 * PAGE, 'x');

	piece += 4 * PAGE;
	char *to = mremap(piece + PAGE, PAGE, 3 * PAGE, MREMAP_MAYMOVE); // out of the middle
	if (either(to == MAP_FAILED)) {
		same(to, 'x');
		to[3 * PAGE - 1] = 'z';
	} else {
		same(piece + PAGE, 'x');
		piece[PAGE + 2] = 'y';
	}
	same(piece, 'x');
	same(piece + 2 * PAGE, 'x');

	piece += 4 * PAGE;
	to = mremap(piece, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	if (either(to == MAP_FAILED))
		same(to, 'x');
	else
		same(piece, 'x');
	piece[5] = 'y';
	piece += 4 * PAGE;
	to = mremap(piece, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other + 2 * n * PAGE); // into the middle of another
	if (either(to == MAP_FAILED))
		same(to, 'x');
	else
		piece[5] = 'y'; // it stays, whatever became of the target (mremap unmaps it first)
	to = mmap(other + (2 * n + 9) * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (either(to == MAP_FAILED))
		to[1] = 1;
	to = mmap(0, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	either(to == MAP_FAILED);
	sbrk(PAGE);
}

int main(void)
{
	area = mmap(0, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	other = mmap(0, 1000 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(area != MAP_FAILED && other != MAP_FAILED);
	char *work = area;
	memset(work, 'x', 1000 * PAGE); // three pages, a fourth that parts them
	memset(other, 'o', 1000 * PAGE);
	for (int i = 0; i < 250; i++)
		check(mprotect(work + (4 * i + 3) * PAGE, PAGE, PROT_NONE) == 0);
	unsigned long n = 1000;
	while (n < N && mprotect(area + n * PAGE, PAGE, PROT_NONE) == 0)
		n += 2;
	printf("ran out: %d\n", n < N && errno == ENOMEM);
	all(work, 0);
	for (int i = 1; i < 6; i++) { // with one to six mappings to spare
		check(mprotect(area + 1000 * PAGE, (2 * i + 2) * PAGE, PROT_READ | PROT_WRITE) == 0);
		all(work, 8 * i);
	}
	printf("bad: %d\n", bad);
	check(munmap(area + 2000 * PAGE, (N - 2000) * PAGE) == 0);
	for (int i = 10; i < 20; i++)
		all(work, 8 * i);
	printf("bad: %d\n", bad);
	puts("alive");
	return 0;
}
