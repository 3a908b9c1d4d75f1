// A hundred thousand small reads and writes through a pipe and a file; every byte counts.
#include "guest.h"

int main(void)
{
	int fd[2], zero = open("/dev/zero", O_RDONLY);
	check(pipe(fd) == 0);
	uint64_t h = 1;
	for (int i = 0; i < 100000; i++) {
		unsigned char c = i * 7, d = 99;
		check(write(fd[1], &c, 1) == 1 && read(fd[0], &d, 1) == 1);
		h = h * 31 + d;
		if (i % 5 == 0) {
			check(read(zero, &d, 1) == 1);
			h += d;
		}
	}
	printf("%lx\n", h);
	return 0;
}
