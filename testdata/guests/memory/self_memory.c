// What a program writes through /proc/self/mem is its memory like any other: data, read-only data, code that has run.
#include "guest.h"
#include <sys/uio.h>

static char data[3 * PAGE];
static const char fixed[] = "read only";
__attribute__((noinline, noclone)) static int answer(void) { return 42; }

int main(void)
{
	char *heap = malloc(1 << 20);
	int fd = open("/proc/self/mem", O_RDWR);
	check(fd >= 0);
	check(pwrite(fd, "pwrite", 6, (off_t)(data + PAGE - 3)) == 6);
	check(lseek(fd, (off_t)heap, SEEK_SET) == (off_t)heap);
	check(write(fd, "write", 5) == 5);
	struct iovec v[2] = {{"one", 3}, {"two", 3}};
	check(writev(fd, v, 2) == 6);
	check(pwritev(fd, v, 2, (off_t)(heap + 9000)) == 6);
	check(syscall(SYS_pwritev2, fd, v, 2, (off_t)(heap + 10000), 0L, 0) == 6);
	check(syscall(SYS_pwritev2, fd, v, 2, -1L, -1L, 0) == 6);
	printf("%.6s %.17s %.6s %.6s\n", data + PAGE - 3, heap, heap + 9000, heap + 10000);
	check(pwrite(fd, "READ", 4, (off_t)fixed) == 4);
	printf("%s\n", *(const char *volatile *)&(const char *){fixed});
	int (*volatile f)(void) = answer;
	printf("%d\n", f());
	for (int i = 0; i < 32; i++) { // mov $42,%eax
		unsigned char *p = (unsigned char *)answer + i;
		if (p[0] == 0xb8 && p[1] == 42) {
			check(pwrite(fd, "\x2b", 1, (off_t)(p + 1)) == 1);
			break;
		}
	}
	printf("%d\n", f());
	char *rwx = mmap(0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(rwx, "\xb8\x07\0\0\0\xc3", 6);
	f = (int (*)(void))rwx;
	for (int i = 0; i < 20; i++) {
		char n = i;
		check(f() == (i ? i - 1 : 7));
		check(pwrite(fd, &n, 1, (off_t)(rwx + 1)) == 1);
		check(f() == i);
	}
	rwx[1] = 99;
	printf("%d\n", f());
	check(pwrite(fd, "x", 1, 16) == -1 && errno == EIO);
	close(fd);
	int null = open("/dev/null", O_WRONLY);
	for (int i = 0; i < 200; i++)
		check(write(null, "x", 1) == 1);
	return 0;
}
