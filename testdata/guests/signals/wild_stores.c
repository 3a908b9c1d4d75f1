// A store through a wild pointer faults and changes nothing: also where the address of its copy, 64 TiB above and a little more,
// would wrap around into the program's own memory.
#include "guest.h"
#include <emmintrin.h>

static sigjmp_buf back;
static unsigned long at;

static void fault(int sig, siginfo_t *info, void *context)
{
	at = (unsigned long)info->si_addr;
	siglongjmp(back, 1);
}

int main(void)
{
	static char data[4 * PAGE];
	int local[64] = {0};
	char *heap = pages(4), *const targets[] = {data + PAGE, heap + PAGE, (char *)local};
	const size_t sizes[] = {PAGE, PAGE, sizeof local};
	static char stack[65536]; // the stack pointer will be wild, too
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
	check(sigaltstack(&ss, 0) == 0);
	on(SIGSEGV, fault, SA_ONSTACK);
	for (int i = 0; i < sizeof data; i++)
		data[i] = heap[i] = i * 7;
	for (int t = 0; t < 3; t++) {
		volatile uint64_t *wild = (uint64_t *)(targets[t] - (1UL << 46) - (1UL << 27) - (1UL << 25));
		uint64_t before = hash(targets[t], sizes[t]);
		volatile int right = 0;
#define TRY(store)                                                                           \
	if (!sigsetjmp(back, 1)) {                                                           \
		store;                                                                       \
		puts("no fault");                                                            \
	} else                                                                               \
		right += hash(targets[t], sizes[t]) == before && at - (unsigned long)wild < 64
		TRY(*wild = 1);
		TRY(*(volatile char *)wild = 1);
		TRY(*wild += 5);
		TRY(__sync_fetch_and_add(wild, 3));
		TRY(_mm_storeu_si128((__m128i *)wild, _mm_set1_epi8(9)));
		TRY(__asm__ volatile("movq $77, %0" : "=m"(wild[1])));
		TRY(__asm__ volatile("xchg %0, %1" : "+m"(*wild) : "r"(5L)));
		TRY(__asm__ volatile("mov %%rsp, %%rbx; lea 8(%0), %%rsp; push %%rax" : : "r"(wild) : "rbx", "memory"));
		TRY(__asm__ volatile("cld; rep stosb" : : "D"(wild), "a"(3), "c"(40L) : "memory"));
		TRY(__asm__ volatile("movnti %0, %1" : : "r"(5L), "m"(*wild)));
		TRY(__asm__ volatile("fstl %0" : "=m"(*wild)));
		TRY(__asm__ volatile("setc %0" : "=m"(*(char *)wild)));
		printf("%d\n", right);
	}
	return 0;
}
