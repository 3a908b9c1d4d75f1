// A static position-independent executable, with its own relocations, TLS and IFUNCs.
// cflags: -static-pie -pthread
#include "guest.h"

static __thread int t = 5;
static int *pointer = &(int){7};
static void *worker(void *arg)
{
	t += (long)arg;
	return (void *)(long)t;
}

int main(void)
{
	pthread_t p;
	void *r;
	char buf[1000];
	memset(buf, 'x', sizeof buf);
	check(pthread_create(&p, 0, worker, (void *)10L) == 0 && pthread_join(p, &r) == 0);
	printf("%ld %d %d %lx\n", (long)r, t, *pointer, hash(buf, strlen("xxxx")));
	return 0;
}
