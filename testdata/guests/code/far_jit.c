// Code in a big reservation that is made accessible piece by piece, as V8 and HotSpot do: calls and returns into it and
// out of it, code that other threads run while it is patched in place, and the same after a fork.
// cflags: -pthread
#include "guest.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PIECE (64 << 10)
static unsigned char *area;

// mov $v,%eax; add %edi,%eax; ret
static int (*emit(unsigned char *at, int v))(int) {
	unsigned char code[] = {0xb8, v, v >> 8, v >> 16, v >> 24, 0x01, 0xf8, 0xc3};
	memcpy(at, code, sizeof code);
	return (void *)at;
}

// sub $8,%rsp; mov $f,%rax; call *%rax; add $8,%rsp; ret
static int (*caller(unsigned char *at, void *f))(int) {
	unsigned char code[] = {0x48, 0x83, 0xec, 8, 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xd0, 0x48, 0x83, 0xc4, 8, 0xc3};
	memcpy(code + 6, &f, 8);
	memcpy(at, code, sizeof code);
	return (void *)at;
}

static int twice(int v) { return 2 * v; }

// Each thread writes functions of its own into pages that the others have code in, too.
static void *writer(void *arg) {
	long id = (long)arg, sum = 0;
	for (int i = 0; i < 3000; i++) {
		unsigned char *at = area + 2 * PIECE + i % 20 * 4096 + id * 64;
		sum += emit(at, i)(id);
	}
	return (void *)sum;
}

int main(void) {
	area = mmap(0, 128 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (int i = 0; i < 4; i++)
		if (mprotect(area + i * PIECE, PIECE, PROT_READ | PROT_WRITE | PROT_EXEC)) perror("mprotect");
	long sum = 0;
	int (*f)(int) = emit(area, 5), (*g)(int) = caller(area + 4090, twice), (*h)(int) = caller(area + PIECE - 5, f);
	for (int i = 0; i < 200000; i++) sum += f(i) + g(i) + h(i);
	printf("%ld\n", sum);

	emit(area, 7); // a patch, seen by the callers
	printf("%d %d\n", f(1), h(1));
	area[4096] ^= 8; // in the second page of caller's block: add $8 becomes another instruction's byte
	area[4096] ^= 8;
	caller(area + 4090, f);
	printf("%d\n", g(1));

	pthread_t t[4];
	for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, writer, (void *)i);
	for (int i = 0; i < 4; i++) {
		void *v;
		pthread_join(t[i], &v);
		printf("%ld\n", (long)v);
	}

	fflush(stdout);
	if (fork() == 0) {
		emit(area, 9);
		printf("child %d %d\n", f(1), h(1));
		fflush(stdout);
		_exit(0);
	}
	wait(0);
	emit(area, 11);
	printf("parent %d\n", f(1));
	munmap(area, 4096);
	mmap(area, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	emit(area, 13);
	printf("again %d\n", f(1));
}
