// A dynamic executable at a fixed address, with copy relocations.
// cflags: -no-pie
#include "guest.h"

extern char **environ;
int main(void)
{
	char **own = environ;
	check((unsigned long)&main < 0x1000000);
	for (int i = 0; i < 100; i++)
		fputc('a' + i % 26, stdout);
	printf("\n%d %d\n", own != 0, (unsigned long)&stdout < 0x1000000);
	return 0;
}
