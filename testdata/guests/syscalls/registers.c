// cflags: -no-pie -Wl,-Ttext-segment=0x10000000
// A system call changes rax, rcx and r11 only, whatever the other registers, the flags and the stack pointer hold.
#include "guest.h"

struct regs {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, flags, next, saved;
};
static struct regs in, out;

// call loads all of `in`, makes the system call and stores all into `out`.
void call(void);
__asm__("call: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp, in+144\n"
	"pushq in+128; popfq\n"
	"mov in, %rax; mov in+8, %rbx; mov in+24, %rdx; mov in+32, %rsi; mov in+40, %rdi; mov in+48, %rbp\n"
	"mov in+64, %r8; mov in+72, %r9; mov in+80, %r10; mov in+96, %r12; mov in+104, %r13; mov in+112, %r14; mov in+120, %r15\n"
	"mov in+56, %rsp\n"
	"syscall\n"
	"after: mov %rsp, out+56; mov %rax, out; mov in+144, %rsp; pushfq; popq out+128; cld\n"
	"mov %rbx, out+8; mov %rcx, out+16; mov %rdx, out+24; mov %rsi, out+32; mov %rdi, out+40; mov %rbp, out+48\n"
	"mov %r8, out+64; mov %r9, out+72; mov %r10, out+80; mov %r11, out+88; mov %r12, out+96; mov %r13, out+104; mov %r14, out+112; mov %r15, out+120\n"
	"lea after(%rip), %rax; mov %rax, out+136\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static char buf[8192];
static int file;

static void try(const char *name, uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	static const uint64_t flags[] = {0x202, 0x202 | 0x8d5, 0x202 | 0x400, 0x202 | 0x801, 0x202 | 0xc0, 0x202 | 0x414};
	for (int i = 0; i < 6; i++) {
		lseek(file, 0, SEEK_SET);
		memset(&in, 0, sizeof in), memset(buf, 0, sizeof buf);
		uint64_t *r = (uint64_t *)&in;
		for (int k = 0; k < 16; k++)
			r[k] = 0x0101010101010101 * (k + 1) + i;
		in.rax = nr, in.rdi = a, in.rsi = b, in.rdx = c, in.r10 = d, in.flags = flags[i];
		if (i & 1)
			in.rsp = 0; // nothing may be pushed
		call();
		int same = out.rcx == out.next && out.r11 == in.flags && out.flags == in.flags;
		for (int k = 1; k < 16; k++)
			if (k != 2 && k != 11)
				same &= ((uint64_t *)&out)[k] == r[k];
		if (i == 0 || !same)
			printf("%s: %ld %lx %s\n", name, (long)out.rax < 0 ? (long)out.rax : (long)out.rax > 0, hash(buf, sizeof buf), same ? "same" : "CHANGED");
		if (!same)
			printf("  flags %lx %lx r11 %lx rcx %lx %lx\n", in.flags, out.flags, out.r11, out.rcx, out.next);
	}
}

int main(void)
{
	file = memfd_create("f", 0);
	for (int i = 0; i < 8192; i++)
		buf[i] = i * 7 + i / 256;
	check(write(file, buf, 8192) == 8192);
	uint64_t b = (uint64_t)buf;
	try("getpid", SYS_getpid, 1, 2, 3, 4);
	try("getpid, high bits", SYS_getpid | 0xabcdef0000000000, 1, 2, 3, 4);
	try("read 1", SYS_read, file, b, 1, 0);
	try("read 7", SYS_read, file, b + 1, 7, 0);
	try("read 300", SYS_read, file, b + 3, 300, 0);
	try("read 8000", SYS_read, file, b + 5, 8000, 0);
	try("read bad fd", SYS_read, -1, b, 100, 0);
	try("read bad address", SYS_read, file, 16, 100, 0);
	try("fcntl", SYS_fcntl, file, F_GETFD, 3, 4);
	try("fcntl F_GETFL", SYS_fcntl, file, F_GETFL, 3, 4);
	try("openat", SYS_openat, -100, (uint64_t) "/nowhere", 0, 0);
	try("mmap", SYS_mmap, 0, 0, 0, 0);
	try("uname", SYS_uname, 16, 0, 0, 0);
	try("epoll_wait_old", 215, -1, 0, 0, 0);
	try("number -1", 0xffffffff, 1, 2, 3, 4);
	try("number 400", 400, 1, 2, 3, 4);
	try("ppoll", SYS_ppoll, 0, 0, (uint64_t)(buf + 64), 0);
	return 0;
}
