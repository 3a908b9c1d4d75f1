// A thread that crashes takes the whole process with it.
// cflags: -pthread
#include "guest.h"

static void *sleeper(void *arg) 
{
	for (;;)
		pause();
	return 0;
}

static void *crasher(void *arg)
{
	usleep(10000);
	*(volatile int *)4 = 1;
	return 0;
}

int main(void)
{
	pthread_t t;
	puts("waiting");
	fflush(stdout);
	for (int i = 0; i < 5; i++)
		pthread_create(&t, 0, sleeper, 0);
	pthread_create(&t, 0, crasher, 0);
	pthread_join(t, 0);
	return 1;
}
