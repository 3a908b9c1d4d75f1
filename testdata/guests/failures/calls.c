// Pages are lost in the middle of what system calls read and write: the results are those of a healthy machine.
// gaps: syscall
#include "failures.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/ioctl.h>
#include <netinet/in.h>
#include <time.h>

static unsigned char *p, *q;

static void refill(void) { for (int i = 0; i < 3 * PAGE; i++) p[i] = right(i); memset(q, 0, 3 * PAGE); }

static void files(int half) {
	char name[] = "/tmp/kmv-failures-XXXXXX";
	int fd = mkstemp(name);
	for (int page = 0; page < 3; page++) {
		refill(); lseek(fd, 0, 0);
		lose(p + page * PAGE, half); CHECK(write(fd, p, 3 * PAGE) == 3 * PAGE);
		lseek(fd, 0, 0);
		lose(q + page * PAGE, half); CHECK(read(fd, q, 3 * PAGE) == 3 * PAGE); check_pages(q, 3);
		refill(); lose(p + page * PAGE, half); CHECK(pwrite(fd, p, 3 * PAGE, 0) == 3 * PAGE);
		lose(q + page * PAGE, half); CHECK(pread(fd, q, 3 * PAGE, 0) == 3 * PAGE); check_pages(q, 3);
		refill();
		struct iovec v[3] = {{p, PAGE}, {p + PAGE, PAGE}, {p + 2 * PAGE, PAGE}}, w[2] = {{q, 100}, {q + 100, 3 * PAGE - 100}};
		lseek(fd, 0, 0); lose(p + page * PAGE, half); CHECK(writev(fd, v, 3) == 3 * PAGE);
		lseek(fd, 0, 0); lose(q + page * PAGE, half); CHECK(readv(fd, w, 2) == 3 * PAGE); check_pages(q, 3);
		lose(q + page * PAGE, half); struct stat *st = (void *)(q + page * PAGE + 16); CHECK(fstat(fd, st) == 0 && st->st_size == 3 * PAGE);
		strcpy((char *)q + page * PAGE, name); lose(q + page * PAGE, half); int again = open((char *)q + page * PAGE, O_RDONLY); CHECK(again > 0); close(again);
	}
	close(fd); unlink(name);
}

static void large(int half) {
	enum { N = 128 };
	char name[] = "/tmp/kmv-failures-XXXXXX";
	int fd = mkstemp(name);
	unsigned char *a = pages(N), *b = mmap(0, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	lose(a + 3 * PAGE, half); lose(a + 90 * PAGE, half); CHECK(write(fd, a, N * PAGE) == N * PAGE);
	for (int i = 0; i < 2; i++) {
		memset(b, i, N * PAGE); lose(b + 70 * PAGE, half); lose(b + 71 * PAGE, half); lose(b + 100 * PAGE, half);
		lseek(fd, 0, SEEK_SET);
		CHECK((i ? pread(fd, b, N * PAGE, 0) : read(fd, b, N * PAGE)) == N * PAGE);
		check_pages(b, N);
	}
	CHECK(lseek(fd, 0, SEEK_CUR) == 0 && pread(fd, b, N * PAGE, PAGE) == (N - 1) * PAGE);
	munmap(a, N * PAGE); munmap(b, N * PAGE); close(fd); unlink(name);
}

static void streams(int half) {
	int s[2];
	CHECK(pipe(s) == 0);
	for (int page = 0; page < 3; page++) {
		refill(); lose(p + page * PAGE, half); CHECK(write(s[1], p, 3 * PAGE) == 3 * PAGE);
		int n; lose(q + page * PAGE, half); CHECK(ioctl(s[0], FIONREAD, q + page * PAGE) == 0); memcpy(&n, q + page * PAGE, 4); CHECK(n == 3 * PAGE);
		lose(q + page * PAGE, half); CHECK(read(s[0], q, 3 * PAGE) == 3 * PAGE); check_pages(q, 3);
	}
	close(s[0]); close(s[1]);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		CHECK(socketpair(AF_UNIX, type, 0, s) == 0);
		for (int page = 0; page < 3; page++) {
			refill(); lose(p + page * PAGE, half); CHECK(send(s[1], p, 3 * PAGE, 0) == 3 * PAGE);
			lose(q + page * PAGE, half); CHECK(recv(s[0], q, 3 * PAGE, 0) == 3 * PAGE); check_pages(q, 3);
			refill();
			struct iovec v = {p, 3 * PAGE}, w = {q, 3 * PAGE};
			struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1}, r = {.msg_iov = &w, .msg_iovlen = 1};
			lose(p + page * PAGE, half); CHECK(sendmsg(s[1], &m, 0) == 3 * PAGE);
			lose(q + page * PAGE, half); CHECK(recvmsg(s[0], &r, 0) == 3 * PAGE); check_pages(q, 3);
		}
		close(s[0]); close(s[1]);
	}
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}; socklen_t len = sizeof a;
	s[0] = socket(AF_INET, SOCK_DGRAM, 0); CHECK(bind(s[0], (void *)&a, len) == 0 && getsockname(s[0], (void *)&a, &len) == 0);
	s[1] = socket(AF_INET, SOCK_DGRAM, 0); CHECK(connect(s[1], (void *)&a, len) == 0);
	refill(); lose(p + PAGE, half); CHECK(send(s[1], p, 3 * PAGE, 0) == 3 * PAGE);
	lose(q + PAGE, half); CHECK(recvfrom(s[0], q, 3 * PAGE, 0, 0, 0) == 3 * PAGE); check_pages(q, 3);
	close(s[0]); close(s[1]);
}

static void others(int half) {
	uint64_t *n = (void *)q;
	int e = eventfd(5, EFD_NONBLOCK); lose(q, half); CHECK(read(e, n, 8) == 8 && *n == 5);
	*n = 3; lose(q, half); CHECK(write(e, n, 8) == 8);
	int ep = epoll_create1(0); struct epoll_event *ev = (void *)(q + 64); ev->events = EPOLLIN | EPOLLET; ev->data.u64 = 77;
	lose(q, half); CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, e, ev) == 0);
	lose(q, half); CHECK(epoll_wait(ep, ev, 4, 0) == 1 && ev->data.u64 == 77);
	struct pollfd *f = (void *)q; f->fd = e; f->events = POLLIN; lose(q, half); CHECK(poll(f, 1, 0) == 1 && f->revents == POLLIN);
	close(e); close(ep);
	pid_t child = fork(); if (child == 0) _exit(42);
	lose(q, half); CHECK(waitpid(child, (int *)q, 0) == child && WEXITSTATUS(*(int *)q) == 42);
	lose(q, half); CHECK(clock_gettime(CLOCK_REALTIME, (void *)q) == 0 && ((struct timespec *)q)->tv_sec > 0);
	lose(q, half); CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, q) == 0 && ((struct timespec *)q)->tv_sec > 0);
	lose(q, half); CHECK(pipe((int *)q) == 0); close(((int *)q)[0]); close(((int *)q)[1]);
	*(int *)q = 1; lose(q, half); CHECK(syscall(SYS_futex, q, 1, 1, 0, 0, 0) == 0);
	lose(q, half); CHECK(syscall(SYS_futex, q, 0, 2, 0, 0, 0) == -1 && errno == EAGAIN);
	sigset_t set, *old = (void *)q; sigemptyset(&set); sigaddset(&set, SIGUSR1);
	lose(q, half); CHECK(sigprocmask(SIG_BLOCK, &set, old) == 0 && !sigismember(old, SIGUSR1));
	kill(getpid(), SIGUSR1); siginfo_t *info = (void *)q;
	lose(q, half); CHECK(sigwaitinfo(&set, info) == SIGUSR1 && info->si_pid == getpid());
	lose(q, half); CHECK(getcwd((char *)q, PAGE) && q[0] == '/');
	sigprocmask(SIG_UNBLOCK, &set, 0);
	CHECK(read(-1, q, 5) == -1 && errno == EBADF);
	CHECK(write(1, (void *)16, 5) == -1 && errno == EFAULT); // a bad address stays one
	int z = open("/dev/zero", O_RDONLY); CHECK(read(z, (void *)16, 5) == -1 && errno == EFAULT); close(z);
}

int main(void) {
	p = pages(3); q = pages(3);
	for (int half = NATIVE; half <= MIRROR; half++) { files(half); large(half); streams(half); others(half); }
	puts("calls");
}
