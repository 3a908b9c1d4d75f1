// A small compiler: write code, make it executable by mprotect, run it, make it writable again, at new and old addresses.
#include "guest.h"

// emit compiles the sum of n terms x*k+c into p.
static size_t emit(unsigned char *p, int n)
{
	size_t o = 0;
	p[o++] = 0x31, p[o++] = 0xc0; // xor %eax, %eax
	for (int i = 0; i < n; i++) {
		int k = i * 3 + 1, c = i;
		p[o++] = 0x69, p[o++] = 0xcf, memcpy(p + o, &k, 4), o += 4;  // imul $k, %edi, %ecx
		p[o++] = 0x81, p[o++] = 0xc1, memcpy(p + o, &c, 4), o += 4;  // add $c, %ecx
		p[o++] = 0x01, p[o++] = 0xc8;                                // add %ecx, %eax
	}
	p[o++] = 0xc3;
	return o;
}

int main(void)
{
	uint64_t h = 0;
	unsigned char *p = (unsigned char *)pages(16);
	for (int i = 1; i < 200; i++) {
		check(mprotect(p, 16 * PAGE, PROT_READ | PROT_WRITE) == 0);
		emit(p, i);
		check(mprotect(p, 16 * PAGE, PROT_READ | PROT_EXEC) == 0);
		h = h * 31 + ((int (*)(int))p)(i);
		if (i % 10 == 0) { // a new place
			check(munmap(p, 16 * PAGE) == 0);
			p = (unsigned char *)pages(16);
		}
	}
	int fd = memfd_create("code", 0); // two views of one file: one to write, one to run
	check(ftruncate(fd, 4 * PAGE) == 0);
	unsigned char *w = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int (*x)(int) = mmap(0, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	check(w != MAP_FAILED && x != MAP_FAILED);
	emit(w, 100);
	h = h * 31 + x(5);
	printf("%lx\n", h);
	return 0;
}
