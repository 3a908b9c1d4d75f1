// A page is lost while a thread sleeps in a system call that will write to it, or look at it: what the call takes is not lost.
// Sometimes another thread meets the page first.
// gaps: syscall
#include "failures.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static unsigned char *page;
static int fds[2], listener, event, epoll, queue;
static atomic_int sleeper; // the thread's id
static pid_t child;
static struct sockaddr_un name = {.sun_family = AF_UNIX};

static void nothing(void) {}
static void *at(int i) { return page + i; }

static void pipe_up(void) { CHECK(pipe(fds) == 0); }
static void pipe_sleep(void) { CHECK(read(fds[0], at(40), 100) == 5 && !memcmp(at(40), "hello", 5)); }
static void pipe_wake(void) { CHECK(write(fds[1], "hello", 5) == 5); }

static void readv_sleep(void) {
	struct iovec { void *p; size_t n; } v[2] = {{at(40), 2}, {at(80), 50}};
	CHECK(syscall(SYS_readv, fds[0], v, 2) == 5 && !memcmp(at(80), "llo", 3));
}

static void datagram_up(void) { CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0); }
static void datagram_sleep(void) { CHECK(recv(fds[0], at(40), 100, 0) == 5 && !memcmp(at(40), "hello", 5)); }
static void message_sleep(void) {
	struct { void *p; size_t n; } *v = at(8); v->p = at(40); v->n = 90;
	struct msghdr *m = at(400); memset(m, 0, sizeof *m); m->msg_iov = (void *)v; m->msg_iovlen = 1;
	CHECK(recvmsg(fds[0], m, 0) == 5 && !memcmp(at(40), "hello", 5));
}
static void datagram_wake(void) { CHECK(send(fds[1], "hello", 5, 0) == 5); }

static void accept_up(void) { listener = socket(AF_UNIX, SOCK_STREAM, 0); CHECK(bind(listener, (void *)&name, sizeof(sa_family_t)) == 0 && listen(listener, 5) == 0); }
static void accept_sleep(void) {
	socklen_t *n = at(8); *n = 100;
	int fd = accept(listener, at(16), n); CHECK(fd >= 0 && *n >= 2); char c; CHECK(read(fd, &c, 1) == 1 && c == 'x'); close(fd); close(listener);
}
static void accept_wake(void) {
	struct sockaddr_un a; socklen_t n = sizeof a; int s = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(getsockname(listener, (void *)&a, &n) == 0 && connect(s, (void *)&a, n) == 0 && write(s, "x", 1) == 1); close(s);
}

static void child_up(void) {
	CHECK(pipe(fds) == 0);
	if ((child = fork()) == 0) { char c; close(fds[1]); if (read(fds[0], &c, 1)) _exit(1); _exit(42); }
}
static void wait_sleep(void) { CHECK(waitpid(child, at(100), 0) == child && WEXITSTATUS(*(int *)at(100)) == 42); }
static void waitid_sleep(void) { CHECK(waitid(P_PID, child, at(100), WEXITED) == 0 && ((siginfo_t *)at(100))->si_status == 42); }
static void child_wake(void) { close(fds[0]); close(fds[1]); }

static void event_up(void) { event = eventfd(0, 0); }
static void event_sleep(void) { CHECK(read(event, at(8), 8) == 8 && *(uint64_t *)at(8) == 7); close(event); }
static void event_wake(void) { uint64_t n = 7; CHECK(write(event, &n, 8) == 8); }

static void epoll_up(void) {
	event_up(); epoll = epoll_create1(0); struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 9};
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &e) == 0);
}
static void epoll_sleep(void) { struct epoll_event *e = at(64); CHECK(epoll_wait(epoll, e, 4, -1) == 1 && e->data.u64 == 9); close(event); close(epoll); }
static void poll_sleep(void) { struct pollfd *p = at(8); p->fd = event; p->events = POLLIN; CHECK(poll(p, 1, 60000) == 1 && p->revents == POLLIN); close(event); }
static void select_sleep(void) { fd_set *s = at(8); FD_ZERO(s); FD_SET(event, s); CHECK(select(event + 1, s, 0, 0, 0) == 1 && FD_ISSET(event, s)); close(event); }

static void queue_up(void) { queue = msgget(IPC_PRIVATE, 0600); CHECK(queue >= 0); }
static void queue_sleep(void) { CHECK(msgrcv(queue, at(8), 100, 0, 0) == 5 && *(long *)at(8) == 3 && !memcmp(at(16), "hello", 5)); msgctl(queue, IPC_RMID, 0); }
static void queue_wake(void) { struct { long type; char text[5]; } m = {3, "hello"}; CHECK(msgsnd(queue, &m, 5, 0) == 0); }

static void futex_up(void) { *(int *)at(200) = 1; }
static void futex_sleep(void) { while (__atomic_load_n((int *)at(200), __ATOMIC_SEQ_CST) == 1) CHECK(syscall(SYS_futex, at(200), FUTEX_WAIT_PRIVATE, 1, 0, 0, 0) == 0 || errno == EAGAIN); }
static void futex_wake(void) { __atomic_store_n((int *)at(200), 2, __ATOMIC_SEQ_CST); syscall(SYS_futex, at(200), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0); }

static void signal_sleep(void) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); CHECK(sigwaitinfo(&s, at(300)) == SIGUSR1 && ((siginfo_t *)at(300))->si_pid == getpid()); }
static void signal_wake(void) { CHECK(syscall(SYS_tgkill, getpid(), sleeper, SIGUSR1) == 0); }

static const struct { const char *name; void (*up)(void), (*sleep)(void), (*wake)(void); } calls[] = {
	{"read", pipe_up, pipe_sleep, pipe_wake}, {"readv", pipe_up, readv_sleep, pipe_wake}, {"recv", datagram_up, datagram_sleep, datagram_wake},
	{"recvmsg", datagram_up, message_sleep, datagram_wake}, {"accept", accept_up, accept_sleep, accept_wake}, {"wait4", child_up, wait_sleep, child_wake},
	{"waitid", child_up, waitid_sleep, child_wake}, {"eventfd", event_up, event_sleep, event_wake}, {"epoll_wait", epoll_up, epoll_sleep, event_wake},
	{"poll", event_up, poll_sleep, event_wake}, {"select", event_up, select_sleep, event_wake}, {"msgrcv", queue_up, queue_sleep, queue_wake},
	{"futex", futex_up, futex_sleep, futex_wake}, {"sigwaitinfo", nothing, signal_sleep, signal_wake},
};

static void *sleep_in(void *call) {
	sleeper = syscall(SYS_gettid);
	calls[(intptr_t)call].sleep();
	return 0;
}

static void until_asleep(void) {
	char file[64], text[512] = "";
	while (!sleeper) ;
	snprintf(file, sizeof file, "/proc/self/task/%d/stat", sleeper);
	do { int fd = open(file, O_RDONLY), n = read(fd, text, sizeof text - 1); close(fd); text[n > 0 ? n : 0] = 0; } while (!strstr(text, ") S"));
}

int main(void) {
	sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); sigprocmask(SIG_BLOCK, &s, 0);
	for (int i = 0; i < sizeof calls / sizeof *calls; i++)
		for (int round = 0; round < 6; round++) {
			if (getenv("SLEEPERS")) fprintf(stderr, "%s %d\n", calls[i].name, round);
			page = pages(3) + PAGE; sleeper = 0;
			calls[i].up();
			pthread_t t; CHECK(pthread_create(&t, 0, sleep_in, (void *)(intptr_t)i) == 0);
			until_asleep();
			lose(page, NATIVE + round % 2);
			if (round >= 2) CHECK(page[2000] == right(PAGE + 2000)); // met by this thread first
			if (round >= 4) until_asleep(), lose(page, NATIVE + round % 2);
			calls[i].wake();
			pthread_join(t, 0);
			CHECK(page[2000] == right(PAGE + 2000) && page[3000] == right(PAGE + 3000));
		}
	puts("sleepers");
}
