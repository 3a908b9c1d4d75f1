// Two threads run translated read-modify-writes of the same words; after each round both copies must be equal.
//
//	./race rounds file
//
// The file holds pairs of fragments: uint32 length, code that ends in ret, twice a pair. Prints the rounds in which the
// copies differed, for each pair.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { OFFSET_BITS = 46, WORDS = 64 };
static uint8_t *const words = (uint8_t *)0x10000000;
static uint8_t *code[2];
static uint64_t thread_block[2][64] __attribute__((aligned(64)));
static long rounds, differ;
static atomic_long arrived[2];

static void meet(int which, long round) {
	atomic_fetch_add(&arrived[which], 1);
	for (int spin = 0; atomic_load(&arrived[which]) < 2 * round; spin++) if (spin > 2000) sched_yield();
}

// call runs a fragment with FS set to the thread block.
static void call(void *fn, uint64_t *block, uint64_t *rng) {
	uint64_t libc, a = *rng, b = *rng >> 20, c = *rng >> 40, d = *rng >> 10;
	*rng = *rng * 6364136223846793005ull + 1442695040888963407ull;
	__asm__ volatile("rdfsbase %[libc]\n wrfsbase %[block]\n call *%[fn]\n wrfsbase %[libc]"
		: "+a"(a), "+b"(b), "+c"(c), "+d"(d), [libc] "=&r"(libc)
		: [fn] "r"(fn), [block] "r"(block), "D"(words) : "memory", "cc", "r8", "r9");
}

static void *run(void *arg) {
	int me = (int)(uintptr_t)arg;
	uint64_t rng = 12345 + me * 777;
	__asm__ volatile("wrgsbase %0" : : "r"(1ull << OFFSET_BITS));
	for (long r = 1; r <= rounds; r++) {
		meet(0, r);
		for (int i = (rng >> 33) & 3; i >= 0; i--) call(code[me], thread_block[me], &rng);
		meet(1, r);
		if (me == 0 && memcmp(words, words + (1ull << OFFSET_BITS), WORDS)) {
			differ++;
			memcpy(words + (1ull << OFFSET_BITS), words, WORDS);
		}
	}
	return NULL;
}

int main(int argc, char **argv) {
	FILE *f = argc > 2 ? fopen(argv[2], "rb") : NULL;
	if (!f) { perror("fragments"); return 2; }
	rounds = atol(argv[1]);
	for (int i = 0; i < 2; i++) {
		void *at = words + ((uint64_t)i << OFFSET_BITS);
		if (mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at) return 2;
		code[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	uint32_t n;
	for (int pair = 0; fread(&n, 4, 1, f) == 1; pair++) {
		if (n > 4096 || fread(code[0], 1, n, f) != n) return 2;
		if (fread(&n, 4, 1, f) != 1 || n > 4096 || fread(code[1], 1, n, f) != n) return 2;
		pthread_t other;
		differ = 0;
		arrived[0] = arrived[1] = 0;
		pthread_create(&other, NULL, run, (void *)1);
		pthread_t first;
		pthread_create(&first, NULL, run, (void *)0);
		pthread_join(first, NULL);
		pthread_join(other, NULL);
		printf("%d %ld\n", pair, differ);
		fflush(stdout);
	}
	return 0;
}
