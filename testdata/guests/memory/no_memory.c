// What cannot be had is refused with ENOMEM, as natively, and the program goes on.
#include "guest.h"

int main(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	printf("2^47: %d\n", mmap(0, 1UL << 47, PROT_NONE, flags | MAP_NORESERVE, -1, 0) == MAP_FAILED && errno == ENOMEM);
	printf("2^63: %d\n", mmap(0, 1UL << 63, PROT_READ, flags, -1, 0) == MAP_FAILED && errno == ENOMEM);
	printf("0: %d\n", mmap(0, 0, PROT_READ, flags, -1, 0) == MAP_FAILED && errno == EINVAL);
	printf("no kind: %d\n", mmap(0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
	printf("bad fd: %d\n", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED && errno == EBADF);
	int wr = open("/dev/null", O_WRONLY);
	printf("unreadable: %d\n", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, wr, 0) == MAP_FAILED && errno == EACCES);
	int dir = open("/", O_RDONLY);
	printf("directory: %d\n", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0) == MAP_FAILED && errno == ENODEV);
	printf("malloc: %d\n", malloc(1UL << 46) == 0 && errno == ENOMEM);
	struct rlimit r = {1 << 20, 1 << 20};
	check(setrlimit(RLIMIT_DATA, &r) == 0); // below what is in use: nothing more from here on
	printf("limited: %d\n", mmap(0, 64 << 20, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED && errno == ENOMEM);
	printf("limited brk: %d\n", sbrk(64 << 20) == (void *)-1 && errno == ENOMEM);
	puts("alive");
	return 0;
}
