// Memory fails while a call has moved a part of its bytes and sleeps: the program sees one call that moves all of them.
// gaps: syscall
#include "failures.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
enum { N = 100 * PAGE };
static unsigned char *from;
static int fds[2], file;

static long by_write(void) { return write(fds[1], from, N); }
static long by_writev(void) {
	struct iovec v[4] = {{from, 5}, {from + 5, N / 2}, {0, 0}, {from + 5 + N / 2, N / 2 - 5}};
	return writev(fds[1], v, 4);
}
static long by_send(void) { return send(fds[1], from, N, 0); }
static long by_sendmsg(void) {
	struct iovec v[3] = {{from, N - 10}, {from + N - 10, 4}, {from + N - 6, 6}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 3};
	return sendmsg(fds[1], &m, 0);
}
static long by_sendfile(void) { off_t at = 0; long n = sendfile(fds[1], file, &at, N); CHECK(at == N); return n; }

static const struct { long (*move)(void); int socket; } ways[] = {{by_write, 0}, {by_writev, 0}, {by_write, 1}, {by_writev, 1}, {by_send, 1}, {by_sendmsg, 1}, {by_sendfile, 1}};

static void *mover(void *way) { CHECK(ways[(long)way].move() == N); close(fds[1]); return 0; }
static void *feeder(void *way) { for (int i = 0; i < N; i += 1000) { CHECK(write(fds[1], from + i, N - i < 1000 ? N - i : 1000) > 0); lose(from + i, MIRROR); } close(fds[1]); return 0; }

static void make(int socket) {
	int size = 20000;
	CHECK((socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds)) == 0);
	if (socket) setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

int main(void) {
	char name[] = "/tmp/kmv-failures-XXXXXX";
	unsigned char to[N];
	pthread_t t;
	from = pages(N / PAGE);
	file = mkstemp(name); unlink(name); CHECK(write(file, from, N) == N);
	for (long i = 0; i < sizeof ways / sizeof *ways; i++)
		for (int half = NATIVE; half <= MIRROR; half++) {
			make(ways[i].socket);
			pthread_create(&t, 0, mover, (void *)i);
			long n = 0, k;
			while ((k = read(fds[0], to + n, 7000)) > 0) { CHECK(!memcmp(to + n, from + n, k)); n += k; lose(from + n / 2, half); }
			CHECK(n == N); pthread_join(t, 0); close(fds[0]);
		}
	make(1); // and a receiver that waits for all
	pthread_create(&t, 0, feeder, 0);
	memset(to, 0, N); CHECK(recv(fds[0], to, N, MSG_WAITALL) == N && !memcmp(to, from, N));
	pthread_join(t, 0);
	puts("cut");
}
