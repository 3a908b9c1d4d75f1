// mincore, mlock, msync and process_vm_readv/writev on the program's own memory.
#include "guest.h"
#include <sys/uio.h>

int main(void)
{
	unsigned char vec[8];
	char *p = pages(8);
	p[0] = p[3 * PAGE] = 1;
	check(mincore(p, 8 * PAGE, vec) == 0);
	for (int i = 0; i < 8; i++)
		printf("%d", vec[i] & 1);
	printf("\nlock %d unlock %d\n", mlock(p, 4 * PAGE), munlock(p, 4 * PAGE));
	printf("msync %d\n", msync(p, 8 * PAGE, MS_SYNC));
	char text[] = "written by process_vm_writev", back[64] = "";
	struct iovec local[2] = {{text, 10}, {text + 10, sizeof text - 10}}, remote = {p + PAGE - 5, sizeof text};
	check(process_vm_writev(getpid(), local, 2, &remote, 1, 0) == sizeof text);
	local[0] = (struct iovec){back, sizeof text};
	check(process_vm_readv(getpid(), local, 1, &remote, 1, 0) == sizeof text);
	puts(p + PAGE - 5);
	puts(back);
	return 0;
}
