// kmv's own pages in the target: code cache, jump map, thread blocks. Their addresses are given by the test.
// gaps: syscall
#include "failures.h"
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(int argc, char **argv) {
	int (*volatile f)(int) = fib;
	for (int i = 1; i < argc; i++) {
		lose((void *)strtoul(argv[i], 0, 0), NATIVE);
		CHECK(f(20) == 6765);
		char text[64]; CHECK(snprintf(text, sizeof text, "%g", 1.5 * i) > 0);
	}
	puts("own");
}
