// A shared file mapping: two views of one file, msync, truncation and extension, read and write beside it.
#include "guest.h"

int main(void)
{
	char name[] = "kmvsharedXXXXXX";
	int fd = mkstemp(name);
	check(fd >= 0);
	unlink(name);
	check(ftruncate(fd, 4 * PAGE) == 0);
	char *a = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *b = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(a != MAP_FAILED && b != MAP_FAILED);
	strcpy(a + PAGE, "through the first view");
	printf("%s\n", b + PAGE);
	strcpy(b + 2 * PAGE, "through the second view");
	char buf[32];
	check(pread(fd, buf, 24, 2 * PAGE) == 24);
	printf("%s\n", buf);
	check(pwrite(fd, "through the file", 17, 0) == 17);
	printf("%s, %s\n", a, b);
	check(msync(a, 4 * PAGE, MS_SYNC) == 0);
	check(ftruncate(fd, PAGE) == 0 && ftruncate(fd, 4 * PAGE) == 0);
	printf("after truncation: [%s] [%s] %s\n", a + PAGE, b + 2 * PAGE, a);
	check(read(fd, a + 3 * PAGE, 16) == 16); // the kernel writes into the mapping
	printf("%s\n", b + 3 * PAGE);
	return 0;
}
