// What an optimizing compiler makes of variables: registers, constants, pieces, values computed from others, nothing at all, and functions
// that are copied into their callers.
// cflags: -g -O2
#include "../guest.h"

struct pair {
	long a, b;
};
struct entry {
	int key;
	double weight;
	struct entry *next;
};

static struct entry table[5] = {{3, 1.5, table + 1}, {7, 2.5, table + 2}, {11, 4.25, table + 3}, {13, 8, 0}};
volatile long sink;
volatile int zero;

__attribute__((noinline)) void report(const char *what, long value, double weight) {
	sink = value + (long)weight;
	printf("%s %ld %g\n", what, value, weight);
}

static inline long square(long x) {
	long result = x * x;
	if (x > 1000)
		report("big", x, 0);
	return result;
}

static inline struct pair both(long x) { return (struct pair){square(x), x + 1}; }

__attribute__((noinline)) static long total(struct entry *head, int limit) {
	long sum = 0;
	double weights = 0;
	for (struct entry *e = head; e; e = e->next) {
		int key = e->key;
		if (key > limit)
			break;
		weights += e->weight;
		sum += square(key);
		report("key", sum, weights);
	}
	const int factor = 3;
	return sum * factor;
}

__attribute__((noinline)) static long work(int n, const char *name) {
	struct pair p = both(n);
	long unused = n * 77L;
	long t = total(table, n);
	report(name, p.a + t, (double)p.b);
	return t + n;
}

__attribute__((noinline)) static struct pair split(long x) { return (struct pair){x / 10, x % 10}; }
__attribute__((noinline)) static double scaled(double x, int by) { return x * by + zero; }

int main(int argc, char **argv) {
	long r = work(argc + 11, "work");
	struct pair s = split(r);
	double d = scaled(1.25, argc + 1);
	report("end", s.a + square(s.b), d);
	return 0;
}
