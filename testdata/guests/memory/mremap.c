// mremap grows in place, moves, goes to a fixed address, shrinks, duplicates a shared one, and keeps a source on request.
#include "guest.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

int main(void)
{
	char *space = pages(64);
	memset(space, 1, 64 * PAGE);
	check(munmap(space + 8 * PAGE, 56 * PAGE) == 0);
	char *p = mremap(space, 8 * PAGE, 16 * PAGE, 0); // in place, or not
	if (p != MAP_FAILED)
		check(p == space);
	else
		p = mremap(space, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	check(p != MAP_FAILED);
	printf("grown: %d %d\n", p[7 * PAGE], p[8 * PAGE]);
	for (int i = 0; i < 16; i++)
		p[i * PAGE] = i;
	char *wall = mmap(p + 16 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	*wall = 77;
	printf("no room: %d\n", mremap(p, 16 * PAGE, 17 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
	char *m = mremap(p, 16 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE);
	check(m != MAP_FAILED && m != p);
	printf("moved: %d %d %d wall %d\n", m[0], m[15 * PAGE], m[999 * PAGE], *wall);
	m[999 * PAGE] = 5;
	check(mremap(m, 1000 * PAGE, 10 * PAGE, 0) == m);
	char *at = (char *)0x250000000000;
	check(mremap(m, 10 * PAGE, 12 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at);
	at[11 * PAGE] = 11;
	printf("fixed: %d %d %d\n", at[9 * PAGE], at[10 * PAGE], at[11 * PAGE]);
	check(mremap(at + 4 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 20 * PAGE) == at + 20 * PAGE); // out of the middle
	printf("middle: %d, gap %d\n", at[20 * PAGE], msync(at + 4 * PAGE, PAGE, MS_ASYNC) == -1 && errno == ENOMEM);
	char *keep = mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	check(keep != MAP_FAILED);
	printf("kept source: %d %d\n", keep[PAGE], at[PAGE]);
	at[PAGE] = 50;
	char *s = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *t = mremap(s, 0, 4 * PAGE, MREMAP_MAYMOVE); // a second view
	check(t != MAP_FAILED);
	strcpy(s, "both views");
	puts(t);
	printf("bad: %d %d\n", mremap(at + 1, PAGE, PAGE, 0) == MAP_FAILED && errno == EINVAL,
	       mremap((void *)0x150000000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
	return 0;
}
