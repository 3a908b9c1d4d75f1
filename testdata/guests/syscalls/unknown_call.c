// System calls that do not exist return ENOSYS; bad arguments return what they return natively.
// gaps: syscall
#include "guest.h"

int main(void)
{
	for (long n = 600; n < 100000; n = n * 3 + 1) {
		long r = syscall(n, 1, 2, 3, 4, 5, 6);
		printf("%ld: %ld %s\n", n, r, strerror(errno));
	}
	long r = syscall(-1L);
	printf("-1: %ld %s\n", r, strerror(errno));
	r = syscall(SYS_read, 0, (char *)0x7fffffffffff, 10);
	printf("far: %ld %s\n", r, strerror(errno));
	r = syscall(SYS_read, -1, 0, 0);
	printf("bad fd: %ld %s\n", r, strerror(errno));
	r = syscall(SYS_getcwd, 0, 0);
	printf("getcwd: %ld %s\n", r, strerror(errno));
	return 0;
}
