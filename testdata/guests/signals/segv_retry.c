// A SIGSEGV handler opens the page and the same store is tried again, for stores of many kinds.
// cflags: -O1
#include "guest.h"

static char *area;
static int faults;
static void handler(int sig, siginfo_t *si, void *ctx)
{
	char *page = (char *)((long)si->si_addr & -PAGE);
	check(page >= area && page < area + 32 * PAGE);
	check(si->si_code == SEGV_ACCERR);
	faults++;
	check(mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0);
}

int main(void)
{
	area = pages(32);
	memset(area, 3, 32 * PAGE);
	check(mprotect(area, 32 * PAGE, PROT_READ) == 0);
	stack_t st = {.ss_sp = malloc(65536), .ss_size = 65536};
	check(sigaltstack(&st, 0) == 0);
	on(SIGSEGV, handler, SA_ONSTACK); // one of the stores is a push with rsp in the area
	char *p = area + 64;
#define NEXT p += PAGE
	__asm__ volatile("movb $1, (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("movq $-1, (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("addl $5, (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("stc; adcl $5, (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("lock incq (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("mov $9, %%ecx; xchg %%ecx, (%0); mov %%ecx, 8(%0)" ::"r"(p) : "memory", "rcx"); NEXT;
	__asm__ volatile("mov $9, %%ecx; lock xadd %%ecx, (%0); mov %%ecx, 8(%0)" ::"r"(p) : "memory", "rcx"); NEXT;
	__asm__ volatile("pcmpeqb %%xmm0, %%xmm0; movups %%xmm0, (%0)" ::"r"(p) : "memory", "xmm0"); NEXT;
	__asm__ volatile("pushq $77; popq (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("fld1; fstpt (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("mov %0, %%rdi; mov $100, %%ecx; mov $7, %%eax; rep stosb" ::"r"(p) : "memory", "rdi", "rcx", "rax"); NEXT;
	__asm__ volatile("xchg %0, %%rsp; push $5; xchg %0, %%rsp" : "+r"(p)::"memory"); p += 8; NEXT;
	__asm__ volatile("btsl $7, (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("setc (%0)" ::"r"(p) : "memory"); NEXT;
	__asm__ volatile("movq $1, %0" : "=m"(*(long *)(area + 20 * PAGE - 4))); // both pages of a crossing store
	printf("faults %d hash %lx\n", faults, hash(area, 32 * PAGE));
	return 0;
}
