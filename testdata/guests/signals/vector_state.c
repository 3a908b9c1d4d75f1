// Vector, mask and x87 registers survive a handler that overwrites them all.
// cpu: avx512f
// cflags: -O1 -mavx512f
#include "guest.h"

static void handler(int sig, siginfo_t *si, void *ctx)
{
	__asm__ volatile(".irp n,0,1,2,3,15,16,31; vpxorq %%zmm\\n, %%zmm\\n, %%zmm\\n; .endr; kxorw %%k1, %%k1, %%k1; fninit; fldpi" ::
			     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm15", "xmm16", "xmm31", "k1");
}

int main(void)
{
	static unsigned char in[7][64], out[7][64];
	unsigned short k;
	long double st;
	on(SIGILL, handler, 0);
	struct sigaction sa;
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < 64; j++)
			in[i][j] = i * 64 + j;
	sigaction(SIGUSR1, 0, &sa);
	on(SIGUSR1, handler, 0);
	pid_t pid = getpid();
	__asm__ volatile("vmovdqu64 (%2), %%zmm0; vmovdqu64 64(%2), %%zmm1; vmovdqu64 128(%2), %%zmm2; vmovdqu64 192(%2), %%zmm3;"
			 "vmovdqu64 256(%2), %%zmm15; vmovdqu64 320(%2), %%zmm16; vmovdqu64 384(%2), %%zmm31;"
			 "mov $0xa5a5, %%eax; kmovw %%eax, %%k1; fldl2e;"
			 "mov $62, %%eax; mov %4, %%edi; mov $10, %%esi; syscall;" // kill(pid, SIGUSR1)
			 "vmovdqu64 %%zmm0, (%3); vmovdqu64 %%zmm1, 64(%3); vmovdqu64 %%zmm2, 128(%3); vmovdqu64 %%zmm3, 192(%3);"
			 "vmovdqu64 %%zmm15, 256(%3); vmovdqu64 %%zmm16, 320(%3); vmovdqu64 %%zmm31, 384(%3);"
			 "kmovw %%k1, %%eax; mov %%ax, %0; fstpt %1"
			 : "=m"(k), "=m"(st)
			 : "r"(in), "r"(out), "r"(pid)
			 : "rax", "rdi", "rsi", "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm15", "xmm16", "xmm31", "k1");
	printf("%s %x %.15Lf\n", memcmp(in, out, sizeof in) ? "LOST" : "kept", k, st);
	return 0;
}
