// How long a load, a store, takes that meets a lost page: everything included. With LATENCY in the environment
// the figures go to standard error.
// gaps: syscall
#include "failures.h"
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e6 + t.tv_nsec / 1e3; }
static int compare(const void *a, const void *b) { double x = *(double *)a, y = *(double *)b; return x < y ? -1 : x > y; }
int main(void) {
	volatile unsigned char *p = pages(64);
	static double took[1000];
	for (int half = NATIVE; half <= MIRROR; half++) {
		for (int i = 0; i < 1000; i++) {
			int at = i % 64 * PAGE + i * 13 % PAGE;
			lose(p + at, half);
			double start = now();
			p[at] = p[at];
			took[i] = now() - start;
			CHECK(p[at] == right(at));
		}
		qsort(took, 1000, sizeof *took, compare);
		if (getenv("LATENCY"))
			fprintf(stderr, "%s page: median %.1f us, 99%% %.1f us, worst %.1f us\n", half == NATIVE ? "native" : "mirror", took[500], took[990], took[999]);
	}
	check_pages((void *)p, 64);
	puts("latency");
}
