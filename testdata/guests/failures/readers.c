// Threads read and write a page while it is lost and replaced, again and again: none ever sees a wrong value.
// gaps: syscall
#include "failures.h"
#include <pthread.h>
#include <stdatomic.h>
static _Atomic uint64_t *shared;
static volatile uint64_t *constant;
static atomic_int stop;
static void *reader(void *arg) {
	uint64_t n = 0;
	for (; !stop; n++) for (int i = 0; i < PAGE / 8; i += 17) if (constant[i] != 0x5a5a5a5a5a5a5a5aull + i) { fprintf(stderr, "wrong value %lx at %d\n", constant[i], i); exit(1); }
	return (void *)n;
}
static void *counter(void *arg) {
	uint64_t n = 0;
	for (; !stop; n++) shared[3]++;
	return (void *)n;
}
static void *writer(void *arg) { // the only writer of its word
	volatile uint64_t *mine = (volatile uint64_t *)shared + 20; uint64_t n = 0;
	while (!stop) { *mine = ++n; if (*mine != n) { fprintf(stderr, "lost a store\n"); exit(1); } }
	return (void *)n;
}
int main(void) {
	shared = (void *)pages(1); shared[3] = shared[20] = 0;
	constant = (void *)pages(1);
	for (int i = 0; i < PAGE / 8; i++) constant[i] = 0x5a5a5a5a5a5a5a5aull + i;
	pthread_t t[4]; void *n[4];
	pthread_create(&t[0], 0, reader, 0); pthread_create(&t[1], 0, counter, 0); pthread_create(&t[2], 0, counter, 0); pthread_create(&t[3], 0, writer, 0);
	for (int i = 0; i < 60; i++) {
		lose(constant, NATIVE); lose(shared, i % 2 ? NATIVE : MIRROR);
		CHECK(constant[1] == 0x5a5a5a5a5a5a5a5bull); shared[40] = i;
		if (i % 16 == 0) lose((void *)constant, MIRROR), constant[9] = constant[9];
	}
	stop = 1;
	for (int i = 0; i < 4; i++) pthread_join(t[i], &n[i]);
	CHECK(shared[3] == (uint64_t)n[1] + (uint64_t)n[2]);
	CHECK(((volatile uint64_t *)shared)[20] == (uint64_t)n[3]);
	puts("readers");
}
