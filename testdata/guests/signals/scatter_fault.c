// A scatter that faults in its middle has stored some elements and shows which in its mask; a handler sees it, mends the fault, and
// it goes on or leaves it. Signals come in the middle, too.
// cpu: avx512f avx512vl
// cflags: -O1 -mavx512f -mavx512vl
#include "guest.h"
#include <immintrin.h>

static char *area;
static volatile int faults;
static volatile long alarms;
static volatile int leave;
static sigjmp_buf out;

static void fault(int sig, siginfo_t *info, void *context)
{
	faults++;
	if (leave)
		siglongjmp(out, 1);
	for (int i = 0; i < 8; i++) // what has been stored so far, whatever order the processor takes
		if ((char *)info->si_addr >= area + i * PAGE && (char *)info->si_addr < area + (i + 1) * PAGE)
			check(mprotect(area + i * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
}

static void alarmed(int sig, siginfo_t *info, void *context) { alarms++; }

int main(void)
{
	area = pages(8);
	on(SIGSEGV, fault, 0);
	__m512i v = _mm512_set_epi32(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
	__m512i idx = _mm512_set_epi32(7900, 7300, 6900, 6200, 5900, 5200, 4700, 4300, 3700, 3200, 2800, 2200, 1600, 1500, 600, 3);
	__m512i wide = _mm512_set_epi64(3900, 3300, 2900, 2100, 1800, 1200, 700, 30);
	__m256i narrow = _mm512_castsi512_si256(_mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 4080, 3500, 3000, 2400, 1700, 1300, 600, 9));
#define EACH(name, store)                                                                  \
	for (int k = 1; k < 8; k++) {                                                      \
		for (int i = k; i < 8; i += k)                                             \
			check(mprotect(area + i * PAGE, PAGE, PROT_NONE) == 0);            \
		store;                                                                     \
		check(mprotect(area, 8 * PAGE, PROT_READ | PROT_WRITE) == 0);              \
		printf("%s %d: %lx\n", name, faults, hash(area, 8 * PAGE));                \
	}
	EACH("dd", _mm512_i32scatter_epi32(area, idx, v, 4));
	EACH("dd masked", _mm512_mask_i32scatter_epi32(area, 0x5fb7, idx, _mm512_slli_epi32(v, 3), 4));
	EACH("qq", _mm512_i64scatter_epi64(area, wide, v, 8));
	EACH("qd", _mm512_i64scatter_epi32(area + 100, wide, _mm512_castsi512_si256(v), 8));
	EACH("dq", _mm512_i32scatter_pd(area + 200, narrow, _mm512_castsi512_pd(v), 8));
	EACH("ymm", _mm256_i32scatter_epi32(area + 300, _mm256_srli_epi32(narrow, 1), _mm512_castsi512_si256(v), 8));
	leave = 1; // what is stored stays
	EACH("left", if (!sigsetjmp(out, 1)) _mm512_i32scatter_epi32(area, idx, _mm512_set1_epi32(k), 4));
	EACH("left", if (!sigsetjmp(out, 1)) _mm512_mask_i64scatter_epi64(area, 0xbf, wide, _mm512_set1_epi64(k), 8));
	leave = 0;
	on(SIGALRM, alarmed, SA_RESTART);
	struct itimerval t = {{0, 200}, {0, 200}};
	check(setitimer(ITIMER_REAL, &t, 0) == 0);
	for (int i = 0; alarms < 200; i++)
		_mm512_i32scatter_epi32(area, idx, _mm512_set1_epi32(i), 4);
	puts("alarms");
	return 0;
}
