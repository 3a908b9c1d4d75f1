// A difference behind kmv's back, in a program of which more or less is known: "race", "gap" or nothing is the argument.
// gaps: syscall
#include "../failures.h"
#include <fcntl.h>
#include <pthread.h>

static volatile long shared;
static void *store(void *x) { shared = 1; return 0; }

int main(int argc, char **argv) {
	shared = 2;
	if (argc > 1 && !strcmp(argv[1], "race")) {
		pthread_t t;
		pthread_create(&t, 0, store, 0);
		pthread_join(t, 0);
	}
	if (argc > 1 && !strcmp(argv[1], "gap"))
		open(argv[0], O_RDONLY | O_DIRECT);
	syscall(1000, &shared, NATIVE, 0xff);
	return 0;
}
