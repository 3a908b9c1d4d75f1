// Anonymous, private and shared file mappings, read-only ones, offsets, populate, noreserve.
#include "guest.h"

int main(void)
{
	char buf[PAGE];
	int fd = memfd_create("kinds", 0);
	for (int i = 0; i < 8; i++) {
		memset(buf, 'a' + i, PAGE);
		check(write(fd, buf, PAGE) == (long)PAGE);
	}
	char *priv = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *shared = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * PAGE);
	char *ro = mmap(0, 8 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	check(priv != MAP_FAILED && shared != MAP_FAILED && ro != MAP_FAILED);
	priv[0] = 'P';
	shared[0] = 'S';
	printf("%c%c%c %c%c%c %c%c%c\n", priv[0], priv[PAGE], priv[2 * PAGE], shared[0], shared[PAGE], shared[2 * PAGE], ro[0], ro[PAGE], ro[2 * PAGE]);
	check(pread(fd, buf, 1, 2 * PAGE) == 1);
	printf("file %c\n", buf[0]);
	check(pwrite(fd, "W", 1, 5 * PAGE) == 1);
	printf("written through the file: %c %c %c\n", shared[3 * PAGE], ro[5 * PAGE], priv[5 * PAGE]);
	char *pop = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	memset(pop, 1, 16 * PAGE);
	char *anon = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(anon, 2, 16 * PAGE);
	char *sparse = mmap(0, 64UL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(sparse != MAP_FAILED);
	for (unsigned long i = 0; i < 64; i++)
		sparse[i << 30] = i;
	char *none = mmap(0, 1UL << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	check(none != MAP_FAILED);
	check(mprotect(none + (1UL << 39), PAGE, PROT_READ | PROT_WRITE) == 0);
	none[1UL << 39] = 9;
	printf("%lx %lx %d %d\n", hash(pop, 16 * PAGE), hash(anon, 16 * PAGE), sparse[63UL << 30], none[1UL << 39]);
	return 0;
}
