// A TCP and a UDP conversation over loopback: addresses, options, peeking, shutdown.
#include "guest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, b, peer;
	socklen_t n = sizeof a, m = sizeof b;
	int l = socket(AF_INET, SOCK_STREAM, 0), one = 1, v;
	check(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
	check(bind(l, (void *)&a, sizeof a) == 0 && listen(l, 5) == 0 && getsockname(l, (void *)&a, &n) == 0);
	int c = socket(AF_INET, SOCK_STREAM, 0);
	check(connect(c, (void *)&a, sizeof a) == 0);
	int s = accept4(l, (void *)&b, &m, SOCK_CLOEXEC);
	check(s >= 0 && getsockname(c, (void *)&peer, &n) == 0);
	printf("accepted from %s, same port %d\n", inet_ntoa(b.sin_addr), b.sin_port == peer.sin_port);
	m = sizeof v;
	check(getsockopt(c, IPPROTO_TCP, TCP_NODELAY, &v, &m) == 0);
	printf("nodelay %d len %u\n", v, m);
	struct linger lg;
	m = sizeof lg;
	check(getsockopt(c, SOL_SOCKET, SO_LINGER, &lg, &m) == 0);
	char buf[100] = {0};
	check(send(c, "request", 7, 0) == 7);
	check(recv(s, buf, 3, MSG_PEEK) == 3);
	printf("peek %s\n", buf);
	check(ioctl(s, FIONREAD, &v) == 0);
	printf("waiting %d\n", v);
	check(recv(s, buf, 100, 0) == 7);
	puts(buf);
	shutdown(c, SHUT_WR);
	printf("end %zd\n", recv(s, buf, 100, 0));
	printf("nonblocking %d\n", recv(c, buf, 100, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	int u = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_port = 0;
	check(bind(u, (void *)&a, sizeof a) == 0 && getsockname(u, (void *)&a, &n) == 0);
	check(sendto(u, "datagram", 8, 0, (void *)&a, sizeof a) == 8);
	memset(&b, 0xff, sizeof b);
	m = sizeof b;
	ssize_t r = recvfrom(u, buf, 5, 0, (void *)&b, &m);
	printf("recvfrom %zd from itself %d len %u\n", r, b.sin_port == a.sin_port, m);
	m = 4; // too short for the address
	check(sendto(u, "d", 1, 0, (void *)&a, sizeof a) == 1);
	memset(&b, 0xff, sizeof b);
	check(recvfrom(u, buf, 5, 0, (void *)&b, &m) == 1);
	printf("short address: len %u tail %x\n", m, b.sin_addr.s_addr);
	return 0;
}
