// madvise: DONTNEED drops anonymous and private file pages, FREE may, the other kinds change nothing.
#include "guest.h"

int main(void)
{
	char *p = pages(16);
	memset(p, 7, 16 * PAGE);
	check(madvise(p + 4 * PAGE, 4 * PAGE, MADV_DONTNEED) == 0);
	printf("dropped %d kept %d %d\n", p[5 * PAGE], p[3 * PAGE], p[8 * PAGE]);
	memset(p + 5 * PAGE, 8, PAGE);
	int fd = memfd_create("m", 0);
	check(write(fd, "original", 9) == 9);
	char *f = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	strcpy(f, "changed!");
	check(madvise(f, PAGE, MADV_DONTNEED) == 0);
	puts(f);
	f[0] = 'O';
	check(madvise(p + 10 * PAGE, PAGE, MADV_FREE) == 0);
	check(p[10 * PAGE] == 7 || p[10 * PAGE] == 0);
	memset(p + 10 * PAGE, 6, PAGE);
	int kinds[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTFORK, MADV_DOFORK,
		       MADV_DONTDUMP, MADV_DODUMP, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_COLD, MADV_PAGEOUT, 22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */};
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
		printf("%d:%d ", kinds[i], madvise(p, 16 * PAGE, kinds[i]));
	printf("\n%lx\n", hash(p, 16 * PAGE));
	check(madvise(p, 8 * PAGE, MADV_WIPEONFORK) == 0 && madvise(p, 8 * PAGE, MADV_KEEPONFORK) == 0);
	printf("remove: %d\n", madvise(p, PAGE, MADV_REMOVE) == -1 && errno == EINVAL);
	printf("bad: %d %d\n", madvise(p, PAGE, 9999) == -1 && errno == EINVAL, madvise((void *)0x100000000000, PAGE, MADV_DONTNEED) == -1 && errno == ENOMEM);
	char *s = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(ftruncate(fd, 4 * PAGE) == 0);
	memset(s, 1, 4 * PAGE);
	check(madvise(s + PAGE, PAGE, MADV_REMOVE) == 0);
	printf("hole %d %d\n", s[PAGE], s[2 * PAGE]);
	return 0;
}
