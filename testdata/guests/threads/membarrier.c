// Barriers for other threads' sake. Restartable sequences are there for both calls or for none.
#include "guest.h"
#include <linux/membarrier.h>
#include <sys/syscall.h>

static int barrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

int main(void)
{
	int known = barrier(MEMBARRIER_CMD_QUERY);
	printf("global %d, private %d\n", known & 1, known >> 3 & 1);
	printf("not registered: %d\n", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	printf("register: %d\n", barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	printf("then: %d\n", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	int there = syscall(SYS_rseq, 0, 0, 0, 0) == 0 || errno != ENOSYS;
	int said = known >> 7 & 1, works = barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ) == 0;
	printf("rseq: %d %d\n", said == there, works == there);
	return 0;
}
