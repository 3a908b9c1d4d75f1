// System V messages and semaphores, POSIX message queues, inotify.
// cflags: -lrt
#include "guest.h"
#include <mqueue.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

int main(void)
{
	struct { long type; char text[32]; } m = {3, "typed message"};
	int q = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
	check(q >= 0 && msgsnd(q, &m, 14, 0) == 0);
	m.type = 1, strcpy(m.text, "other");
	check(msgsnd(q, &m, 6, 0) == 0);
	memset(&m, 0, sizeof m);
	printf("msgrcv %zd", msgrcv(q, &m, 32, 3, 0));
	printf(" %ld %s\n", m.type, m.text);
	struct msqid_ds ds;
	check(msgctl(q, IPC_STAT, &ds) == 0);
	printf("left %lu\n", ds.msg_qnum);
	check(msgctl(q, IPC_RMID, 0) == 0);
	int s = semget(IPC_PRIVATE, 3, 0600 | IPC_CREAT);
	unsigned short v[3] = {5, 6, 7}, w[3] = {0};
	check(semctl(s, 0, SETALL, v) == 0);
	struct sembuf op = {1, -2, 0};
	check(semop(s, &op, 1) == 0 && semctl(s, 0, GETALL, w) == 0);
	printf("semaphores %d %d %d\n", w[0], w[1], w[2]);
	check(semctl(s, 0, IPC_RMID) == 0);
	char name[64], buf[8192];
	sprintf(name, "/kmv-%d", getpid());
	struct mq_attr at = {.mq_maxmsg = 4, .mq_msgsize = 100};
	mqd_t mq = mq_open(name, O_CREAT | O_RDWR, 0600, &at);
	if (mq != (mqd_t)-1) {
		mq_unlink(name);
		unsigned prio;
		check(mq_send(mq, "low", 4, 1) == 0 && mq_send(mq, "high", 5, 9) == 0);
		check(mq_receive(mq, buf, 100, &prio) == 5 && prio == 9 && !strcmp(buf, "high"));
		check(mq_getattr(mq, &at) == 0 && at.mq_curmsgs == 1);
	}
	int in = inotify_init1(IN_NONBLOCK);
	char dir[] = "kmvwatchXXXXXX";
	check(mkdtemp(dir) && inotify_add_watch(in, dir, IN_CREATE | IN_DELETE) > 0);
	sprintf(buf, "%s/file", dir);
	close(open(buf, O_CREAT | O_WRONLY, 0600));
	unlink(buf), rmdir(dir);
	ssize_t n = read(in, buf, sizeof buf);
	for (char *p = buf; p < buf + n; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len) {
		struct inotify_event *e = (void *)p;
		printf("event %x %s\n", e->mask, e->len ? e->name : "-");
	}
	return 0;
}
