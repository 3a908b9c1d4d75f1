// With all descriptors in use memory can still be mapped: what kmv needs one for works, too.
#include "guest.h"

int main(void)
{
	struct rlimit r;
	check(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max > 64);
	r.rlim_cur = 64;
	check(setrlimit(RLIMIT_NOFILE, &r) == 0);
	int n = 0;
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	printf("full %d\n", n > 10 && errno == EMFILE);
	char *p = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED);
	p[5] = 1;
	p = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED);
	p[5] = 1;
	p = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("mprotect %d malloc %d\n", mprotect(p, PAGE, PROT_READ | PROT_WRITE), malloc(1 << 24) != 0);
	close(10);
	int fd = open("/proc/self/maps", O_RDONLY);
	char text[1 << 16];
	ssize_t got = read(fd, text, sizeof text - 1);
	printf("maps %d: %d\n", fd, got > 100 && strstr(text, "r-xp"));
	check(getrlimit(RLIMIT_NOFILE, &r) == 0);
	printf("limit %d\n", (int)r.rlim_cur);
	return 0;
}
