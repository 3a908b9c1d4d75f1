// mlockall: the program's memory is locked, what it maps later too, and no more than that is made.
#include "guest.h"
#include <sys/wait.h>

static long status(const char *field)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, field, strlen(field)))
			kb = atol(line + strlen(field) + 1);
	fclose(f);
	return kb;
}

static int in_memory(char *p, int pages)
{
	unsigned char v[64];
	int n = 0;
	check(pages <= 64 && mincore(p, pages * PAGE, v) == 0);
	while (pages-- > 0)
		n += v[pages] & 1;
	return n;
}

static char *map(int prot)
{
	char *p = mmap(0, 64 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED);
	return p;
}

int main(void)
{
	struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
	setrlimit(RLIMIT_MEMLOCK, &most);
	char *before = map(PROT_READ | PROT_WRITE);
	map(PROT_NONE);
	printf("%d %d %d\n", mlockall(0), mlockall(MCL_ONFAULT), mlockall(64));
	printf("%d in memory\n", in_memory(before, 64));
	check(mlockall(MCL_CURRENT) == 0);
	printf("%d in memory\n", in_memory(before, 64));
	char *p = map(PROT_READ | PROT_WRITE);
	printf("%d of new ones\n", in_memory(p, 64));
	check(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
	p = map(PROT_READ | PROT_WRITE);
	memset(p, 7, PAGE);
	char *heap = sbrk(64 * PAGE);
	heap = (char *)(((uintptr_t)heap + PAGE - 1) & -PAGE);
	printf("%d of new ones, %d of the heap\n", in_memory(p, 64), in_memory(heap, 63));
	check(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0);
	p = map(PROT_READ | PROT_WRITE);
	p[3 * PAGE] = 1;
	printf("%d of new ones\n", in_memory(p, 64));
	check(status("VmRSS:") < 100000);
	if (fork() == 0) { // locks are not inherited
		p = map(PROT_READ | PROT_WRITE);
		check(mlock(p, PAGE) == 0);
		printf("%d of the child's\n", in_memory(p, 64));
		exit(0);
	}
	wait(0);
	check(munlockall() == 0);
	p = map(PROT_READ | PROT_WRITE);
	printf("%d of new ones\n", in_memory(p, 64));
	struct rlimit few = {64 << 10, 64 << 10};
	check(setrlimit(RLIMIT_MEMLOCK, &few) == 0);
	if (getuid() == 0)
		check(setresuid(65534, 65534, 65534) == 0);
	printf("%d\n", mlockall(MCL_CURRENT) == -1 && errno == ENOMEM);
	return 0;
}
