// 64 threads on atomics of every size and kind, on the same words, cmpxchg8b and cmpxchg16b included.
// cflags: -pthread -mcx16 -O2
#include "guest.h"

#define N 64
#define ROUNDS 3000
static struct {
	uint8_t a8, x8;
	uint16_t a16, x16;
	uint32_t a32, x32;
	uint64_t a64, x64, bits[4], sub, cas, inv;
	uint32_t mixed;
} s __attribute__((aligned(64)));
static struct { uint64_t lo, hi; } pair __attribute__((aligned(16)));
static uint64_t eight __attribute__((aligned(8)));

static void *worker(void *arg)
{
	unsigned id = (long)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		__atomic_add_fetch(&s.a8, 3, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&s.a16, 5, __ATOMIC_SEQ_CST);
		__asm__ volatile("lock incl %0" : "+m"(s.a32));
		__atomic_fetch_add(&s.a64, id, __ATOMIC_SEQ_CST);
		__asm__ volatile("lock subq $7, %0; lock negq %1; lock notq %2" : "+m"(s.sub), "+m"(s.x64), "+m"(s.inv));
		__atomic_fetch_xor(&s.x8, i, __ATOMIC_SEQ_CST);
		__atomic_fetch_xor(&s.x16, i, __ATOMIC_SEQ_CST);
		__atomic_exchange_n(&s.x32, 0x01010101 * (id & 3), __ATOMIC_SEQ_CST);
		__asm__ volatile("lock btcq %1, %0" : "+m"(s.bits) : "r"((uint64_t)(id + i) & 255) : "cc");
		__atomic_add_fetch(&((uint8_t *)&s.mixed)[id & 3], 1, __ATOMIC_SEQ_CST); // sizes overlap in one word
		__atomic_add_fetch(&s.mixed, 0x100, __ATOMIC_SEQ_CST);
		uint64_t old = __atomic_load_n(&s.cas, __ATOMIC_SEQ_CST);
		while (!__atomic_compare_exchange_n(&s.cas, &old, old + 2, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		uint64_t lo = pair.lo, hi = pair.hi;
		unsigned char ok;
		do
			__asm__ volatile("lock cmpxchg16b %0" : "+m"(pair), "=@ccz"(ok), "+a"(lo), "+d"(hi) : "b"(lo + 1), "c"(hi + 3));
		while (!ok);
		uint32_t l = eight, h = eight >> 32;
		do
			__asm__ volatile("lock cmpxchg8b %0" : "+m"(eight), "=@ccz"(ok), "+a"(l), "+d"(h) : "b"(l + 1), "c"(h + 2));
		while (!ok);
	}
	return 0;
}

int main(void)
{
	pthread_t t[N];
	s.x64 = 5;
	for (long i = 0; i < N; i++)
		check(pthread_create(&t[i], 0, worker, (void *)i) == 0);
	for (int i = 0; i < N; i++)
		pthread_join(t[i], 0);
	printf("%d %d %u %lu %lu\n", s.a8, s.a16, s.a32, s.a64, s.sub);
	printf("%d %d %lu %lu %lu %d\n", s.x8, s.x16, s.x64, s.inv, s.cas, s.x32 % 0x01010101);
	printf("%lx %lx %lx %lx\n", s.bits[0], s.bits[1], s.bits[2], s.bits[3]);
	printf("pair %lu %lu eight %lx\n", pair.lo, pair.hi, eight);
	return 0;
}
