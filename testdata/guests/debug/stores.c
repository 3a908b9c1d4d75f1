// Two threads store without end, one of them to an array of its own; with an argument they end soon.
// run: soon
// cflags: -g -O1 -pthread
#include "../guest.h"

enum { WORDS = 4096 };

volatile long array[WORDS];
volatile long total;

__attribute__((noinline)) void fill(long v) {
	for (int i = 0; i < WORDS; i++)
		array[i] = v;
}

static void *filler(void *arg) {
	for (long v = (long)arg;; v++)
		fill(v);
	return NULL;
}

int main(int argc, char **argv) {
	pthread_t t;
	pthread_create(&t, NULL, filler, NULL);
	do
		for (int i = 0; i < 1 << 20; i++)
			total++;
	while (argc == 1 || total < 1 << 26);
	exit(0);
}
