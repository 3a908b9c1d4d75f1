// The program sends itself each signal: fatal ones kill it, the others leave it running.
// run: 1
// run: 2
// run: 3
// run: 4
// run: 5
// run: 6
// run: 7
// run: 8
// run: 9
// run: 10
// run: 11
// run: 12
// run: 13
// run: 14
// run: 15
// run: 16
// run: 17
// run: 18
// run: 23
// run: 24
// run: 25
// run: 26
// run: 27
// run: 28
// run: 29
// run: 30
// run: 31
// run: 34
// run: 40
// run: 64
#include "guest.h"

int main(int argc, char **argv)
{
	int sig = atoi(argv[1]);
	printf("sending %d\n", sig);
	fflush(stdout);
	check(kill(getpid(), sig) == 0);
	puts("still here");
	return 3;
}
