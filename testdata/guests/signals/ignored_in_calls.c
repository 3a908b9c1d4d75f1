// A signal that is ignored does not end epoll_wait, a futex wait, msgrcv or semop, though these are never restarted.
// cflags: -pthread
#include "guest.h"
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/sem.h>

static pthread_t waiter;
static int word, queue, sem, pipes[2];

static void *waker(void *arg)
{
	for (int i = 0; i < 20; i++) {
		usleep(3000);
		pthread_kill(waiter, i % 2 ? SIGWINCH : SIGTERM);
	}
	usleep(3000);
	switch ((long)arg) {
	case 0:
		check(write(pipes[1], "x", 1) == 1);
		break;
	case 1:
		__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &word, FUTEX_WAKE, 1, 0, 0, 0);
		break;
	case 2:
		check(msgsnd(queue, &(struct { long t; char c[8]; }){1, "message"}, 8, 0) == 0);
		break;
	case 3:
		check(semop(sem, &(struct sembuf){0, 1, 0}, 1) == 0);
	}
	return 0;
}

int main(void)
{
	signal(SIGTERM, SIG_IGN);
	waiter = pthread_self();
	check(pipe(pipes) == 0);
	queue = msgget(IPC_PRIVATE, 0600), sem = semget(IPC_PRIVATE, 1, 0600);
	int ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 7};
	check(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &ev) == 0);
	for (long i = 0; i < 4; i++) {
		pthread_t t;
		pthread_create(&t, 0, waker, (void *)i);
		struct { long t; char c[8]; } m = {0};
		long r = i == 0	 ? epoll_wait(ep, &ev, 1, 20000)
			 : i == 1 ? syscall(SYS_futex, &word, FUTEX_WAIT, 0, 0, 0, 0)
			 : i == 2 ? msgrcv(queue, &m, 8, 0, 0)
				  : semop(sem, &(struct sembuf){0, -1, 0}, 1);
		printf("%ld: %ld %s %s\n", i, r, r < 0 ? strerror(errno) : "", m.c);
		pthread_join(t, 0);
	}
	msgctl(queue, IPC_RMID, 0), semctl(sem, 0, IPC_RMID);
	return 0;
}
