// Access past the end of a mapped file is SIGBUS with BUS_ADRERR; extending the file makes it work.
#include "guest.h"

static int fd, count;
static char *map;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	printf("sig %d code %d offset %ld\n", sig, si->si_code, (char *)si->si_addr - map);
	if (++count == 2)
		check(ftruncate(fd, 3 * PAGE) == 0);
	if (count > 2)
		_exit(98);
	if (count == 1)
		((ucontext_t *)ctx)->uc_mcontext.gregs[REG_RIP] += 2;
}

int main(void)
{
	fd = memfd_create("bus", 0);
	check(ftruncate(fd, 100) == 0);
	map = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(map != MAP_FAILED);
	on(SIGBUS, handler, 0);
	map[50] = 1;
	map[200] = 2; // within the page: fine
	__asm__ volatile(".byte 0x88, 0x08" ::"a"(map + PAGE + 8), "c"(5) : "memory"); // skipped
	__asm__ volatile(".byte 0x88, 0x08" ::"a"(map + PAGE + 16), "c"(6) : "memory"); // repeated
	printf("%d %d %d %d\n", map[50], map[200], map[PAGE + 8], map[PAGE + 16]);
	return 0;
}
