// RLIMIT_AS counts what the program maps, not what kmv adds; children and executed programs inherit it.
#define _GNU_SOURCE
#include "guest.h"
#include <sys/resource.h>
#include <sys/wait.h>

static void show(const char *who) {
	struct rlimit r;
	check(getrlimit(RLIMIT_AS, &r) == 0);
	void *small = mmap(0, 100 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("%s: %ld %ld, 100 MiB: %d, ", who, (long)r.rlim_cur >> 20, (long)r.rlim_max >> 20, small != MAP_FAILED);
	errno = 0;
	void *big = mmap(0, 3ul << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	printf("3 GiB: %d %s, ", big != MAP_FAILED, strerror(errno));
	printf("malloc: %d\n", malloc(2100ul << 20) != 0);
	fflush(stdout);
	if (small != MAP_FAILED) munmap(small, 100 << 20);
}

int main(int argc, char **argv) {
	if (argc > 1) {
		show("executed");
		return 0;
	}
	struct rlimit r = {2ul << 30, 4ul << 30};
	printf("%d\n", setrlimit(RLIMIT_AS, &r));
	show("self");
	if (fork() == 0) {
		show("child");
		execl("/proc/self/exe", argv[0], "again", NULL);
	}
	wait(0);
	r.rlim_cur = 5ul << 30;
	printf("%d %s\n", setrlimit(RLIMIT_AS, &r), strerror(errno));
	r.rlim_cur = 4ul << 30;
	printf("%d\n", prlimit(0, RLIMIT_AS, &r, 0));
	void *p = mmap(0, 3ul << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	printf("%d\n", p != MAP_FAILED);
}
