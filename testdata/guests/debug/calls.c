// Calls in calls, through libc and a signal handler: what a debugger has to find its way in.
// cflags: -g -O0
#include "../guest.h"

volatile int counter;
int table[8] = {5, 3, 8, 1, 7, 2, 6, 4};

__attribute__((noinline)) static int leaf(int x) {
	counter += x;
	return x * 2;
}

__attribute__((noinline)) int middle(int n) {
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += leaf(i);
	return sum;
}

static int compare(const void *a, const void *b) {
	return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) void inner(int sig) {
	counter += 100 + (sig != 0);
}

static void handler(int sig) {
	inner(sig);
}

static int noisy(const void *a, const void *b) {
	static int once;
	if (!once++)
		raise(SIGUSR1);
	return compare(a, b);
}

int factorial(int n) {
	if (n <= 1)
		return 1;
	return n * factorial(n - 1);
}

int main(void) {
	struct sigaction act = {.sa_handler = handler};
	sigaction(SIGUSR1, &act, NULL);
	int r = middle(5);
	qsort(table, 8, sizeof table[0], noisy);
	r += factorial(6);
	r += middle(3);
	for (int i = 0; i < 8; i++)
		r = r * 3 + table[i];
	printf("%d %d\n", r, counter);
	return 0;
}
