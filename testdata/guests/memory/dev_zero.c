// Each mapping of /dev/zero is memory of its own: shared with children, or not.
#include "guest.h"

int main(void)
{
	int zero = open("/dev/zero", O_RDWR), status;
	check(zero >= 0);
	char *a = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
	char *b = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
	char *c = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 2 * PAGE);
	check(a != MAP_FAILED && b != MAP_FAILED && c != MAP_FAILED);
	strcpy(a, "a's"), strcpy(b, "b's"), strcpy(c, "c's");
	pid_t child = fork();
	if (child == 0) {
		strcpy(a + PAGE, "from the child"), strcpy(c + PAGE, "its own");
		_exit(0);
	}
	check(waitpid(child, &status, 0) == child && status == 0);
	printf("%s %s %s '%s' '%s' '%s'\n", a, b, c, a + PAGE, b + PAGE, c + PAGE);
	check(mremap(a, 4 * PAGE, 2 * PAGE, 0) == a && munmap(b, PAGE) == 0);
	puts(a + PAGE);
	return 0;
}
