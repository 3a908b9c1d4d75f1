// A handler that runs around a system call sees it either not begun or done, with every register and flag in place.
// cflags: -O1
#include "guest.h"

extern char at_call[], behind[];
static char buf[256], text[256];
static int file;
static volatile int bad, seen;
static long number, length, flags;

static void handler(int sig, siginfo_t *si, void *ctx)
{
	greg_t *g = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	char *pc = (char *)g[REG_RIP];
	int e = errno;
	seen++;
	if (pc == at_call || pc == behind) {
		bad |= g[REG_RDI] != file || g[REG_RSI] != (long)buf || g[REG_RDX] != length || g[REG_R10] != 0;
		bad |= g[REG_R8] != 8 || g[REG_R9] != 9 || g[REG_RBX] != 3 || g[REG_R12] != 12 || g[REG_R15] != 15;
		bad |= (g[REG_EFL] & 0x8d5) != (flags & 0x8d5) ? 2 : 0;
	}
	if (pc == at_call)
		bad |= g[REG_RAX] != number ? 4 : 0;
	if (pc == behind) {
		bad |= g[REG_RAX] != length && number != SYS_getppid ? 8 : 0;
		bad |= g[REG_RCX] != (long)behind || (g[REG_R11] & 0x8d5) != (flags & 0x8d5) ? 16 : 0;
		bad |= number == SYS_pread64 && memcmp(buf, text, length) ? 32 : 0;
	}
	if (bad && bad < 1000) {
		printf("bad %d: rax %lld rdi %lld rsi %llx rdx %lld flags %llx/%lx at %ld\n", bad, g[REG_RAX], g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_EFL], flags, (long)(pc - at_call));
		bad += 1000;
	}
	errno = e;
}

static long call(void)
{
	long r;
	memset(buf, 0, length);
	__asm__ volatile("push %%rbx; push %%r12; push %%r15; mov $3, %%ebx; mov $12, %%r12d; mov $15, %%r15d\n"
			 "xor %%r10d, %%r10d; mov $8, %%r8d; mov $9, %%r9d; pushq %[flags]; popfq\n"
			 ".globl at_call, behind\nat_call: syscall\nbehind: nop\n"
			 "pop %%r15; pop %%r12; pop %%rbx"
			 : "=a"(r)
			 : "0"(number), "D"(file), "S"(buf), "d"(length), [flags] "m"(flags)
			 : "rcx", "r11", "r8", "r9", "r10", "cc", "memory");
	return r;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(void)
{
	file = memfd_create("f", 0);
	for (int i = 0; i < 256; i++)
		text[i] = i + 1;
	check(write(file, text, 256) == 256);
	on(SIGALRM, handler, SA_RESTART);
	struct itimerval t = {{0, 700}, {0, 700}};
	number = SYS_getppid, flags = 0x202, length = 1;
	setitimer(ITIMER_REAL, &t, 0);
	double end = now() + 1.5;
	for (int i = 0; now() < end; i++) {
		long n[] = {SYS_pread64, SYS_getppid, SYS_pread64};
		sigset_t none;
		for (int k = 0; k < 50; k++) {
			number = n[i % 3], length = 1 + (i * 7 + k) % 200, flags = 0x202 | (i & 1 ? 0x8d5 : 0) | (i & 2 ? 0x800 : 0x41);
			call();
		}
	}
	printf("%s\n", bad ? "BAD" : seen > 20 ? "good" : "few signals");
	return 0;
}
