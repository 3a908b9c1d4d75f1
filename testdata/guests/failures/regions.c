// Pages of every kind of memory are lost and are right again: heap, stack frames, data, RELRO, rodata, files, bss, guards.
// gaps: syscall mapping
#include "failures.h"
#include <fcntl.h>

static volatile int initialised[4 * PAGE] = {1, 2, 3};
static char zeros[8 * PAGE];
static const char *const volatile names[2 * PAGE] = {"one", "two"}; // RELRO: relocated, then read-only
static const volatile char constant[4 * PAGE] = {9, 8, 7};

int main(void);
static int deep(int n, int half) {
	volatile int local[32];
	for (int i = 0; i < 32; i++) local[i] = n + i;
	lose((void *)local, half);
	lose(__builtin_frame_address(0), half); // the return address and all
	int r = n == 0 ? 0 : deep(n - 1, half);
	for (int i = 0; i < 32; i++) CHECK(local[i] == n + i);
	return r + 1;
}

static void file(int shared, int half) {
	char name[] = "/tmp/kmv-failures-XXXXXX", text[4 * PAGE];
	int fd = mkstemp(name);
	for (int i = 0; i < sizeof text; i++) text[i] = i * 3;
	CHECK(write(fd, text, sizeof text) == sizeof text);
	char *p = mmap(0, sizeof text, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[PAGE + 1] = 99;
	for (int page = 0; page < 4; page++) {
		lose(p + page * PAGE, half);
		for (int i = 0; i < sizeof text; i++) CHECK(p[i] == (i == PAGE + 1 ? 99 : text[i]));
		lose(p + page * PAGE, half);
		p[page * PAGE + 17] = text[page * PAGE + 17];
	}
	char *r = mmap(0, sizeof text, PROT_READ, MAP_PRIVATE, fd, 0);
	lose(r + PAGE, half);
	CHECK(r[PAGE + 2] == text[PAGE + 2]);
	munmap(p, sizeof text); munmap(r, sizeof text); close(fd); unlink(name);
}

static __attribute__((noinline)) int not_run_before(int half) { return half * 7; }

static void all(int half) {
	lose(not_run_before, NATIVE); CHECK(not_run_before(half) == half * 7); // code: read by the engine
	lose(main, NATIVE);
	char *heap = malloc(3 * PAGE);
	for (int i = 0; i < 3 * PAGE; i++) heap[i] = i;
	for (int page = 0; page < 3; page++) { lose(heap + page * PAGE, half); for (int i = 0; i < 3 * PAGE; i++) CHECK(heap[i] == (char)i); }
	lose(heap + PAGE, half); free(heap); // the allocator's own notes
	char *again = malloc(5 * PAGE); memset(again, 1, 5 * PAGE); lose(again, half); free(again);
	CHECK(deep(40, half) == 41);
	lose(initialised, half); CHECK(initialised[1] == 2);
	lose((char *)initialised + PAGE, half); initialised[PAGE / 4 + 5] = 55; CHECK(initialised[PAGE / 4 + 5] == 55);
	memset(zeros, 3, sizeof zeros); lose(zeros + PAGE, half); for (int i = 0; i < sizeof zeros; i++) CHECK(zeros[i] == 3);
	lose(names, half); CHECK(names[1][2] == 'o');
	lose(constant, half); CHECK(constant[2] == 7);
	lose(constant + PAGE, half); CHECK(constant[PAGE] == 0);
	file(0, half); file(1, half);
	unsigned char *p = pages(4); // a page next to a guard, on either side
	mprotect(p + 2 * PAGE, PAGE, PROT_NONE);
	lose(p + PAGE, half); lose(p + 3 * PAGE, half);
	CHECK(p[2 * PAGE - 1] == right(2 * PAGE - 1) && p[3 * PAGE] == right(3 * PAGE));
	mprotect(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	check_pages(p, 4);
	unsigned char *h = mmap(0, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // huge pages
	madvise(h, 8 << 20, MADV_HUGEPAGE);
	memset(h, 4, 8 << 20);
	for (int i = 0; i < 8; i++) { lose(h + (i << 20) + 5 * PAGE, half); for (int k = 0; k < 8 << 20; k += 64) CHECK(h[k] == 4); }
	munmap(h, 8 << 20);
	h = mmap(0, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (h != MAP_FAILED) {
		memset(h, 4, 2 << 20); lose(h + 70 * PAGE, half);
		for (int k = 0; k < 2 << 20; k += 64) CHECK(h[k] == 4);
		munmap(h, 2 << 20);
	}
}

int main(void) {
	all(NATIVE); all(MIRROR);
	puts("regions");
}
