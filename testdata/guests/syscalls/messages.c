// sendmsg and recvmsg with names, several buffers and control data; passed descriptors; truncation; recvmmsg.
#include "guest.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

int main(void)
{
	int s[2], p[2];
	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0 && pipe(p) == 0);
	char control[256] = {0}, x[10], y[50];
	struct iovec iov[2] = {{"hello ", 6}, {"world", 5}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &p[1], sizeof(int));
	check(sendmsg(s[0], &m, 0) == 11);
	memset(control, 0xee, sizeof control);
	struct iovec in[2] = {{x, 4}, {y, 50}};
	m = (struct msghdr){.msg_iov = in, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof control};
	check(recvmsg(s[1], &m, MSG_CMSG_CLOEXEC) == 11);
	printf("%.4s|%.7s| controllen %zu flags %x\n", x, y, m.msg_controllen, m.msg_flags & ~MSG_CMSG_CLOEXEC);
	int fd;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	check(write(fd, "passed", 6) == 6 && read(p[0], x, 10) == 6);
	printf("%.6s\n", x);
	check(send(s[0], "much too long for it", 20, 0) == 20);
	in[1].iov_len = 3;
	m.msg_controllen = 0;
	ssize_t got = recvmsg(s[1], &m, 0);
	printf("truncated %zd flags %d\n", got, !!(m.msg_flags & MSG_TRUNC));
	struct mmsghdr mm[3];
	char bufs[3][8] = {{0}};
	struct iovec v[3];
	for (int i = 0; i < 3; i++) {
		check(send(s[0], "message" + i, 7 - i, 0) == 7 - i);
		v[i] = (struct iovec){bufs[i], 8};
		mm[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &v[i], .msg_iovlen = 1}};
	}
	struct timespec ts = {1, 0};
	int n = recvmmsg(s[1], mm, 3, MSG_WAITFORONE, &ts);
	printf("recvmmsg %d: %u %s, %u %s, %u %s\n", n, mm[0].msg_len, bufs[0], mm[1].msg_len, bufs[1], mm[2].msg_len, bufs[2]);
	return 0;
}
