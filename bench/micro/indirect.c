// Calls through pointers, as interpreters and virtual methods make them: indirect CALLS.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint64_t (*op)(uint64_t, uint64_t);
static uint64_t add(uint64_t a, uint64_t b) { return a + b; }
static uint64_t sub(uint64_t a, uint64_t b) { return a - b; }
static uint64_t mul(uint64_t a, uint64_t b) { return a * (b | 1); }
static uint64_t xor(uint64_t a, uint64_t b) { return a ^ b; }
static uint64_t rot(uint64_t a, uint64_t b) { return a << 7 | a >> 57; }
static uint64_t inc(uint64_t a, uint64_t b) { return a + 1; }
static uint64_t neg(uint64_t a, uint64_t b) { return -a; }
static uint64_t mix(uint64_t a, uint64_t b) { return (a ^ a >> 31) + b; }

static op volatile ops[8] = {add, sub, mul, xor, rot, inc, neg, mix};

int main(int argc, char **argv)
{
	size_t calls = strtoul(argv[1], 0, 0);
	uint8_t program[64];
	uint64_t a = 1, x = 12345;
	for (int i = 0; i < 64; i++)
		x = x * 6364136223846793005 + 1442695040888963407, program[i] = x >> 61;
	for (size_t i = 0; i < calls; i++)
		a = ops[program[i & 63]](a, i);
	printf("%lu\n", a);
}
