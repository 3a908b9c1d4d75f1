// Shared memory of every kind between processes that store to it: one copy of it, which all of them keep.
// cflags: -pthread
#include "guest.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SIZE (16 * 4096)
struct area { _Atomic long count; long plain[64]; pthread_mutex_t lock; char text[4096]; };

static void initialise(struct area *a) {
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&a->lock, &attr);
}

// Four children count with atomic instructions and under a lock that one of them dies with.
static void work(const char *what, struct area *a) {
	initialise(a);
	fflush(stdout);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int k = 0; k < 5000; k++) {
				a->count++;
				if (pthread_mutex_lock(&a->lock) == EOWNERDEAD) pthread_mutex_consistent(&a->lock);
				a->plain[k % 64] += k;
				sprintf(a->text + k % 100, "%d", k % 7);
				if (i == 3 && k == 4000) _exit(9); // with the lock
				pthread_mutex_unlock(&a->lock);
			}
			_exit(i);
		}
	int sum = 0, status;
	while (wait(&status) > 0) sum += WEXITSTATUS(status);
	long all = 0;
	for (int i = 0; i < 64; i++) all += a->plain[i];
	printf("%s: %ld %ld %d\n", what, a->count, all, sum);
}

int main(int argc, char **argv) {
	if (argc > 1) { // executed anew: the object is found by its name
		int fd = open(argv[1], O_RDWR);
		struct area *a = mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		a->count += 1000;
		strcpy(a->text, "from another program");
		return 0;
	}
	int rw = PROT_READ | PROT_WRITE;
	work("anonymous", mmap(0, SIZE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	int fd = memfd_create("object", 0);
	ftruncate(fd, SIZE);
	struct area *a = mmap(0, SIZE, rw, MAP_SHARED, fd, 0), *b = mmap(0, SIZE, rw, MAP_SHARED, fd, 0);
	work("memfd", a);
	b->count += 5; // through the other view
	printf("views: %ld\n", a->count);

	int id = shmget(IPC_PRIVATE, SIZE, 0600);
	a = shmat(id, 0, 0);
	work("segment", a);
	if (fork() == 0) { // attached by another process, at another place
		struct area *c = shmat(id, 0, 0);
		c->count += 7;
		strcpy(c->text, "attached twice");
		_exit(0);
	}
	wait(0);
	printf("segment: %ld %s\n", a->count, a->text);
	shmctl(id, IPC_RMID, 0);

	char name[] = "object";
	int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	write(file, "contents from before", 20);
	ftruncate(file, SIZE);
	a = mmap(0, SIZE, rw, MAP_SHARED, file, 0);
	work("file", a);
	fflush(stdout);
	if (fork() == 0) execl("/proc/self/exe", argv[0], name, NULL);
	wait(0);
	printf("file: %ld %s\n", a->count, a->text);
	pwrite(file, "written", 7, (char *)a->text - (char *)a); // not through a mapping
	lseek(file, 3 * 4096, SEEK_SET);
	write(file, "and moved", 9);
	printf("%s %s\n", a->text, (char *)a + 3 * 4096);
	ftruncate(file, 2 * 4096);
	ftruncate(file, SIZE);
	printf("cut: %d\n", ((char *)a)[3 * 4096]);
	unlink(name);

	char *p = mmap(0, SIZE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0); // written only after the fork
	char *q = mmap(0, SIZE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(q, 'q', SIZE);
	madvise(q + 4096, 4096, MADV_REMOVE);
	madvise(q + 8192, 4096, MADV_DONTNEED); // the contents are the object's, they stay
	char *second = mremap(q, 0, SIZE, MREMAP_MAYMOVE);
	if (fork() == 0) {
		mprotect(p, SIZE, rw);
		strcpy(p, "child");
		strcpy(second + 100, "second view");
		_exit(0);
	}
	wait(0);
	mprotect(p, SIZE, rw);
	printf("%s %.11s %d %c\n", p, q + 100, q[4096], q[8192]);
	p[5] = '!';
	printf("%s\n", p);
}
