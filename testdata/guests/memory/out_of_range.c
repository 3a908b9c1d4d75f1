// Calls about addresses that no program can have: the errors are native ones, and nothing is noted.
#include "guest.h"

static void said(const char *call, long ret) { printf("%s: %s\n", call, ret == -1 ? strerrorname_np(errno) : "done"); }

int main(void)
{
	const int memory = MAP_PRIVATE | MAP_ANONYMOUS;
	char *here = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, memory, -1, 0);
	const unsigned long ends[] = {0x7ffffffff000, 1ul << 47, 1ul << 52, 1ul << 60, 1ul << 63, -2 * PAGE};
	for (int i = 0; i < 6; i++) {
		char *at = (char *)ends[i];
		printf("%p\n", at);
		said("fixed", (long)mmap(at, PAGE, PROT_READ, memory | MAP_FIXED, -1, 0));
		said("fixed, long", (long)mmap(at - PAGE, 4 * PAGE, PROT_READ, memory | MAP_FIXED, -1, 0));
		said("odd", (long)mmap(at + 1, PAGE, PROT_READ, memory | MAP_FIXED, -1, 0));
		said("noreplace", (long)mmap(at, PAGE, PROT_READ, memory | MAP_FIXED_NOREPLACE, -1, 0));
		said("mremap", (long)mremap(here, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at));
		said("mremap from", (long)mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
		said("munmap", munmap(at, PAGE));
		said("mprotect", mprotect(at, PAGE, PROT_READ));
		said("madvise", madvise(at, PAGE, MADV_DONTNEED));
		said("msync", msync(at, PAGE, MS_SYNC));
		said("mlock", mlock(at, PAGE));
		check(mmap(at, PAGE, PROT_READ | PROT_WRITE, memory, -1, 0) != MAP_FAILED); // only a wish
	}
	*here = 1;
	return 0;
}
