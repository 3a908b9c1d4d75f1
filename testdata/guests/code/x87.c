// x87: 80-bit arithmetic and stores, fnsave, fnstenv, frstor, fbstp, fisttp, popping stores of all sizes.
// cflags: -lm
#include "guest.h"
#include <math.h>

int main(void)
{
	long double v[8], s = 0;
	for (int i = 0; i < 8; i++)
		v[i] = sqrtl(i + 2) * powl(1.5L, i);
	for (int i = 0; i < 8; i++)
		s += sinl(v[i]) * expl(-v[i]);
	printf("%.18Lf\n", s);
	unsigned char area[512] __attribute__((aligned(64))), env[28], bcd[10], rest[108];
	memset(area, 0, sizeof area);
	short i16;
	int i32;
	long i64;
	float f;
	double d;
	__asm__ volatile("fninit; fldpi; fldl2e; fldln2; fnsave %0; frstor %0; fnstenv %1; fstps %2; fstpl %3; fistl %4; fistpll %5"
			 : "=m"(rest), "=m"(env), "=m"(f), "=m"(d), "=m"(i32), "=m"(i64));
	printf("%.6f %.15f %d %ld sw %02x%02x tag %02x%02x\n", f, d, i32, i64, env[5], env[4], env[9], env[8]);
	__asm__ volatile("fldpi; fldpi; fmulp; fld %%st(0); fistps %0; fld %%st(0); fisttpl %1; fld %%st(0); fisttpll %2; fld %%st(0); fbstp %3; fstps %4"
			 : "=m"(i16), "=m"(i32), "=m"(i64), "=m"(bcd), "=m"(f));
	printf("%d %d %ld %.5f bcd %lx\n", i16, i32, i64, f, hash(bcd, 10));
	long double t[3] = {1, 2, 3};
	__asm__ volatile("fldpi; fstpt 16(%0); fld1; fchs; fstpt 3(%1)" ::"r"(t), "r"(area) : "memory");
	printf("%.18Lf %lx\n", t[1], hash(area, 32));
	short cw;
	__asm__ volatile("fnstcw %0" : "=m"(cw));
	__asm__ volatile("fnstsw %%ax; fnstsw %0" : "=m"(i16)::"rax");
	printf("%x %x\n", cw, i16 & 0x3800);
	__asm__ volatile("fxsave %0" : "=m"(area));
	printf("fxsave cw %x mxcsr %x\n", *(unsigned short *)area, *(unsigned *)(area + 24));
	return 0;
}
