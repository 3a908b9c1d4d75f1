// A page is lost under every kind of access: loads, stores, read-modify-write, atomics, strings, vectors, page crossings.
// gaps: syscall
#include "failures.h"
#include <immintrin.h>

static volatile unsigned char *p;

static void each(int half) {
	uint64_t *q = (uint64_t *)(p + PAGE);
	lose(q, half); CHECK(p[PAGE + 9] == right(PAGE + 9));                                     // load
	lose(q, half); p[PAGE + 9] = 77; CHECK(p[PAGE + 9] == 77 && p[PAGE + 10] == right(PAGE + 10)); // store
	p[PAGE + 9] = right(PAGE + 9);
	uint64_t was = q[2];
	lose(q, half); asm volatile("addq $5, %0" : "+m"(q[2])); CHECK(q[2] == was + 5);          // read-modify-write
	lose(q, half); asm volatile("lock addq $5, %0" : "+m"(q[2])); CHECK(q[2] == was + 10);
	uint64_t one = 1; lose(q, half); asm volatile("lock xaddq %1, %0" : "+m"(q[2]), "+r"(one)); CHECK(one == was + 10 && q[2] == was + 11);
	lose(q, half); one = 3; asm volatile("xchgq %1, %0" : "+m"(q[2]), "+r"(one)); CHECK(one == was + 11 && q[2] == 3);
	lose(q, half); CHECK(__sync_val_compare_and_swap(&q[2], 3, was) == 3 && q[2] == was);
	lose(q, half); CHECK(__sync_val_compare_and_swap(&q[2], 3, 4) == was && q[2] == was);      // a failed one
	asm volatile("stc"); lose(q, half);
	asm volatile("stc; adcq $0, %0; sbbq $1, %0" : "+m"(q[2])); CHECK(q[2] == was);
	lose(q, half); asm volatile("pushq %0; popq %0" : "+m"(q[2])); CHECK(q[2] == was);
	lose(q, half); asm volatile("notq %0; negq %0; decq %0; notq %0; negq %0; decq %0" : "+m"(q[2])); CHECK(q[2] == was);
	// strings: the page in the middle; then both operands lost
	unsigned char *a = pages(3), *b = pages(3), *d = b, *s = a; long n = 3 * PAGE;
	memset(b, 0, 3 * PAGE); lose(b + PAGE, half);
	asm volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n)::"memory"); check_pages(b, 3);
	memset(b, 0, 3 * PAGE); lose(a + PAGE, half); lose(b + PAGE, half); d = b; s = a; n = 3 * PAGE / 8;
	asm volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n)::"memory"); check_pages(b, 3);
	lose(a + PAGE, half); lose(b + PAGE, half); d = b + 3 * PAGE - 1; s = a + 3 * PAGE - 1; n = 3 * PAGE;
	asm volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(n)::"memory"); check_pages(b, 3);
	lose(a + PAGE, half); lose(b + PAGE, half); d = b + PAGE; s = a + PAGE;
	asm volatile("movsq" : "+D"(d), "+S"(s)::"memory"); check_pages(b, 3);
	lose(b + PAGE, half); d = b; n = 3 * PAGE; asm volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(9) : "memory");
	for (int i = 0; i < 3 * PAGE; i++) CHECK(b[i] == 9);
	lose(a + PAGE, half); s = a; n = 3 * PAGE; d = b; memcpy(b, a, 3 * PAGE); lose(b + PAGE, half);
	asm volatile("repe cmpsb" : "+D"(d), "+S"(s), "+c"(n)::"memory", "cc"); CHECK(n == 0);
	// vector stores over a page boundary, either page lost
	__m128i v = _mm_set1_epi8(5);
	lose(a + PAGE, half); _mm_storeu_si128((void *)(a + PAGE - 8), v); CHECK(a[PAGE - 8] == 5 && a[PAGE + 7] == 5 && a[PAGE + 8] == right(PAGE + 8));
	lose(a, half); _mm_storeu_si128((void *)(a + PAGE - 8), v); CHECK(a[PAGE - 8] == 5 && a[PAGE + 7] == 5 && a[7] == right(7));
	lose(a, half); lose(a + PAGE, half); _mm_storeu_si128((void *)(a + PAGE - 4), v); CHECK(a[PAGE - 4] == 5 && a[PAGE + 11] == 5);
	lose(a + PAGE, half); uint64_t x = *(volatile uint64_t *)(a + PAGE - 4); CHECK((x & 255) == 5);
	double f = 3.5; lose(a, half); asm volatile("fldl %1; fstpl %0" : "=m"(*(double *)(a + 64)) : "m"(f)); CHECK(*(double *)(a + 64) == 3.5);
	munmap(a, 3 * PAGE); munmap(b, 3 * PAGE);
}

int main(void) {
	p = pages(3);
	for (int i = 0; i < 3; i++) { each(NATIVE); each(MIRROR); }
	check_pages((void *)p, 3);
	puts("access");
}
