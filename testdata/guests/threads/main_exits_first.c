// The main thread ends by pthread_exit; the process ends with its last thread, status 0.
// cflags: -pthread
#include "guest.h"

static pthread_t first;
static void *worker(void *arg)
{
	pthread_join(first, 0);
	usleep(5000);
	puts("the last one");
	return 0;
}

int main(void)
{
	pthread_t t;
	first = pthread_self();
	pthread_create(&t, 0, worker, 0);
	pthread_exit(0);
}
