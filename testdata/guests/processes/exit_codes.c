// Exit statuses are what the program gave, modulo 256.
// run: 0
// run: 1
// run: 42
// run: 125
// run: 126
// run: 127
// run: 255
// run: 256
// run: -1
#include "guest.h"

int main(int argc, char **argv)
{
	printf("leaving with %s\n", argv[1]);
	return atoi(argv[1]);
}
