// Reads into memory that ends: what was copied before EFAULT is there, the rest of the pipe is not lost.
#include "guest.h"
#include <sys/socket.h>
#include <sys/uio.h>

int main(void)
{
	char *p = pages(4);
	check(mprotect(p + 2 * PAGE, PAGE, PROT_NONE) == 0);
	char *edge = p + 2 * PAGE;
	int fd[2], sp[2];
	check(pipe(fd) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sp) == 0);
	char text[3000];
	for (int i = 0; i < 3000; i++)
		text[i] = 'a' + i % 26;
#define TRY(name, call)                                                                             \
	do {                                                                                        \
		memset(p, '.', 2 * PAGE);                                                           \
		errno = 0;                                                                          \
		long r = call;                                                                      \
		printf("%s %ld %s %lx\n", name, r, r < 0 ? strerror(errno) : "", hash(p, 2 * PAGE)); \
	} while (0)
	check(write(fd[1], text, 3000) == 3000);
	TRY("pipe", read(fd[0], edge - 1000, 3000));
	TRY("pipe rest", read(fd[0], p, 3000));
	int f = memfd_create("f", 0);
	check(write(f, text, 3000) == 3000);
	TRY("file", pread(f, edge - 500, 3000, 0));
	TRY("file none", pread(f, edge, 3000, 0));
	struct iovec v[2] = {{edge - 100, 100}, {edge, 100}};
	TRY("readv", preadv(f, v, 2, 0));
	check(write(sp[0], text, 3000) == 3000);
	TRY("socket", recv(sp[1], edge - 200, 3000, 0));
	TRY("socket rest", recv(sp[1], p, 3000, MSG_DONTWAIT));
	int pair[2];
	TRY("struct", pipe((int *)(edge - 4)) ? -1 : 0);
	TRY("stat", syscall(SYS_fstat, 0, edge - 64));
	TRY("getcwd", syscall(SYS_getcwd, edge - 1, 4096));
	TRY("uname", syscall(SYS_uname, edge - 100));
	TRY("getrandom", syscall(SYS_getrandom, edge, 10, 0));
	check(pipe(pair) == 0);
	return 0;
}
