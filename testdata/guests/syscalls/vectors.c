// readv, preadv, writev and their offsets scatter into many buffers.
#include "guest.h"
#include <sys/uio.h>

int main(void)
{
	char a[7], b[5000], c[1] = {'!'}, d[300];
	memset(b, '-', sizeof b), memset(d, '-', sizeof d), memset(a, '-', sizeof a);
	int fd = memfd_create("v", 0);
	struct iovec out[3] = {{"first ", 6}, {"second ", 7}, {"third", 5}};
	for (int i = 0; i < 300; i++)
		check(writev(fd, out, 3) == 18);
	lseek(fd, 0, SEEK_SET);
	struct iovec in[5] = {{a, 7}, {b, 5000}, {0, 0}, {c, 1}, {d, 300}};
	ssize_t n = readv(fd, in, 5);
	printf("readv %zd %lx %lx %c\n", n, hash(a, 7), hash(b, 5000), *c);
	printf("d %lx\n", hash(d, 300));
	n = preadv(fd, in, 1, 6);
	printf("preadv %zd %.7s\n", n, a);
	n = preadv2(fd, in, 1, 13, 0);
	printf("preadv2 %zd %.7s\n", n, a);
	printf("at end %zd\n", preadv(fd, in, 5, 5395));
	printf("too many %d\n", syscall(SYS_readv, fd, in, 5000) == -1 && errno == EINVAL);
	in[1].iov_base = (void *)8;
	lseek(fd, 0, SEEK_SET);
	memset(a, '-', 7);
	n = readv(fd, in, 2);
	printf("partial %zd %.7s\n", n, a);
	return 0;
}
