// READ_IMPLIES_EXEC makes data executable, in children too, until execve.
// run:
// run: again
#include "guest.h"
#include <sys/personality.h>

static int made(int value)
{
	unsigned char code[] = {0xb8, value, 0, 0, 0, 0xc3}; // mov $value,%eax; ret
	unsigned char *p = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(p, code, sizeof code);
	return ((int (*)(void))p)();
}

int main(int argc, char **argv)
{
	printf("%x ", personality(0xffffffff) & READ_IMPLIES_EXEC);
	if (argc > 2)
		return puts("after execve"), 0;
	printf("%x\n", personality(READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE));
	printf("%x %d\n", personality(0xffffffff), made(42));
	fflush(stdout);
	if (fork() == 0)
		_exit(made(7));
	int st;
	wait(&st);
	printf("child %d\n", WEXITSTATUS(st)), fflush(stdout);
	char *args[] = {argv[0], "x", "y", 0};
	if (argc > 1)
		execv("/proc/self/exe", args);
	personality(0);
	return ((int (*)(void))pages(1))(); // as ever, this is no code
}
