// Lost pages go through fork, mremap, munmap, mprotect and madvise.
// gaps: syscall
#include "failures.h"
#include <sys/wait.h>
static void each(int half) {
	unsigned char *p = pages(4);
	lose(p + PAGE, half);
	pid_t child = fork();
	if (child == 0) { p[PAGE + 1] = right(PAGE + 1); check_pages(p, 4); lose(p + 2 * PAGE, half); check_pages(p, 4); _exit(0); }
	int status; CHECK(waitpid(child, &status, 0) == child && status == 0);
	check_pages(p, 4);
	lose(p + PAGE, half); lose(p + 3 * PAGE, half);
	p = mremap(p, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE); CHECK(p != MAP_FAILED); p[PAGE + 1] = right(PAGE + 1); check_pages(p, 4);
	lose(p + PAGE, half); mprotect(p, 4 * PAGE, PROT_READ); check_pages(p, 4); mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE);
	p[PAGE + 1] = right(PAGE + 1); check_pages(p, 4);
	lose(p + PAGE, half); madvise(p + PAGE, PAGE, MADV_DONTNEED); CHECK(p[PAGE + 3] == 0); p[PAGE + 3] = 4; CHECK(p[PAGE + 3] == 4);
	lose(p + PAGE, half); munmap(p + PAGE, PAGE); CHECK(mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK(p[PAGE + 3] == 0); p[PAGE + 3] = 4; CHECK(p[PAGE + 3] == 4);
	munmap(p, 64 * PAGE);
}
int main(void) {
	for (int i = 0; i < 5; i++) { each(NATIVE); each(MIRROR); }
	puts("memory_calls");
}
