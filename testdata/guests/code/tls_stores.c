// Stores to thread-local variables through the FS segment, in every form that compilers and hands write.
// cflags: -O2 -pthread
#include "guest.h"

static __thread struct { char c; short s; int i; long l; double d; long double x; char big[200]; } t;
static void *worker(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		t.c += i, t.s ^= i, t.i -= i, t.l = t.l * 3 + i, t.d += i * 0.5, t.x += i;
		t.big[i % 200]++;
		__atomic_fetch_add(&t.i, 5, __ATOMIC_SEQ_CST);
		memset(t.big + 50, i, 20);
	}
	void *self;
	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	long off = (char *)&t.l - (char *)self;
	long nine = 9;
	__asm__ volatile("addq $7, %%fs:(%0); incl %%fs:(%0); push %%fs:(%0); pop %%fs:(%0); lock xaddq %1, %%fs:(%0,%2,8)"
			 : "+r"(off), "+r"(nine) : "r"(0L) : "memory");
	printf("%d %d %d %ld %.1f %.1Lf %lx\n", t.c, t.s, t.i, t.l, t.d, t.x, hash(t.big, 200));
	return 0;
}

int main(void)
{
	pthread_t p;
	worker(0);
	for (int i = 0; i < 3; i++) {
		pthread_create(&p, 0, worker, 0);
		pthread_join(p, 0);
	}
	return 0;
}
